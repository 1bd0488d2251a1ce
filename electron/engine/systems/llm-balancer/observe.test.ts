import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ObservedEntitySchema } from '../../../../shared/model/entity.ts';
import { LinkSchema } from '../../../../shared/model/link.ts';
import { balancerHealth, endpointHealth, isUsable } from './endpoint-health.ts';
import { MAX_ENDPOINTS, observeState } from './observe.ts';
import { clientOf, endpointOf, stateOf } from './testing/samples.ts';
import type { BalancerState } from './wire.ts';

function observe(state: BalancerState, extra: Partial<Parameters<typeof observeState>[0]> = {}) {
  return observeState({
    connectionId: 'llm',
    url: 'http://10.1.0.51:8090',
    state,
    asOf: 1_000,
    rateOf: () => undefined,
    isStuck: () => false,
    ...extra,
  });
}

const health = (state: BalancerState) =>
  Object.fromEntries(observe(state).entities.map((entity) => [entity.id, entity.ownHealth]));

describe('entities', () => {
  it('are the balancer, its endpoints and its clients, with sockets to join by', () => {
    const state = stateOf({
      endpoints: [
        endpointOf({ id: 2, baseUrl: 'https://llm.example/v1' }),
        endpointOf({ baseUrl: 'http://[FD00::5]:8000/v1' }),
      ],
    });
    const { entities } = observe(state, { rateOf: () => ({ requestsPerSecond: 1.5, tokensPerSecond: 60 }) });
    expect(entities.map(({ id, kind, sockets }) => [id, kind, sockets])).toEqual([
      ['llm-balancer/llm/balancer/llm', 'llm-balancer', ['10.1.0.51:8090']],
      ['llm-balancer/llm/endpoint/1', 'llm-endpoint', ['[fd00::5]:8000']],
      ['llm-balancer/llm/endpoint/2', 'llm-endpoint', ['llm.example:443']],
      ['llm-balancer/llm/client/1', 'llm-client', []],
    ]);
    expect(entities[0]).toMatchObject({
      declaredConnection: 'llm',
      attrs: { version: '3.0.0', routingMode: 'percentage', usableEndpoints: 2, totalEndpoints: 2 },
      metrics: {
        requestsPerSecond: 1.2,
        tokensPerSecond: 41.5,
        inFlight: 2,
        requestsTotal: 1_520,
        failuresTotal: 9,
      },
    });
    expect(entities[1]?.metrics).toMatchObject({
      requestsPerSecond: 1.5,
      tokensPerSecond: 60,
      latencyMs: 220,
    });
  });

  it('are linked client → balancer → connected endpoint', () => {
    const { links } = observe(
      stateOf({ endpoints: [endpointOf(), endpointOf({ id: 2, connected: false })] }),
    );
    expect(links.map(({ from, to, kind, rule, confidence }) => [from, to, kind, rule, confidence])).toEqual([
      ['llm-balancer/llm/balancer/llm', 'llm-balancer/llm/endpoint/1', 'routes-to', 'reported', 'certain'],
      ['llm-balancer/llm/client/1', 'llm-balancer/llm/balancer/llm', 'routes-to', 'reported', 'certain'],
    ]);
  });

  it('fit the model and come in one order, whatever the texts and the order of the lists', () => {
    const endpoint = fc.record({
      id: fc.nat(50),
      name: fc.string({ unit: 'binary', maxLength: 5_000 }),
      baseUrl: fc.oneof(fc.webUrl(), fc.string({ maxLength: 5_000 }), fc.constant('javascript:alert(1)')),
      connected: fc.boolean(),
      enabled: fc.boolean(),
      consecutiveFailures: fc.nat(5),
      cooldownRemainingSeconds: fc.constantFrom(0, 4.2),
    });
    const unique = fc.uniqueArray(endpoint, { selector: ({ id }) => id, maxLength: 8 });
    fc.assert(
      fc.property(unique, fc.string({ unit: 'binary', maxLength: 3_000 }), (rows, text) => {
        const endpoints = rows.map((row) => endpointOf(row));
        const clients = [clientOf({ name: text, preferredEndpointName: text, preferredEndpointId: 3 })];
        const state = stateOf({ endpoints, clients, version: text, routingMode: text });
        const { entities, links, partial = '' } = observe(state, { isStuck: () => true });
        for (const entity of entities) {
          ObservedEntitySchema.parse(entity);
          if (entity.ownHealth.state !== 'healthy') expect(entity.ownHealth.reason).toBeTruthy();
        }
        for (const link of links) LinkSchema.parse(link);
        expect(partial.length).toBeLessThanOrEqual(500);
        expect(
          observe({ ...state, endpoints: endpoints.toReversed() }, { isStuck: () => true }).entities,
        ).toEqual(entities);
      }),
    );
  });

  it('beyond the cap are left out, and the observation says how many', () => {
    const endpoints = Array.from({ length: MAX_ENDPOINTS + 3 }, (_, n) => endpointOf({ id: n + 1 }));
    const { entities, partial } = observe(stateOf({ endpoints }));
    expect(entities.filter(({ kind }) => kind === 'llm-endpoint')).toHaveLength(MAX_ENDPOINTS);
    expect(partial).toBe('3 endpoints are not shown');
  });

  it('of an unknown version are partial', () => {
    expect(observe(stateOf()).partial).toBeUndefined();
    expect(observe(stateOf({ version: '5.1.0' })).partial).toContain('5.1.0 is not known');
  });
});

