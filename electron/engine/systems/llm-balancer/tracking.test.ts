import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bringForward } from './fallback.ts';
import { addSamples, rateOf, RATE_WINDOW_MS, type Counters, type RateHistory } from './rates.ts';
import { looksStuck, trackStill } from './stuck.ts';
import { endpointOf, stateOf } from './testing/samples.ts';

describe('rates', () => {
  const turn = (history: RateHistory, at: number, requests: number, tokens = requests * 10) =>
    addSamples(history, new Map<string, Counters>([['1', { requests, tokens }]]), at);

  it('are differences over the window, and unknown before the second sample', () => {
    let history = turn(new Map(), 0, 100);
    expect(rateOf(history, '1')).toBeUndefined();
    history = turn(history, 2_500, 105);
    expect(rateOf(history, '1')).toEqual({ requestsPerSecond: 2, tokensPerSecond: 20 });
    expect(rateOf(history, 'other')).toBeUndefined();
  });

  it('start anew after a reset by anyone, and are never negative', () => {
    const steps = fc.array(
      fc.record({ waitMs: fc.integer({ min: 500, max: 40_000 }), requests: fc.nat(1_000) }),
      {
        minLength: 1,
      },
    );
    fc.assert(
      fc.property(steps, (samples) => {
        let history: RateHistory = new Map();
        let at = 0;
        let before: number | undefined;
        for (const { waitMs, requests } of samples) {
          at += waitMs;
          history = turn(history, at, requests);
          const rate = rateOf(history, '1');
          if (before !== undefined && requests < before) expect(rate).toBeUndefined();
          if (rate) expect(rate.requestsPerSecond).toBeGreaterThanOrEqual(0);
          before = requests;
        }
        expect(history.get('1')?.every((sample) => sample.at > at - RATE_WINDOW_MS)).toBe(true);
      }),
    );
  });

  it('forget what is gone', () => {
    expect(addSamples(turn(new Map(), 0, 1), new Map(), 1_000).size).toBe(0);
  });
});

describe('stuck in-flight counts', () => {
  const leaked = endpointOf({ inFlight: 2, timeoutSeconds: 30 });

  it('are those that stand still longer than any honest call may last', () => {
    let still = trackStill(new Map(), [leaked], 0);
    still = trackStill(still, [leaked], 90_000);
    expect(looksStuck(still, leaked, 90_000)).toBe(false);
    expect(looksStuck(still, leaked, 90_001)).toBe(true);
  });

  it('are not stuck with traffic, with a change, or at zero', () => {
    const start = trackStill(new Map(), [leaked], 0);
    const busy = { ...leaked, requestsTotal: leaked.requestsTotal + 1 };
    expect(looksStuck(trackStill(start, [busy], 200_000), busy, 200_000)).toBe(false);
    const moved = { ...leaked, inFlight: 1 };
    expect(looksStuck(trackStill(start, [moved], 200_000), moved, 200_000)).toBe(false);
    const none = { ...leaked, inFlight: 0 };
    const zero = trackStill(trackStill(new Map(), [none], 0), [none], 200_000);
    expect(looksStuck(zero, none, 200_000)).toBe(false);
  });
});

describe('bringing a state forward', () => {
  const health = {
    version: '3.0.0',
    routingMode: 'priority',
    endpoints: 1,
    connected: 1,
    stats: { ...stateOf().stats, requestsTotal: 1_600 },
  };
  const forward = (before: ReturnType<typeof endpointOf>, series: object, elapsedMs = 5_000) =>
    bringForward(stateOf({ endpoints: [before] }), elapsedMs, health, {
      balancer: {},
      endpoints: new Map([['llm-a', series]]),
    });

  it('takes counters from the metrics and the rest from the last full state', () => {
    const state = forward(endpointOf(), {
      requestsTotal: 14,
      failuresTotal: 0,
      latencyMs: 180,
      inFlight: 3,
      tokensTotal: 990,
    });
    expect(state).toMatchObject({
      routingMode: 'priority',
      stats: { requestsTotal: 1_600 },
      clients: stateOf().clients,
    });
    expect(state.endpoints[0]).toEqual(
      endpointOf({ requestsTotal: 14, successTotal: 14, latencyMs: 180, inFlight: 3, tokensTotal: 990 }),
    );
  });

  it('lets a cooldown run off, and a success end it', () => {
    const cooling = endpointOf({
      cooldownRemainingSeconds: 12,
      consecutiveFailures: 3,
      requestsTotal: 13,
      failuresTotal: 3,
    });
    expect(forward(cooling, { requestsTotal: 13, failuresTotal: 3 }).endpoints[0]).toMatchObject({
      cooldownRemainingSeconds: 7,
      consecutiveFailures: 3,
    });
    expect(forward(cooling, { requestsTotal: 14, failuresTotal: 3 }).endpoints[0]).toMatchObject({
      cooldownRemainingSeconds: 0,
      consecutiveFailures: 0,
    });
    expect(forward(endpointOf(), { requestsTotal: 12, failuresTotal: 2 }).endpoints[0]).toMatchObject({
      consecutiveFailures: 2,
      successTotal: 10,
    });
  });

  it('keeps an endpoint that the metrics do not name', () => {
    expect(bringForward(stateOf(), 1_000, health, { balancer: {}, endpoints: new Map() }).endpoints).toEqual([
      endpointOf(),
    ]);
  });
});
