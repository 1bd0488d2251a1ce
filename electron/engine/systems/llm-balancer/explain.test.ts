import { describe, expect, it } from 'vitest';
import { readErrorBody } from './error-body.ts';
import { explain } from './explain.ts';

const own = (status: number, detail: string) =>
  JSON.stringify({ type: 'about:blank', status, detail, request_id: 'r-1' });

describe('error bodies', () => {
  it('come in four shapes', () => {
    expect(readErrorBody(own(404, 'token not found'))).toEqual({
      shape: 'balancer',
      detail: 'token not found',
      requestId: 'r-1',
    });
    expect(
      readErrorBody('{"type":"request_too_large","status":413,"detail":"Request body too large"}'),
    ).toEqual({
      shape: 'balancer',
      detail: 'Request body too large',
      requestId: undefined,
    });
    expect(
      readErrorBody(
        '{"detail":[{"loc":["body","token_quota_percent"],"msg":"too much"},{"loc":["body"]},7]}',
      ),
    ).toMatchObject({ shape: 'validation', detail: 'token_quota_percent: too much; not valid; not valid' });
    expect(readErrorBody('{"detail":"Not Found"}')).toMatchObject({
      shape: 'framework',
      detail: 'Not Found',
    });
    for (const other of ['', '<html>', '[]', 'null', '{"error":{"message":"x"}}', '{"detail":{}}']) {
      expect(readErrorBody(other)).toMatchObject({ shape: 'other', detail: undefined });
    }
  });
});

describe('explain', () => {
  it('says what a refused admin token means', () => {
    expect(explain(401, own(401, 'admin authorization failed'))).toMatchObject({
      code: 'unauthorized',
      retryable: false,
      detail: 'admin authorization failed',
      advice: expect.stringContaining('LB_ADMIN_TOKEN') as string,
    });
  });

  it('says who used up the budget', () => {
    expect(explain(429, own(429, 'admin API rate limit exceeded'))).toMatchObject({
      code: 'rate-limited',
      retryable: true,
      advice: expect.stringContaining('all callers together') as string,
    });
  });

  it('tells a wrong URL from a missing object', () => {
    expect(explain(404, '{"detail":"Not Found"}').advice).toContain('Check that it is the balancer itself');
    expect(explain(404, own(404, 'token not found'))).toEqual({ detail: 'token not found' });
  });

  it('translates the database’s words for a name that is taken', () => {
    expect(explain(409, own(409, 'UNIQUE constraint failed: endpoints.name')).advice).toContain(
      'another name',
    );
    expect(explain(409, own(409, 'token already exists'))).toEqual({ detail: 'token already exists' });
  });

  it('leaves an upstream’s own body to the general words', () => {
    expect(explain(502, '<html>')).toEqual({});
  });
});
