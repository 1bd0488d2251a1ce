import { GantryError } from '../../../../shared/model/error.ts';
import type { Auth } from '../../../../shared/model/environment.ts';
import type { CheckContext, System, SystemFacts } from '../system.ts';
import { CatalogWatch } from './catalog-watch.ts';
import { Catalog } from './catalog.ts';
import { readAgentSelf, readLeader, readNodes, readServices, type Ask } from './client.ts';
import { explain, READ_RIGHTS } from './explain.ts';
import { FROM_START } from './indexes.ts';
import { Memo } from './memo.ts';
import { SCOPE } from './observe.ts';
import { WAIT_MS } from './watch.ts';

/** Consul 1.8 and later: the catalogue and its health, followed by blocking queries. */
export const consulSystem: System = {
  kind: 'consul',
  title: 'Consul',
  // At rest 6 requests a minute. Three paced watches and the fetches they cause stay below this even when hot.
  budget: { requestsPerMinute: 1_200, concurrency: 6 },
  authTypes: ['none', 'token', 'password'],
  authHeaders,
  explain,
  sources: () => {
    const catalog = new Catalog();
    const memo = new Memo();
    return [
      {
        scope: SCOPE,
        mode: 'watch',
        intervalMs: WAIT_MS,
        observe: (context) => new CatalogWatch(context, catalog, memo).run(),
      },
    ];
  },
  check,
};

/** An ACL token, or a user and password for a proxy in front of Consul, which itself knows none. */
function authHeaders(auth: Auth): Readonly<Record<string, string>> {
  switch (auth.type) {
    case 'none':
      return {};
    case 'token':
      return { 'x-consul-token': auth.token };
    case 'password': {
      const pair = Buffer.from(`${auth.username}:${auth.password}`, 'utf8').toString('base64');
      return { authorization: `Basic ${pair}` };
    }
  }
}

async function check({ http, signal }: CheckContext): Promise<SystemFacts> {
  // Needs no right, so a failure here is not about the token; and only Consul answers it with a JSON text.
  const leader = await readLeader(http, signal);
  const ask: Ask = { index: FROM_START, waitMs: WAIT_MS, stale: leader === '', signal };
  // The catalogue before the agent: an unknown token is refused by both, one without agent:read by the agent only.
  const nodes = await readNodes(http, ask);
  const services = await readServices(http, ask);
  const missing: string[] = [];
  const version = await readAgentSelf(http, signal).then(
    (self) => self.Config.Version,
    (thrown: unknown) => {
      if (!(thrown instanceof GantryError) || thrown.code !== 'forbidden') throw thrown;
      missing.push('agent:read');
      return '';
    },
  );
  const names = Object.keys(services.body);
  if (nodes.body.length === 0) missing.push('node:read');
  if (names.length === 0) missing.push('service:read');
  if (nodes.body.length === 0 && names.length === 0) throw seesNothing();
  const sees = `sees ${nodes.body.length} nodes and ${names.length} services`;
  const hides = nodes.filtered || services.filtered ? '; Consul hides some rows from this token' : '';
  const lacks = missing.length === 0 ? hides : `; lacks ${missing.join(', ')}`;
  const leaderless = leader === '' ? '; the cluster has no leader' : '';
  return {
    version: version === '' ? 'unknown' : version,
    permissions: `${sees}${lacks}${leaderless}`,
  };
}

/** Lists are filtered in silence: a token without rights gets empty ones, and Consul is never empty. */
function seesNothing(): GantryError {
  return new GantryError({
    code: 'forbidden',
    attempted: 'read the catalogue',
    target: 'Consul',
    knownEffect: 'nothing was changed',
    advice: `Consul accepts the credentials but shows nothing to them. Use a token with ${READ_RIGHTS}.`,
    retryable: false,
  });
}
