import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { abortScope, orAborted } from './abort.ts';
import { isSafePath, parseBase, publicUrl, queryText } from './address.ts';
import { BACKOFF_CAP_MS, backoffMs } from './backoff.ts';
import { BUDGET_WINDOW_MS, createRequestBudget } from './budget.ts';
import { retryAfterMs } from './exchange.ts';
import { createMeter } from './meter.ts';
import { pathText } from './parse.ts';
import { redactor } from './secrets.ts';

describe('backoffMs', () => {
  it('doubles from 1 s to 30 s', () => {
    expect([1, 2, 3, 4, 5, 6, 100].map((failures) => backoffMs(failures, () => 0.5))).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
    ]);
  });

  it('stays within 20 % of that and below the cap, whatever chance says', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, chance) => {
          const wait = backoffMs(failures, () => chance);
          const middle = Math.min(1_000 * 2 ** (failures - 1), BACKOFF_CAP_MS);
          expect(wait).toBeGreaterThanOrEqual(Math.floor(middle * 0.8));
          expect(wait).toBeLessThanOrEqual(Math.min(Math.ceil(middle * 1.2), BACKOFF_CAP_MS));
        },
      ),
    );
  });
});

describe('request budget', () => {
  it('never lets more than the limit start in any 60 s, and keeps the order', () => {
    const step = fc.record({
      gap: fc.integer({ min: 0, max: 20_000 }),
      patience: fc.integer({ min: 0, max: 90_000 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(step, { maxLength: 80 }), (limit, steps) => {
        const budget = createRequestBudget(limit);
        const starts: number[] = [];
        let now = 0;
        for (const { gap, patience } of steps) {
          now += gap;
          const slot = budget.reserve(now, now + patience);
          expect(slot.granted).toBe(slot.at <= now + patience);
          expect(slot.at).toBeGreaterThanOrEqual(now);
          if (slot.granted) starts.push(slot.at);
        }
        expect(starts).toEqual(starts.toSorted((a, b) => a - b));
        for (const [index, start] of starts.entries()) {
          const later = starts[index + limit];
          if (later !== undefined) expect(later - start).toBeGreaterThanOrEqual(BUDGET_WINDOW_MS);
        }
      }),
    );
  });

  it('gives a returned place to the next', () => {
    const budget = createRequestBudget(1);
    const first = budget.reserve(0, 0);
    budget.release(first.at);
    expect(budget.reserve(5, 5)).toEqual({ at: 5, granted: true });
    expect(budget.reserve(6, 10)).toEqual({ at: 60_005, granted: false });
  });

  it('keeps a pause that the system asked for until it is lifted', () => {
    const budget = createRequestBudget(10);
    budget.pauseUntil(3_000);
    expect(budget.reserve(1_000, 2_000)).toEqual({ at: 3_000, granted: false });
    budget.resume();
    expect(budget.reserve(1_000, 2_000)).toEqual({ at: 1_000, granted: true });
  });
});

describe('meter', () => {
  it('counts over 60 s and 10 s, and takes the median of the last 20', () => {
    const meter = createMeter();
    expect(meter.read(0)).toEqual({ requests60s: 0, requests10s: 0, latencyMs: null });
    for (let at = 0; at < 100_000; at += 1_000) meter.started(at);
    for (let i = 0; i < 30; i++) meter.answered(i);
    expect(meter.read(100_000)).toEqual({ requests60s: 59, requests10s: 9, latencyMs: 19.5 });
    expect(meter.read(1_000_000)).toMatchObject({ requests60s: 0, requests10s: 0 });
  });
});

describe('addresses', () => {
  it('takes a URL apart', () => {
    expect(parseBase('https://pve.example/api/')).toMatchObject({
      origin: 'https://pve.example',
      prefix: '/api',
      authority: 'pve.example:443',
      secure: true,
    });
    expect(parseBase('http://[fd00::1]:8500')).toMatchObject({
      authority: '[fd00::1]:8500',
      host: 'fd00::1',
      port: 8500,
    });
  });

  it('shows a URL without what may be secret', () => {
    expect(publicUrl('https://user:pass@host:1/a?token=x#y')).toBe('https://host:1/a');
    expect(publicUrl('user:pass@host')).not.toContain('pass');
    expect(publicUrl('not a url')).toBe('');
  });

  it.each(['/v1/kv/a%2Fb', '/', '/a.b/..c', "/~!$&'()*+,;=:@"])('takes the path %s', (path) => {
    expect(isSafePath(path)).toBe(true);
  });

  it.each([
    '',
    'v1',
    '/a/../b',
    '/a/%2e%2E/b',
    '/..',
    '/./a',
    '/a?b',
    '/a#b',
    '/a b',
    '/a\\b',
    '/a\r\nx: y',
    '/ä',
  ])('refuses the path %j', (path) => {
    expect(isSafePath(path)).toBe(false);
  });

  it('builds queries that read back as they were, whatever the text', () => {
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.boolean());
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1 }), value), (query) => {
        const text = queryText(query);
        expect(text).toMatch(/^(\?[\x21-\x7e]*)?$/);
        const expected = Object.entries(query).map(([name, given]) => [name, String(given).toWellFormed()]);
        expect([...new URLSearchParams(text)]).toEqual(expected);
      }),
    );
    expect(queryText({ a: undefined })).toBe('');
    expect(queryText({ index: 7, stale: true, dc: undefined })).toBe('?index=7&stale=true');
  });
});

