import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float, isoTime, stringify } from './python-json.ts';
import { ResponseCache } from './response-cache.ts';
import { preview } from './rows.ts';
import { usageOfBody, usageOfLastChunk } from './usage.ts';
import { perSecond, SlidingWindow } from './windows.ts';

describe('python-json', () => {
  it('keeps the point of a whole float and otherwise reads back as JSON does', () => {
    expect(stringify({ a: float(120), b: 120, c: [float(0.5), null], d: undefined })).toBe(
      '{"a":120.0,"b":120,"c":[0.5,null]}',
    );
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('writes times with microseconds and an offset', () => {
    expect(isoTime(Date.UTC(2026, 2, 1, 9, 15, 0, 120))).toBe('2026-03-01T09:15:00.120000+00:00');
  });
});

describe('windows', () => {
  it('counts and sums what is younger than 60 s, like a list would', () => {
    const steps = fc.array(fc.record({ waitMs: fc.integer({ min: 0, max: 30_000 }), value: fc.nat(50) }));
    fc.assert(
      fc.property(steps, (entries) => {
        const window = new SlidingWindow(1_000);
        let now = 0;
        const all: { at: number; value: number }[] = [];
        for (const { waitMs, value } of entries) {
          now += waitMs;
          window.add(now, value);
          all.push({ at: now, value });
          const young = all.filter((entry) => entry.at > now - 60_000);
          expect(window.count(now)).toBe(young.length);
          expect(window.sum(now)).toBe(young.reduce((sum, entry) => sum + entry.value, 0));
        }
      }),
    );
  });

  it('drops the oldest beyond its size', () => {
    const window = new SlidingWindow(3);
    for (const value of [1, 2, 3, 4, 5]) window.add(0, value);
    expect([window.count(0), window.sum(0)]).toEqual([3, 12]);
  });

  it('fewer than three events a minute are a rate of nothing', () => {
    expect([perSecond(2), perSecond(3), perSecond(72)]).toEqual([0, 0.1, 1.2]);
  });
});

describe('response cache', () => {
  const answer = { status: 200, headers: {}, body: Buffer.from('x'), promptTokens: 1, completionTokens: 1 };

  it('forgets after its time, and the least recently used first', () => {
    const cache = new ResponseCache(2, 1_000);
    cache.set('a', answer, 0);
    cache.set('b', answer, 0);
    expect(cache.get('a', 1)).toBe(answer);
    cache.set('c', answer, 2);
    expect(cache.get('b', 3)).toBeUndefined();
    expect(cache.get('a', 999)).toBe(answer);
    expect(cache.get('a', 1_000)).toBeUndefined();
    expect(cache.size).toBe(1);
  });
});

describe('usage', () => {
  const event = 'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5}}\n\n';

  it('reads a whole answer, and nothing from what is none', () => {
    const body = Buffer.from('{"usage":{"prompt_tokens":3,"completion_tokens":2}}');
    expect(usageOfBody(body)).toEqual({ promptTokens: 3, completionTokens: 2 });
    expect(usageOfBody(Buffer.from('<html>'))).toEqual({ promptTokens: 0, completionTokens: 0 });
    expect(usageOfBody(Buffer.from('{"usage":{"prompt_tokens":"3"}}'))).toEqual({
      promptTokens: 0,
      completionTokens: 0,
    });
  });

  it('knows of a stream only what its last chunk holds', () => {
    expect(usageOfLastChunk(Buffer.from(`${event}data: [DONE]\n\n`))).toEqual({
      promptTokens: 7,
      completionTokens: 5,
    });
    expect(usageOfLastChunk(Buffer.from('data: [DONE]\n\n'))).toEqual({
      promptTokens: 0,
      completionTokens: 0,
    });
  });
});

describe('preview', () => {
  it('shows the first and last four, of short secrets the first two, of none nothing', () => {
    expect(preview('sk-demo-7788990011')).toBe('sk-d...0011');
    expect(preview('12345678')).toBe('12***');
    expect(preview('')).toBe('');
  });
});
