import { GantryError, type GantryErrorData } from '../../../../shared/model/error.ts';

/** The rights that a console needs for what it reads. */
export const READ_RIGHTS = 'node_prefix "" read, service_prefix "" read and agent_prefix "" read';

type Words = Partial<Pick<GantryErrorData, 'code' | 'advice' | 'detail' | 'retryable'>>;

const DETAIL_LENGTH = 500;
const LEADERLESS = /No cluster leader|Raft leader not found|Not ready to serve consistent reads/i;

/**
 * Consul's failures are plain text, often behind "rpc error making call: " and in other words in every version, so
 * texts are looked for, never compared. The status alone misleads: 401 does not mean "log in", and 500 is a catch-all.
 */
export function explain(status: number, body: string): Words {
  const detail = body.replace(/\s+/g, ' ').trim().slice(0, DETAIL_LENGTH).toWellFormed();
  const words = (code: GantryErrorData['code'], advice: string, retryable = false): Words => ({
    code,
    advice,
    detail,
    retryable,
  });
  const says = (text: string) => body.includes(text);
  if (status === 401 && says('ACL support disabled')) {
    return words(
      'unsupported',
      'Access control is switched off on this Consul agent: no token is needed, and none is checked.',
    );
  }
  if (status === 403) return words(...denied(body));
  if (status === 429) {
    return words(
      'rate-limited',
      'Consul limits requests or connections per client (http_max_conns_per_client, rate limits). Other clients on this machine count too.',
      true,
    );
  }
  if (status < 500) return {};
  if (LEADERLESS.test(body)) {
    return words(
      'server-error',
      'The Consul cluster has no leader: less than half of its servers can reach each other, or an election is running. Look at the servers and the network between them.',
      true,
    );
  }
  if (/No path to datacenter|Remote DC has no server/i.test(body)) {
    return words(
      'server-error',
      'The other datacenter cannot be reached over the WAN; only that datacenter is affected.',
      true,
    );
  }
  if (says('No known Consul servers')) {
    return words(
      'server-error',
      'This Consul agent knows no server. Check that it has joined the cluster, or connect to another agent.',
      true,
    );
  }
  if (says('rate limit exceeded')) {
    return words('rate-limited', 'The Consul servers are limiting requests; they ask to try later.', true);
  }
  return {};
}

function denied(body: string): [GantryErrorData['code'], string] {
  if (body.includes('ACL not found')) {
    return [
      'unauthorized',
      'Consul does not know this token: it was deleted, has expired, or belongs to another cluster. Put a valid token into the connection.',
    ];
  }
  if (body.includes('blocked by agent configuration')) {
    return [
      'forbidden',
      'The agent itself blocks this endpoint (http_config.block_endpoints). Connect to another agent, or lift the block.',
    ];
  }
  const missing = /lacks permission '([^']{1,80})'(?: on "([^"]{1,200})")?/.exec(body);
  if (missing) {
    const on = missing[2] === undefined ? '' : ` on "${missing[2]}"`;
    const anonymous = body.includes('anonymous token')
      ? 'No token was sent. Use a token with'
      : 'Give the token';
    return ['forbidden', `${anonymous} the right ${missing[1]}${on}.`];
  }
  return ['forbidden', `The token may not do this. To show everything, Gantry needs ${READ_RIGHTS}.`];
}

/** Whether a request failed only because the cluster has no leader: `stale` reads still work then. */
export function isLeaderless(thrown: unknown): boolean {
  return (
    thrown instanceof GantryError && thrown.data.status === 500 && LEADERLESS.test(thrown.data.detail ?? '')
  );
}
