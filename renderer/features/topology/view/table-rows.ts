import { severity } from '../../../../shared/model/health.ts';
import { doubt, titleOf } from '../pipeline/describe.ts';
import type { TopoNode } from '../pipeline/graph.ts';
import { tierIndex } from '../pipeline/tiers.ts';
import type { Freshness } from '../../../world/freshness.ts';
import type { Sort } from '../../../ui/virtual-table.tsx';

const sortable: ReadonlySet<string> = new Set(['state', 'name', 'kind', 'since', 'age']);

/** Worst first: what one opens a table for. */
export const defaultSort: Sort = { by: 'state', descending: true };

/** `sort` in the URL: `name`, or `-name` for descending. Anything else is the default. */
export function readSort(text: string | null): Sort {
  const by = text?.replace(/^-/, '') ?? '';
  return sortable.has(by) ? { by, descending: text!.startsWith('-') } : defaultSort;
}

export function formatSort({ by, descending }: Sort): string | null {
  if (by === defaultSort.by && descending === defaultSort.descending) return null;
  return `${descending ? '-' : ''}${by}`;
}

/** The sort after a click on a column's title. */
export function nextSort(now: Sort, by: string): Sort {
  return now.by === by ? { by, descending: !now.descending } : { by, descending: by === 'state' };
}

const collator = new Intl.Collator('en', { numeric: true });

/** Nodes in order; equal ones along the path, then by name, so that a row does not jump when nothing changed. */
export function sortRows(
  nodes: Iterable<TopoNode>,
  sort: Sort,
  freshness: (node: TopoNode) => Freshness,
): TopoNode[] {
  const rows = Array.from(nodes, (node) => ({
    node,
    title: titleOf(node),
    value: valueOf(node, sort.by, freshness),
  }));
  const sign = sort.descending ? -1 : 1;
  rows.sort(
    (a, b) =>
      sign * (sort.by === 'name' ? collator.compare(a.title, b.title) : a.value - b.value) ||
      tierIndex(a.node.tier) - tierIndex(b.node.tier) ||
      collator.compare(a.title, b.title) ||
      (a.node.id < b.node.id ? -1 : 1),
  );
  return rows.map(({ node }) => node);
}

function valueOf(node: TopoNode, by: string, freshness: (node: TopoNode) => Freshness): number {
  switch (by) {
    case 'state':
      return severity(node.state);
    case 'kind':
      return tierIndex(node.tier);
    case 'since':
      return node.entity.health.since;
    case 'age':
      return doubt[freshness(node).state];
    default:
      return 0;
  }
}
