import type { Auth } from '../../../../shared/model/environment.ts';
import { GantryError } from '../../../../shared/model/error.ts';
import type { CheckContext, System, SystemFacts } from '../system.ts';
import { isOpenToAnyToken, readHealth, readState } from './client.ts';
import { explain } from './explain.ts';
import { stateSource } from './state-source.ts';
import { isKnownVersion } from './wire.ts';

/** The LLM balancer, versions 3 and 4. */
export const llmBalancerSystem: System = {
  kind: 'llm-balancer',
  title: 'LLM balancer',
  // The balancer allows 300 admin calls a minute to all its callers together, failed logins included.
  budget: { requestsPerMinute: 120, concurrency: 2 },
  authTypes: ['token', 'none'],
  authHeaders,
  explain,
  sources: (context) => [stateSource(context)],
  check,
};

/**
 * As a bearer token, which the admin API takes as well as `X-Admin-Token`. The latter overrules it, and so stays free
 * for the one call that must not log in: the check for an open admin API.
 */
function authHeaders(auth: Auth): Readonly<Record<string, string>> {
  return auth.type === 'token' ? { authorization: `Bearer ${auth.token}` } : {};
}

async function check(context: CheckContext): Promise<SystemFacts> {
  const { http, signal } = context;
  const { health } = await readHealth(http, { signal });
  const { state } = await readState(http, { signal });
  const sees = `sees ${state.endpoints.length} endpoints and ${state.clients.length} client tokens; one admin token, no roles: may change everything`;
  const notes = [await openNote(context), versionNote(health.version), sees];
  return {
    version: health.version.slice(0, 100),
    permissions: notes
      .filter((note) => note !== undefined)
      .join('. ')
      .slice(0, 500),
  };
}

async function openNote({ http, signal }: CheckContext): Promise<string | undefined> {
  try {
    if (!(await isOpenToAnyToken(http, { signal }))) return undefined;
    return 'WARNING: the admin API lets anyone in, with any token: set LB_ADMIN_TOKEN to 16 or more characters of its own and restart the balancer';
  } catch (thrown) {
    if (!(thrown instanceof GantryError) || thrown.code === 'aborted') throw thrown;
    return 'Whether the admin API is open to anyone could not be seen';
  }
}

function versionNote(version: string): string | undefined {
  if (isKnownVersion(version)) return undefined;
  return 'This version is not known to Gantry (3 and 4 are): what it added is not shown';
}
