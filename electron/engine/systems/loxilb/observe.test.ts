import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ObservedEntitySchema, type ObservedOf } from '../../../../shared/model/entity.ts';
import { ownIdOf } from '../../../../shared/model/ids.ts';
import { LinkSchema } from '../../../../shared/model/link.ts';
import { MAX_RULES, observeRules, type RulesInput } from './observe.ts';
import type { TrafficRate } from './rates.ts';
import { sampleEndpoint, sampleProbe, sampleRule } from './samples.ts';
import type { Rule } from './wire.ts';

function observe(
  rules: readonly Rule[],
  more: Partial<RulesInput> = {},
  rates = new Map<string, TrafficRate>(),
) {
  const input = { connectionId: 'lb-1', rules, probes: [], missing: [], asOf: 1_000, ...more };
  return observeRules(input, () => rates);
}

const membersOf = (observation: ReturnType<typeof observe>) =>
  observation.entities.filter((entity): entity is ObservedOf<'member'> => entity.kind === 'member');
const vipsOf = (observation: ReturnType<typeof observe>) =>
  observation.entities.filter((entity): entity is ObservedOf<'virtual-ip'> => entity.kind === 'virtual-ip');
const only = <T>(list: readonly T[]): T => {
  const [first] = list;
  if (list.length !== 1 || first === undefined) throw new Error(`${list.length} in place of one`);
  return first;
};

describe('LoxiLB rules as entities', () => {
  it('makes a virtual IP with its members, linked', () => {
    const { entities, links, scope, partial } = observe([sampleRule({ sel: 4, mode: 2, security: 1 })]);
    expect([scope, partial]).toEqual(['rules', undefined]);
    expect(entities.map(({ id }) => id)).toEqual([
      'loxilb/lb-1/virtual-ip/10.0.0.6:443%2Ftcp',
      'loxilb/lb-1/member/10.0.0.6:443%2Ftcp%2F10.1.0.21:8080',
      'loxilb/lb-1/member/10.0.0.6:443%2Ftcp%2F10.1.0.22:8080',
    ]);
    expect(ownIdOf(entities[1]?.id ?? '')).toBe('10.0.0.6:443/tcp/10.1.0.21:8080');
    expect(entities[0]).toMatchObject({
      name: '10.0.0.6:443',
      sockets: ['10.0.0.6:443'],
      addresses: [],
      attrs: { ruleName: 'catalog', algorithm: 'lc', mode: 'fullnat', security: 'https', monitored: true },
    });
    expect(entities[1]).toMatchObject({ name: '10.1.0.21:8080', sockets: ['10.1.0.21:8080'] });
    expect(links.map(({ from, kind, to }) => [ownIdOf(from), kind, ownIdOf(to)])).toEqual([
      ['10.0.0.6:443/tcp', 'runs-on', 'lb-1'],
      ['10.0.0.6:443/tcp', 'routes-to', '10.0.0.6:443/tcp/10.1.0.21:8080'],
      ['lb-1', 'checks', '10.0.0.6:443/tcp/10.1.0.21:8080'],
      ['10.0.0.6:443/tcp', 'routes-to', '10.0.0.6:443/tcp/10.1.0.22:8080'],
      ['lb-1', 'checks', '10.0.0.6:443/tcp/10.1.0.22:8080'],
    ]);
    expect(links[1]?.evidence).toContain('10.1.0.21:8080 is an end point of the rule catalog');
    expect(links.every(({ rule }) => rule === 'reported')).toBe(true);
  });

  it('is the same whatever the order of the answer', () => {
    const rules = [443, 80, 8_080].flatMap((port) =>
      ['10.0.0.5', '10.0.0.6'].map((ip) => sampleRule({ ip, port, name: 'same' })),
    );
    const expected = observe(rules);
    fc.assert(
      fc.property(fc.shuffledSubarray(rules, { minLength: rules.length }), fc.boolean(), (shuffled, turn) => {
        const turned = turn
          ? shuffled.map((rule) => ({ ...rule, endpoints: [...rule.endpoints].reverse() }))
          : shuffled;
        expect(observe(turned)).toEqual(expected);
      }),
    );
  });

  it('tells rules apart by everything but the name', () => {
    const variants: Partial<Rule>[] = [
      {},
      { host: 'a/b' },
      { host: 'c' },
      { protocol: 'udp' },
      { portMax: 450 },
      { block: 7 },
      { block: 7, host: 'c' },
      { port: 80 },
      { ip: '2001:db8::1' },
    ];
    const vips = vipsOf(observe(variants.map((variant) => sampleRule(variant))));
    expect(new Set(vips.map(({ id }) => id)).size).toBe(variants.length);
    expect(vips.map(({ id }) => ownIdOf(id)).sort((a, b) => (a < b ? -1 : 1))).toContain(
      '10.0.0.6:443/tcp;block=7;host=c',
    );
    expect(vips.map(({ name }) => name)).toContain('[2001:db8::1]:443');
  });

  it('leaves out internal rules', () => {
    expect(observe([sampleRule({ internal: true })]).entities).toEqual([]);
  });

  it('has no socket where one would join anything, and at most 64 of a range', () => {
    const sockets = (fields: Partial<Rule>) => only(vipsOf(observe([sampleRule(fields)]))).sockets;
    expect(sockets({ ip: '0.0.0.0', mode: 5 })).toEqual([]);
    expect(sockets({ port: 0, protocol: 'icmp' })).toEqual([]);
    expect(sockets({ ip: 'not an address' })).toEqual([]);
    expect(sockets({ port: 8_000, portMax: 8_002 })).toEqual([
      '10.0.0.6:8000',
      '10.0.0.6:8001',
      '10.0.0.6:8002',
    ]);
    expect(sockets({ port: 1, portMax: 65_535 })).toHaveLength(64);
    expect(sockets({ port: 9, portMax: 3 })).toEqual(['10.0.0.6:9']);
  });
});

