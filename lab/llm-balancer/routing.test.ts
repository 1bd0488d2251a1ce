import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseEndpoint, type RoutingEndpoint, type RoutingRequest } from './routing.ts';

const NOW = 1_000;

/** Small ranges, so that ties are common. */
const endpointArbitrary = fc.record({
  connected: fc.boolean(),
  enabled: fc.boolean(),
  cooldown_until: fc.constantFrom(0, NOW - 1, NOW, NOW + 5),
  token_quota_percent: fc.constantFrom(0, 10, 40, 60),
  completion_tokens_total: fc.constantFrom(0, 0, 5, 100, 300),
  priority_order: fc.integer({ min: 1, max: 3 }),
  consecutive_failures: fc.integer({ min: 0, max: 2 }),
  total_failures: fc.integer({ min: 0, max: 2 }),
  avg_latency_ms: fc.constantFrom(0, 20, 40),
  max_concurrent: fc.integer({ min: 0, max: 2 }),
  inflight: fc.integer({ min: 0, max: 3 }),
});

const endpointsArbitrary = fc
  .uniqueArray(fc.integer({ min: 1, max: 20 }), { maxLength: 6 })
  .chain((ids) =>
    fc.tuple(...ids.map((id) => endpointArbitrary.map((rest): RoutingEndpoint => ({ id, ...rest })))),
  );

const request = (extra: Partial<RoutingRequest> = {}): RoutingRequest => ({
  mode: 'percentage',
  now: NOW,
  tokenId: null,
  preferredEndpointId: null,
  priorityInputTokenId: null,
  ...extra,
});

const isCandidate = (e: RoutingEndpoint) => e.connected && e.enabled && e.cooldown_until <= NOW;

function chosen(endpoints: readonly RoutingEndpoint[], extra: Partial<RoutingRequest> = {}): number | string {
  const choice = chooseEndpoint(endpoints, request(extra));
  return 'refusal' in choice ? choice.refusal : choice.endpoint.id;
}

const base: RoutingEndpoint = {
  id: 1,
  connected: true,
  enabled: true,
  cooldown_until: 0,
  token_quota_percent: 0,
  completion_tokens_total: 0,
  priority_order: 10,
  consecutive_failures: 0,
  total_failures: 0,
  avg_latency_ms: 0,
  max_concurrent: 0,
  inflight: 0,
};

describe('refusals', () => {
  it('happen exactly without a candidate, and say whether any endpoint is wired', () => {
    fc.assert(
      fc.property(endpointsArbitrary, fc.constantFrom('percentage', 'priority'), (endpoints, mode) => {
        const result = chosen(endpoints, { mode });
        if (endpoints.some(isCandidate))
          expect(endpoints.filter(isCandidate).map((e) => e.id)).toContain(result);
        else if (endpoints.some((e) => e.connected && e.enabled)) {
          expect(result).toBe('all connected endpoints in cooldown');
        } else expect(result).toBe('no connected endpoints available');
      }),
    );
  });

  it('a mapped token gets its endpoint or nothing, whatever mode, quota and limits say', () => {
    fc.assert(
      fc.property(endpointsArbitrary, fc.integer({ min: 1, max: 20 }), (endpoints, id) => {
        const own = endpoints.find((e) => e.id === id);
        const result = chosen(endpoints, {
          preferredEndpointId: id,
          mode: 'priority',
          priorityInputTokenId: 9,
        });
        if (own && isCandidate(own)) expect(result).toBe(id);
        else if (own?.connected && own.enabled) expect(result).toBe('mapped endpoint currently in cooldown');
        else expect(result).toBe('mapped endpoint not connected');
      }),
    );
  });
});

