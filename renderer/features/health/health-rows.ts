import type { Entity } from '../../../shared/model/entity.ts';
import { severity } from '../../../shared/model/health.ts';
import { matches, type Query, type QueryContext } from '../../ui/query.ts';
import { worstFirst } from '../../world/causes.ts';

export const healthSorts = ['state', 'name', 'kind', 'since', 'reason'] as const;
export type HealthSort = (typeof healthSorts)[number];

export interface HealthOrder {
  readonly by: HealthSort;
  readonly descending: boolean;
}

/** Worst first is what this view is for. */
export const defaultOrder: HealthOrder = { by: 'state', descending: true };

/** As in the URL: `name`, `-since`. Anything else is the default. */
export function parseOrder(text: string | null): HealthOrder {
  const match = /^(-?)([a-z]+)$/.exec(text ?? '');
  const by = healthSorts.find((sort) => sort === match?.[2]);
  return by === undefined ? defaultOrder : { by, descending: match?.[1] === '-' };
}

/** null for the default, which needs no parameter. */
export function formatOrder({ by, descending }: HealthOrder): string | null {
  if (by === defaultOrder.by && descending === defaultOrder.descending) return null;
  return `${descending ? '-' : ''}${by}`;
}

/** A click on a column: turns its order, or takes it up: states from the worst, times from the newest, words from A. */
export function nextOrder(order: HealthOrder, by: HealthSort): HealthOrder {
  if (order.by === by) return { by, descending: !order.descending };
  return { by, descending: by === 'state' || by === 'since' };
}

/** The entities that pass the filter, in order. Ties are settled so that rows never swap places for nothing. */
export function healthRows(
  entities: Iterable<Entity>,
  query: Query,
  context: QueryContext,
  order: HealthOrder,
): Entity[] {
  const rows: Entity[] = [];
  for (const entity of entities) if (matches(entity, query, context)) rows.push(entity);
  return rows.sort(comparer(order));
}

const collator = new Intl.Collator('en', { numeric: true });

function comparer({ by, descending }: HealthOrder): (a: Entity, b: Entity) => number {
  const turn = descending ? -1 : 1;
  switch (by) {
    case 'state':
      return (a, b) =>
        turn * (severity(a.health.state) - severity(b.health.state)) ||
        b.health.since - a.health.since ||
        worstFirst(a, b);
    case 'since':
      return (a, b) => turn * (a.health.since - b.health.since) || worstFirst(a, b);
    case 'name':
      return (a, b) => turn * collator.compare(a.name, b.name) || worstFirst(a, b);
    case 'kind':
      return (a, b) => turn * collator.compare(a.kind, b.kind) || worstFirst(a, b);
    case 'reason':
      return (a, b) => turn * compareReasons(a.health.reason, b.health.reason) || worstFirst(a, b);
  }
}

function compareReasons(a = '', b = ''): number {
  // What has no reason goes last while ascending: it would only hide the rest.
  if (a === '' || b === '') return Number(a === '') - Number(b === '');
  return collator.compare(a, b);
}

export interface HealthGroup {
  readonly kind: Entity['kind'];
  readonly rows: readonly Entity[];
  readonly bad: number;
}

/** The same rows by kind: the kind with the worst entity first, rows in the order they had. */
export function groupByKind(rows: readonly Entity[]): HealthGroup[] {
  const groups = new Map<Entity['kind'], { rows: Entity[]; bad: number; worst: number }>();
  for (const entity of rows) {
    let group = groups.get(entity.kind);
    if (!group) groups.set(entity.kind, (group = { rows: [], bad: 0, worst: 0 }));
    group.rows.push(entity);
    const rank = severity(entity.health.state);
    group.worst = Math.max(group.worst, rank);
    if (rank >= severity('degraded')) group.bad++;
  }
  return [...groups]
    .map(([kind, group]) => ({ kind, ...group }))
    .sort((a, b) => b.worst - a.worst || b.bad - a.bad || collator.compare(a.kind, b.kind))
    .map(({ kind, rows: grouped, bad }) => ({ kind, rows: grouped, bad }));
}
