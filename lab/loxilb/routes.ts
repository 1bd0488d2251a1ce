import { bgpRoutes, unregistered } from './absent-routes.ts';
import type { Authenticator } from './auth.ts';
import { authRoutes } from './auth-routes.ts';
import type { LoxilbNode } from './node.ts';
import { isAtLeast } from './profile.ts';
import type { Route } from './route.ts';
import { probeRoutes, ruleRoutes } from './rule-routes.ts';
import { settingRoutes } from './setting-routes.ts';
import { metricsRoutes, statusRoutes } from './status-routes.ts';
import { tableRoutes } from './table-routes.ts';

/** Everything that a node of this version answers to. */
export function makeRoutes(node: LoxilbNode, authenticator: Authenticator): Route[] {
  return [
    ...ruleRoutes(node),
    ...probeRoutes(node),
    ...tableRoutes(node),
    ...statusRoutes(node),
    ...metricsRoutes(node),
    ...authRoutes(node, authenticator),
    ...settingRoutes(node),
    ...bgpRoutes(),
    ...unregistered(),
  ].filter(({ since }) => since === undefined || isAtLeast(node.profile, since));
}