describe('LoxiLB health', () => {
  const health = (rule: Partial<Rule>, state = 'active', probe?: Parameters<typeof sampleProbe>[0]) =>
    only(
      membersOf(
        observe([sampleRule({ endpoints: [sampleEndpoint({ state })], ...rule })], {
          probes: probe ? [sampleProbe(probe)] : [],
        }),
      ),
    ).ownHealth;

  it('is healthy only when the rule monitors', () => {
    expect(health({})).toEqual({ state: 'healthy' });
    expect(health({ monitor: false })).toMatchObject({
      state: 'unknown',
      reason: expect.stringContaining('not probed'),
    });
    expect(health({ monitor: false }, 'active', { state: 'ok' }).state).toBe('unknown');
  });

  it('is down when inactive, with the probe that fails', () => {
    expect(health({}, 'inactive').reason).toBe('end point is inactive');
    expect(health({}, 'inactive', { state: 'nok' })).toEqual({
      state: 'down',
      reason: 'end point is inactive: tcp probe on port 8080 fails',
    });
  });

  it('takes a probe that fails seriously even where the rule does not follow it', () => {
    expect(health({ monitor: false }, 'active', { state: 'nok' })).toMatchObject({ state: 'down' });
  });

  it('is maintenance when forced down, whatever else is said', () => {
    for (const monitor of [true, false]) {
      expect(health({ monitor }, 'inactive', { state: 'red' }).state).toBe('maintenance');
    }
  });

  it('does not guess at a state it does not know', () => {
    expect(health({}, 'draining')).toEqual({
      state: 'unknown',
      reason: 'LoxiLB reports the end point state "draining"',
    });
  });

  it('asks the probe of its own rule first: another port of the host says nothing', () => {
    const rule = sampleRule({ endpoints: [sampleEndpoint()] });
    const state = (probes: Parameters<typeof sampleProbe>[0][]) =>
      only(membersOf(observe([rule], { probes: probes.map((probe) => sampleProbe(probe)) }))).ownHealth.state;
    expect(state([{ port: 9, name: 'x', state: 'red' }])).toBe('healthy');
    expect(state([{ type: 'http', name: 'x', state: 'red' }])).toBe('maintenance');
    expect(state([{ type: 'http', name: 'x', state: 'red' }, {}])).toBe('healthy');
    expect(state([{ type: 'ping', port: 0, name: 'x', state: 'red' }])).toBe('maintenance');
    expect(
      only(
        membersOf(
          observe([{ ...rule, probeType: 'tcp', probePort: 9_000 }], {
            probes: [sampleProbe({ port: 9_000, name: '10.1.0.21_tcp_9000', state: 'red' }), sampleProbe()],
          }),
        ),
      ).ownHealth.state,
    ).toBe('maintenance');
  });

  it('says nothing of the rule itself, but that one without end points serves nobody', () => {
    expect(only(vipsOf(observe([sampleRule()]))).ownHealth.state).toBe('unknown');
    expect(only(vipsOf(observe([sampleRule({ endpoints: [] })]))).ownHealth).toEqual({
      state: 'down',
      reason: 'the rule has no end points',
    });
  });
});

