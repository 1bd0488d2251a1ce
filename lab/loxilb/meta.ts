import type { Fields } from './body.ts';
import { userFields } from './auth-routes.ts';
import { firewallFields } from './firewall.ts';
import { endpointFields, hostStateFields } from './probes.ts';
import { ruleFields } from './rule-body.ts';
import { addressFields } from './table-routes.ts';

/** Fields of the bodies that can be posted, by path. */
export function meta(): Record<string, unknown> {
  const describe = (fields: Fields): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(fields).map(([name, { type, required, fields: inner, items }]) => [
        name,
        {
          type,
          required: required ?? false,
          ...(inner ? { fields: describe(inner) } : {}),
          ...(items?.fields ? { fields: describe(items.fields) } : {}),
        },
      ]),
    );
  const posts: readonly (readonly [string, Fields])[] = [
    ['/config/loadbalancer', ruleFields],
    ['/config/endpoint', endpointFields],
    ['/config/endpointhoststate', hostStateFields],
    ['/config/firewall', firewallFields],
    ['/config/ipv4address', addressFields],
    ['/auth/login', userFields],
  ];
  return Object.fromEntries(
    posts.map(([path, fields]) => [path, { method: 'POST', fields: describe(fields) }]),
  );
}
