import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut, instanceHealth, nodeHealth, serviceHealth, type Verdict } from './health.ts';
import type { ConsulCheck } from './wire.ts';

function check(status: string, more: Partial<ConsulCheck> = {}): ConsulCheck {
  const id = `c-${status}`;
  return {
    node: 'n1',
    id,
    name: id,
    status,
    notes: '',
    output: '',
    serviceId: 'web-1',
    serviceName: 'web',
    ...more,
  };
}
const serf = (status: string, output = '') =>
  check(status, { id: 'serfHealth', name: 'Serf Health Status', serviceId: '', serviceName: '', output });
const maintenance = check('critical', { id: '_service_maintenance:web-1', notes: 'new  disk\n' });

describe('an instance', () => {
  it('ranks maintenance over critical over warning over passing', () => {
    const all = [check('passing'), check('warning'), check('critical'), maintenance];
    expect(instanceHealth(all, [], false).health).toEqual({
      state: 'maintenance',
      reason: 'service maintenance: new disk',
    });
    expect(instanceHealth(all.slice(0, 3), [], false).health.state).toBe('down');
    expect(instanceHealth(all.slice(0, 2), [], false).health.state).toBe('degraded');
    expect(instanceHealth(all.slice(0, 1), [], false).health).toEqual({ state: 'healthy' });
  });

  it('counts the checks of its node', () => {
    const lost = serf('critical', 'Agent not live or unreachable');
    expect(instanceHealth([check('passing')], [lost], false)).toEqual({
      verdict: 'critical',
      health: {
        state: 'down',
        reason: 'node check Serf Health Status critical: Agent not live or unreachable',
      },
    });
    const nodeMaintenance = serf('passing');
    const inMaintenance = {
      ...nodeMaintenance,
      id: '_node_maintenance',
      status: 'critical',
      notes: 'moving',
    };
    expect(instanceHealth([check('critical')], [inMaintenance], false).health.reason).toBe(
      'node maintenance: moving',
    );
  });

  it('is not known to work without a check of its own', () => {
    expect(instanceHealth([], [serf('passing')], false).health).toEqual({
      state: 'unknown',
      reason: 'no check of its own; the checks of its node pass',
    });
    expect(instanceHealth([], [], false).health).toEqual({
      state: 'unknown',
      reason: 'no checks registered',
    });
    expect(instanceHealth([], [serf('passing')], true).health).toEqual({ state: 'healthy' });
  });

  it('is unknown for a status that Consul has no word for, unless worse is known', () => {
    const odd = check('weird', { output: 'x' });
    expect(instanceHealth([odd, check('warning')], [], false).health).toEqual({
      state: 'unknown',
      reason: 'check c-weird has status "weird": x',
    });
    expect(instanceHealth([odd, check('critical')], [], false).health.state).toBe('down');
  });

  it('names the check and its output, bounded, and how many more fail', () => {
    const output = 'y'.repeat(5_000);
    const { reason = '' } = instanceHealth(
      [check('critical', { output }), check('critical', { id: 'b' })],
      [serf('critical')],
      false,
    ).health;
    expect(reason.startsWith('check c-critical critical: yyy')).toBe(true);
    expect(reason.endsWith('… (and 2 more)')).toBe(true);
    expect(reason.length).toBeLessThan(500);
  });

  it('is never healthy with a check that is not passing, nor without one', () => {
    const status = fc.constantFrom('passing', 'warning', 'critical', 'weird');
    const checks = fc.array(
      status.map((text) => check(text)),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(checks, checks, (own, node) => {
        const { state, reason } = instanceHealth(own, node, false).health;
        const good = own.length > 0 && [...own, ...node].every((one) => one.status === 'passing');
        expect(state === 'healthy').toBe(good);
        if (!good) expect(reason).toBeTruthy();
      }),
    );
  });
});

describe('a node', () => {
  it('has the health of its own checks', () => {
    expect(nodeHealth([serf('passing')])).toEqual({ state: 'healthy' });
    expect(nodeHealth([serf('critical', 'Agent not live or unreachable')])).toEqual({
      state: 'down',
      reason: 'check Serf Health Status critical: Agent not live or unreachable',
    });
    expect(nodeHealth([])).toEqual({ state: 'unknown', reason: 'no checks registered on this node' });
  });
});

describe('a service', () => {
  const members = (...verdicts: Verdict[]) =>
    verdicts.map((verdict, at) => ({ name: `o-${at + 1}`, verdict }));

  it.each<[Verdict[], string, string | undefined]>([
    [['passing', 'passing'], 'healthy', undefined],
    [['passing', 'critical', 'passing'], 'degraded', '1 of 3 instances critical: o-2'],
    [['critical', 'critical'], 'down', '2 of 2 instances critical: o-1, o-2'],
    [['critical'], 'down', '1 of 1 instance critical: o-1'],
    [['warning', 'passing'], 'degraded', '1 of 2 instances warning: o-1'],
    [['maintenance', 'passing'], 'healthy', '1 of 2 instances in maintenance: o-1'],
    [['maintenance', 'maintenance'], 'maintenance', '2 of 2 instances in maintenance: o-1, o-2'],
    [
      ['maintenance', 'critical'],
      'down',
      '1 of 2 instances critical: o-2; 1 of 2 instances in maintenance: o-1',
    ],
    [['unchecked', 'passing'], 'unknown', '1 of 2 instances not checked: o-1'],
    [[], 'unknown', 'no instance is visible'],
  ])('of %j is %s', (verdicts, state, reason) => {
    expect(serviceHealth(members(...verdicts))).toEqual(reason === undefined ? { state } : { state, reason });
  });

  it('names five and counts the rest', () => {
    const { reason } = serviceHealth(members(...Array.from({ length: 8 }, () => 'critical' as const)));
    expect(reason).toBe('8 of 8 instances critical: o-1, o-2, o-3, o-4, o-5 and 3 more');
  });
});

describe('cut', () => {
  it('never passes its length and never leaves half a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 20 }), (text, max) => {
        expect(cut(text, max).length).toBeLessThanOrEqual(max);
        expect(cut(text, max).isWellFormed()).toBe(true);
      }),
    );
  });
});