describe('LoxiLB numbers', () => {
  it('adds the members up for the virtual IP', () => {
    const id = (ip: string) => `loxilb/lb-1/member/10.0.0.6:443%2Ftcp%2F${ip}:8080`;
    const rates = new Map([
      [id('10.1.0.21'), { bytesPerSecond: 5, packetsPerSecond: 1 }],
      [id('10.1.0.22'), { bytesPerSecond: 7, packetsPerSecond: 2 }],
    ]);
    const observation = observe([sampleRule()], {}, rates);
    expect(only(vipsOf(observation)).metrics).toEqual({
      bytesTotal: 2_000,
      packetsTotal: 20,
      bytesPerSecond: 12,
      packetsPerSecond: 3,
    });
    expect(membersOf(observation)[1]?.metrics.bytesPerSecond).toBe(7);
  });

  it('has none where the counter does not parse, and the delay of a ping', () => {
    const rule = sampleRule({ endpoints: [sampleEndpoint({ counter: undefined })] });
    const probes = [sampleProbe({ type: 'ping', port: 0, name: 'p', averageDelayMs: 0.3 })];
    expect(only(membersOf(observe([rule], { probes }))).metrics).toEqual({ probeDelayMs: 0.3 });
  });
});

describe('LoxiLB rules: bounds', () => {
  it('shows rules up to the cap and says how many are past it', () => {
    const rules = Array.from({ length: MAX_RULES + 3 }, (_, index) =>
      sampleRule({ block: index + 1, endpoints: [] }),
    );
    const observation = observe(rules);
    expect(observation.entities).toHaveLength(MAX_RULES);
    expect(observation.partial).toBe(
      `3 of ${MAX_RULES + 3} rules are past what Gantry shows of one load balancer`,
    );
  });

  it('says what came twice, what is too long to name, and what was missing before', () => {
    const rules = [
      sampleRule(),
      sampleRule(),
      sampleRule({ host: 'h'.repeat(2_000) }),
      sampleRule({ port: 80, endpoints: [sampleEndpoint(), sampleEndpoint({ weight: 9 })] }),
    ];
    const observation = observe(rules, { missing: ['end point probes missing'] });
    expect(vipsOf(observation)).toHaveLength(2);
    expect(observation.partial).toBe(
      'end point probes missing; 1 rules or end points with an address or host too long to show; 2 rules or end points listed twice',
    );
  });

  it('fits the model, whatever text and numbers the server sends', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.constant('\u202e\ud800'.repeat(1_500)),
    );
    const wild = fc.record({
      ip: text,
      port: fc.integer(),
      portMax: fc.option(fc.integer(), { nil: undefined }),
      protocol: text,
      sel: fc.integer(),
      mode: fc.integer(),
      security: fc.integer(),
      host: text,
      name: text,
      monitor: fc.boolean(),
      endpoints: fc.array(
        fc.record({
          ip: text,
          port: fc.integer(),
          weight: fc.integer(),
          state: text,
          counter: fc.constant(undefined),
        }),
        { maxLength: 4 },
      ),
    });
    fc.assert(
      fc.property(fc.array(wild, { maxLength: 4 }), (rules) => {
        const { entities, links, partial = '' } = observe(rules.map((rule) => sampleRule(rule)));
        for (const entity of entities) {
          expect(ObservedEntitySchema.safeParse(entity).success).toBe(true);
          if (entity.ownHealth.state !== 'healthy') expect(entity.ownHealth.reason).toBeTruthy();
        }
        for (const link of links) expect(LinkSchema.safeParse(link).success).toBe(true);
        expect(new Set(entities.map(({ id }) => id)).size).toBe(entities.length);
        expect(partial.length).toBeLessThanOrEqual(500);
      }),
      { numRuns: 200 },
    );
  });
});