describe('health of an endpoint', () => {
  it.each([
    [
      { enabled: false, connected: false, cooldownRemainingSeconds: 9 },
      'maintenance',
      'disabled',
      'disabled',
    ],
    [{ connected: false, cooldownRemainingSeconds: 9 }, 'maintenance', 'not connected', 'idle'],
    [
      { cooldownRemainingSeconds: 13.2, consecutiveFailures: 3 },
      'down',
      'in cooldown for 14 s more after 3 failures in a row',
      'cooldown',
    ],
    [{ consecutiveFailures: 1 }, 'degraded', '1 failure, no success since', 'probation'],
    [{}, 'healthy', undefined, 'ok'],
    [{ successTotal: 0, requestsTotal: 0, completionTokensTotal: 0 }, 'unknown', 'not used', 'ok'],
  ] as const)('%o is %s: %s', (changes, state, reason, derived) => {
    const observed = observe(stateOf({ endpoints: [endpointOf(changes)] })).entities[1];
    expect(observed?.ownHealth.state).toBe(state);
    if (reason === undefined) expect(observed?.ownHealth).not.toHaveProperty('reason');
    else expect(observed?.ownHealth.reason).toContain(reason);
    expect(observed?.attrs).toMatchObject({ state: derived });
  });

  it('hints at leaked in-flight counts and at answers without usage', () => {
    expect(endpointHealth(endpointOf({ inFlight: 3 }), true)).toMatchObject({
      state: 'healthy',
      reason: expect.stringContaining('3 in flight without any movement') as string,
    });
    expect(endpointHealth(endpointOf({ completionTokensTotal: 0 }), false).reason).toContain('no usage');
  });
});

describe('health of the balancer', () => {
  const good = endpointOf();
  const cooling = endpointOf({ id: 2, name: 'llm-b', cooldownRemainingSeconds: 5, consecutiveFailures: 3 });
  const off = endpointOf({ id: 3, name: 'llm-c', enabled: false });
  const idle = endpointOf({ id: 4, name: 'llm-d', connected: false });

  it('is healthy only while all that is connected can be used', () => {
    expect(balancerHealth([good, idle])).toEqual({ state: 'healthy' });
    expect(balancerHealth([good, cooling, off])).toEqual({
      state: 'degraded',
      reason: '2 of 3 connected endpoints not usable: llm-b in cooldown, llm-c disabled',
    });
    expect(balancerHealth([cooling, idle])).toMatchObject({ state: 'down' });
    expect(balancerHealth([idle])).toMatchObject({ state: 'down' });
    expect(balancerHealth([])).toMatchObject({ state: 'down' });
  });

  it('is down exactly when no endpoint would get a request', () => {
    const any = fc.constantFrom(good, cooling, off, idle);
    fc.assert(
      fc.property(fc.array(any, { maxLength: 6 }), (endpoints) => {
        expect(balancerHealth(endpoints).state === 'down').toBe(!endpoints.some(isUsable));
      }),
    );
  });
});

describe('health of a client', () => {
  const id = 'llm-balancer/llm/client/1';

  it('is known only once it was served', () => {
    expect(health(stateOf())[id]).toEqual({ state: 'healthy' });
    expect(health(stateOf({ clients: [clientOf({ completionTokensTotal: 0 })] }))[id]?.state).toBe('unknown');
  });

  it('is down while the endpoint it is bound to is', () => {
    const endpoints = [endpointOf({ cooldownRemainingSeconds: 3 }), endpointOf({ id: 2 })];
    const bound = (preferredEndpointId: number) =>
      health(stateOf({ endpoints, clients: [clientOf({ preferredEndpointId })] }))[id];
    expect(bound(1)).toEqual({
      state: 'down',
      reason: 'bound to endpoint llm-a, which is cooldown: its requests get 503',
    });
    expect(bound(2)?.state).toBe('healthy');
  });

  it('is degraded past its live share, which alone it always is', () => {
    const clients = [clientOf({ maxLiveSharePercent: 50 })];
    expect(health(stateOf({ clients }))[id]?.reason).toContain(
      '100.0 % of all requests, past its live share of 50 %',
    );
    const shared = [...clients, clientOf({ id: 2, requestsTotal: 30 })];
    expect(health(stateOf({ clients: shared }))[id]).toEqual({ state: 'healthy' });
  });
});