describe('small readings', () => {
  it('reads Retry-After as seconds or a date, within bounds', () => {
    const now = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT');
    expect(retryAfterMs('7', now)).toBe(7_000);
    expect(retryAfterMs('Wed, 21 Oct 2026 07:28:05 GMT', now)).toBe(5_000);
    expect(retryAfterMs('Wed, 21 Oct 2026 07:20:00 GMT', now)).toBe(0);
    expect(retryAfterMs('9999999', now)).toBe(300_000);
    expect(retryAfterMs('soon', now)).toBeUndefined();
    expect(retryAfterMs(undefined, now)).toBeUndefined();
  });

  it('writes the path of an issue as one would in code', () => {
    expect(pathText([])).toBe('the top');
    expect(pathText([3, 'Checks', 0, 'Status'])).toBe('[3].Checks[0].Status');
    expect(pathText(['a', 'b c'])).toBe('a["b c"]');
  });

  it('takes secrets out in every form they travel in', () => {
    const token = redactor(
      { type: 'token', token: 'root@pam!gantry=12345678-abcd' },
      { authorization: 'PVEAPIToken=root@pam!gantry=12345678-abcd' },
    );
    expect(token('bad token root@pam!gantry=12345678-abcd here')).toBe('bad token ••• here');
    expect(token('secret 12345678-abcd; see root%40pam!gantry%3D12345678-abcd')).not.toContain('12345678');
    const basic = Buffer.from('admin:hunter22').toString('base64');
    const password = redactor(
      { type: 'password', username: 'admin', password: 'hunter22' },
      { authorization: `Basic ${basic}` },
    );
    expect(password(`got Authorization: Basic ${basic} for admin`)).toBe('got Authorization: ••• for admin');
    expect(password(`only ${basic}`)).toBe('only •••');
    const session = redactor(
      { type: 'password', username: 'admin', password: 'hunter22' },
      { Cookie: 'PVEAuthCookie=ticket-1234', accept: 'application/json' },
    );
    expect(session('application/json, ticket-1234')).toBe('application/json, •••');
    expect(redactor({ type: 'none' }, { accept: 'text/plain' })('text/plain')).toBe('text/plain');
  });
});

describe('abort scopes', () => {
  it('follow their parents until released', () => {
    const parent = new AbortController();
    const held = abortScope(parent.signal, undefined);
    const released = abortScope(parent.signal);
    released.release();
    const reason = new Error('stop');
    parent.abort(reason);
    expect(held.signal.reason).toBe(reason);
    expect(released.signal.aborted).toBe(false);
    expect(abortScope(parent.signal).signal.reason).toBe(reason);
  });

  it('end a wait for work that does not listen', async () => {
    const scope = abortScope();
    const never = orAborted(new Promise(() => {}), scope.signal);
    scope.abort(new Error('stop'));
    await expect(never).rejects.toThrow('stop');
    await expect(orAborted(Promise.resolve(1), abortScope().signal)).resolves.toBe(1);
  });
});
