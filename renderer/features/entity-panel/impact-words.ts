import { plural } from '../../ui/format.ts';
import { kindWords } from '../../ui/words.ts';
import type { Impact } from './impact.ts';

/**
 * What happens to a dependent, after its name: "lost 1 of 2 instances" when the entity is down, "keeps 1 of 2 instances"
 * when it would fail. `failing`: the entity is down now.
 */
export function impactWords({ entity, part, total, lost, exposed }: Impact, failing: boolean): string {
  if (part === null) return failing ? withoutParts(entity.kind, true) : withoutParts(entity.kind, false);
  const { one, many } = kindWords[part];
  if (exposed === 0) return `has ${plural(total, one, many)}, none of them here`;
  if (failing && lost > 0) {
    const left = total - lost;
    if (left === 0) return total === 1 ? `lost its only ${one}` : `lost all ${total} ${many}`;
    return `lost ${lost} of ${total} ${many}`;
  }
  const left = total - exposed;
  if (left === 0) return total === 1 ? `would lose its only ${one}` : `would lose all ${total} ${many}`;
  return `would keep ${left} of ${total} ${many}`;
}

function withoutParts(kind: Impact['entity']['kind'], failing: boolean): string {
  if (kind === 'guest') return failing ? 'runs on it' : 'would stop with it';
  return failing ? 'depends on it' : 'would be hit';
}