describe('percentage', () => {
  it('takes the largest deficit less a hundredth of the in-flight count; ties go to the lowest id', () => {
    fc.assert(
      fc.property(endpointsArbitrary, (endpoints) => {
        const candidates = endpoints.filter(isCandidate);
        fc.pre(candidates.length > 0);
        const total = candidates.reduce((sum, e) => sum + e.completion_tokens_total, 0);
        const noQuota = candidates.every((e) => e.token_quota_percent === 0);
        const score = (e: RoutingEndpoint) =>
          total === 0
            ? -e.inflight
            : (noQuota ? 100 / candidates.length : e.token_quota_percent) -
              (e.completion_tokens_total / total) * 100 -
              0.01 * e.inflight;
        const highest = Math.max(...candidates.map(score));
        const expected = Math.min(...candidates.filter((e) => score(e) === highest).map((e) => e.id));
        expect(chosen(endpoints)).toBe(expected);
      }),
    );
  });

  it('does not look at max_concurrent', () => {
    expect(chosen([{ ...base, max_concurrent: 1, inflight: 5 }])).toBe(1);
  });

  it('gives a newcomer nearly everything until it has caught up', () => {
    const old = { ...base, token_quota_percent: 50, completion_tokens_total: 10_000 };
    const fresh = { ...base, id: 2, token_quota_percent: 50 };
    expect(chosen([old, fresh])).toBe(2);
    expect(chosen([old, { ...fresh, completion_tokens_total: 9_999 }])).toBe(2);
    expect(chosen([old, { ...fresh, completion_tokens_total: 10_001 }])).toBe(1);
  });
});

describe('priority', () => {
  it('takes the best that has room: no other with room comes before it', () => {
    const before = (a: RoutingEndpoint, b: RoutingEndpoint): boolean => {
      const key = (e: RoutingEndpoint) => [
        e.priority_order,
        e.consecutive_failures,
        e.total_failures,
        e.avg_latency_ms,
        e.id,
      ];
      const [left, right] = [key(a), key(b)];
      const at = left.findIndex((value, n) => value !== right[n]);
      return at >= 0 && (left[at] ?? 0) < (right[at] ?? 0);
    };
    fc.assert(
      fc.property(
        endpointsArbitrary,
        fc.constantFrom(null, 7),
        fc.constantFrom(null, 7, 8),
        (endpoints, priorityInputTokenId, tokenId) => {
          const candidates = endpoints.filter(isCandidate);
          fc.pre(candidates.length > 0);
          const favourite = candidates.find((e) => candidates.every((o) => o === e || before(e, o)));
          const keepsOut =
            priorityInputTokenId !== null && tokenId !== priorityInputTokenId && candidates.length > 1;
          const earlier = (a: RoutingEndpoint, b: RoutingEndpoint) =>
            keepsOut && (a === favourite || b === favourite) ? b === favourite : before(a, b);
          const hasRoom = (e: RoutingEndpoint) => e.max_concurrent === 0 || e.inflight < e.max_concurrent;
          const result = chosen(endpoints, { mode: 'priority', priorityInputTokenId, tokenId });
          const winner = candidates.find((e) => e.id === result);
          expect(winner).toBeDefined();
          if (!winner) return;
          const rivals = candidates.filter((e) => e !== winner);
          if (candidates.some(hasRoom)) {
            expect(hasRoom(winner)).toBe(true);
            expect(rivals.filter(hasRoom).some((e) => earlier(e, winner))).toBe(false);
          } else {
            expect(rivals.some((e) => e.inflight < winner.inflight)).toBe(false);
            expect(rivals.some((e) => e.inflight === winner.inflight && earlier(e, winner))).toBe(false);
          }
        },
      ),
    );
  });

  it('six calls at once on limits 1 and 2 end three and three', () => {
    const inflight = [0, 0];
    for (let call = 0; call < 6; call++) {
      const endpoints = [1, 2].map((limit, n) => ({
        ...base,
        id: n + 1,
        priority_order: n + 1,
        max_concurrent: limit,
        inflight: inflight[n] ?? 0,
      }));
      const id = chosen(endpoints, { mode: 'priority' });
      inflight[Number(id) - 1] = (inflight[Number(id) - 1] ?? 0) + 1;
    }
    expect(inflight).toEqual([3, 3]);
  });
});
