import { describe, expect, it } from 'vitest';
import { GantryError } from '../../../../shared/model/error.ts';
import { explain, isLeaderless } from './explain.ts';

describe('the words for a failure', () => {
  it.each([
    [401, 'ACL support disabled', 'unsupported', 'switched off'],
    [403, 'rpc error making call: ACL not found', 'unauthorized', 'expired'],
    [403, 'Permission denied', 'forbidden', 'node_prefix'],
    [403, 'Endpoint is blocked by agent configuration', 'forbidden', 'blocks this endpoint'],
    [429, 'RPC rate limit exceeded', 'rate-limited', 'limits'],
    [500, 'rpc error making call: rpc error making call: No cluster leader', 'server-error', 'no leader'],
    [500, 'No path to datacenter', 'server-error', 'WAN'],
    [500, 'No known Consul servers', 'server-error', 'joined'],
    [
      503,
      'rate limit exceeded for operation that can only be performed by the leader, try again later',
      'rate-limited',
      'later',
    ],
  ])('%i "%s" is %s', (status, body, code, advice) => {
    const words = explain(status, body);
    expect(words.code).toBe(code);
    expect(words.advice).toContain(advice);
    expect(words.detail).toBe(body);
  });

  it('names the right that is missing, and on what', () => {
    const body = "Permission denied: token with AccessorID 'a1b2' lacks permission 'service:read' on \"web\"";
    expect(explain(403, body).advice).toBe('Give the token the right service:read on "web".');
    const anonymous =
      'Permission denied: anonymous token lacks permission \'node:read\' on "n1". The anonymous token is used implicitly when a request does not specify a token.';
    expect(explain(403, anonymous).advice).toBe(
      'No token was sent. Use a token with the right node:read on "n1".',
    );
  });

  it('does not take a missing object for bad credentials', () => {
    expect(explain(404, 'Requested token does not exist: ACL not found')).toEqual({});
  });

  it('leaves what it knows nothing of to the general words', () => {
    expect(explain(500, 'something else')).toEqual({});
    expect(explain(401, 'log in please')).toEqual({});
  });

  it('is bounded and whole for hostile text', () => {
    const words = explain(403, `Permission denied ${'😀'.repeat(2_000)}`);
    expect(words.detail?.length).toBeLessThanOrEqual(500);
    expect(words.detail?.isWellFormed()).toBe(true);
  });

  it('retries what passes, and not what does not', () => {
    expect(explain(500, 'No cluster leader').retryable).toBe(true);
    expect(explain(403, 'ACL not found').retryable).toBe(false);
  });
});

describe('a lost leader', () => {
  const failed = (status: number, detail: string) =>
    new GantryError({
      code: 'server-error',
      attempted: 'read',
      target: 'x',
      knownEffect: 'nothing was changed',
      advice: '',
      retryable: true,
      status,
      detail,
    });

  it('is told from other failures', () => {
    expect(isLeaderless(failed(500, 'rpc error making call: No cluster leader'))).toBe(true);
    expect(isLeaderless(failed(500, 'Raft leader not found in server lookup mapping'))).toBe(true);
    expect(isLeaderless(failed(500, 'No path to datacenter'))).toBe(false);
    expect(isLeaderless(failed(403, 'No cluster leader'))).toBe(false);
    expect(isLeaderless(new Error('No cluster leader'))).toBe(false);
  });
});
