import type { ConnectionStatus } from '../../shared/model/connection.ts';

/**
 * Which connections get a chip: all, or where they are too many, every troubled one first and then as many of the
 * others as fit, in the order of their ids so that no chip moves while nothing changes.
 */
export function statusChips(
  connections: Iterable<ConnectionStatus>,
  most: number,
): { readonly shown: readonly ConnectionStatus[]; readonly hidden: number } {
  const all = [...connections].sort((a, b) => (a.id < b.id ? -1 : 1));
  if (all.length <= most) return { shown: all, hidden: 0 };
  const troubled = all.filter(({ state }) => state !== 'live');
  const calm = all.filter(({ state }) => state === 'live');
  const kept = new Set([...troubled, ...calm].slice(0, most));
  return { shown: all.filter((connection) => kept.has(connection)), hidden: all.length - kept.size };
}
