import type { Entity } from '../../shared/model/entity.ts';
import { matches, parseQuery, type QueryContext } from '../ui/query.ts';
import { worstFirst } from '../world/causes.ts';

export interface EntityHits {
  readonly shown: readonly Entity[];
  /** Including those past the cap. */
  readonly total: number;
}

/**
 * The entities that a palette text finds, best first: name equal, name begins with it, name has it, found elsewhere;
 * within each the worst first. Everything is looked at once; only the shown ones are put in order.
 */
export function searchEntities(
  entities: Iterable<Entity>,
  text: string,
  context: QueryContext,
  cap: number,
): EntityHits {
  const query = parseQuery(text);
  if (query.terms.length === 0) return { shown: [], total: 0 };
  const words = query.terms.flatMap((term) => (term.by === 'text' && !term.negated ? [term.text] : []));
  const ranks: Entity[][] = [[], [], [], []];
  let total = 0;
  for (const entity of entities) {
    if (!matches(entity, query, context)) continue;
    total++;
    ranks[rankOf(entity.name.toLowerCase(), words)]?.push(entity);
  }
  const shown: Entity[] = [];
  for (const rank of ranks) {
    if (shown.length >= cap) break;
    shown.push(...rank.sort(worstFirst).slice(0, cap - shown.length));
  }
  return { shown, total };
}

function rankOf(name: string, words: readonly string[]): 0 | 1 | 2 | 3 {
  if (words.some((word) => name === word)) return 0;
  if (words.some((word) => name.startsWith(word))) return 1;
  if (words.some((word) => name.includes(word))) return 2;
  return 3;
}

/** Whether every word of `text` begins a word of `title`, or is inside it: for short lists of views and commands. */
export function titleMatches(title: string, text: string): boolean {
  const lower = title.toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
}
