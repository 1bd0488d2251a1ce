import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { healthStates } from '../../../shared/model/health.ts';
import { parseQuery, type QueryContext } from '../../ui/query.ts';
import { sampleEntity } from '../../world/sample.ts';
import {
  defaultOrder,
  formatOrder,
  groupByKind,
  healthRows,
  healthSorts,
  nextOrder,
  parseOrder,
} from './health-rows.ts';

const context: QueryContext = { now: 0, sourceOf: () => undefined, nodesOf: () => [] };
const all = parseQuery('');

const entities = [
  sampleEntity('host', 'p/p/node/10', { name: 'pve-10', since: 5 }),
  sampleEntity('guest', 'p/p/lxc/1', { name: 'a', state: 'down', since: 10, reason: 'stopped' }),
  sampleEntity('guest', 'p/p/lxc/2', { name: 'b', state: 'down', since: 90, reason: 'oom' }),
  sampleEntity('host', 'p/p/node/2', { name: 'pve-2', since: 7 }),
  sampleEntity('service', 'c/c/service/s', { name: 's', state: 'degraded', since: 50 }),
];

const names = (order: Parameters<typeof healthRows>[3], query = all) =>
  healthRows(entities, query, context, order).map(({ name }) => name);

describe('healthRows', () => {
  it('puts the worst first, the newest trouble on top', () => {
    expect(names(defaultOrder)).toEqual(['b', 'a', 's', 'pve-2', 'pve-10']);
  });

  it('sorts names as people count', () => {
    expect(names({ by: 'name', descending: false })).toEqual(['a', 'b', 'pve-2', 'pve-10', 's']);
  });

  it('puts what has no reason last', () => {
    expect(names({ by: 'reason', descending: false }).slice(0, 2)).toEqual(['b', 'a']);
  });

  it('filters', () => {
    expect(names(defaultOrder, parseQuery('health:down -oom'))).toEqual(['a']);
  });

  it('gives one order whatever order the entities come in', () => {
    const made = fc
      .array(fc.tuple(fc.constantFrom(...healthStates), fc.nat(3)), { maxLength: 12 })
      .map((rows) =>
        rows.map(([state, since], n) => sampleEntity('guest', `p/p/lxc/${n}`, { state, since, name: 'x' })),
      );
    fc.assert(
      fc.property(made, fc.constantFrom(...healthSorts), fc.boolean(), (rows, by, descending) => {
        const ids = (from: typeof rows) =>
          healthRows(from, all, context, { by, descending }).map(({ id }) => id);
        expect(ids(rows)).toEqual(ids([...rows].reverse()));
      }),
    );
  });
});

describe('the order in the URL', () => {
  it('comes back as it went', () => {
    for (const by of healthSorts)
      for (const descending of [true, false])
        expect(parseOrder(formatOrder({ by, descending }))).toEqual({ by, descending });
  });

  it('is the default for anything else', () => {
    for (const text of [null, '', 'nonsense', '--name', '-']) expect(parseOrder(text)).toEqual(defaultOrder);
  });

  it('turns when its column is clicked again', () => {
    expect(nextOrder(defaultOrder, 'state')).toEqual({ by: 'state', descending: false });
    expect(nextOrder(defaultOrder, 'name')).toEqual({ by: 'name', descending: false });
    expect(nextOrder(defaultOrder, 'since')).toEqual({ by: 'since', descending: true });
  });
});

it('groups by kind, the kind in most trouble first', () => {
  const groups = groupByKind(healthRows(entities, all, context, defaultOrder));
  expect(groups.map(({ kind, bad, rows }) => [kind, bad, rows.map(({ name }) => name)])).toEqual([
    ['guest', 2, ['b', 'a']],
    ['service', 1, ['s']],
    ['host', 0, ['pve-2', 'pve-10']],
  ]);
});

it('orders 10,000 entities within a few frames', () => {
  const many = Array.from({ length: 10_000 }, (_, n) =>
    sampleEntity('guest', `p/p/lxc/${n}`, {
      state: healthStates[n % 5] ?? 'healthy',
      since: (n * 7_919) % 10_000,
    }),
  );
  healthRows(many, all, context, defaultOrder);
  const started = performance.now();
  expect(healthRows(many, parseQuery('-health:healthy'), context, defaultOrder)).toHaveLength(8_000);
  expect(performance.now() - started).toBeLessThan(150);
});
