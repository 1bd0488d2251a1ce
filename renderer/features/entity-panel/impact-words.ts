import { kindWords } from '../../ui/words.ts';
import type { Impact } from './impact.ts';

/**
 * What happens to a dependent, after its name: "lost 1 of 2 instances" when the entity is down, "keeps 1 of 2 instances"
 * when it would fail. `failing`: the entity is down now.
 */
export function impactWords({ part, total, lost, exposed }: Impact, failing: boolean): string {
  if (part === null) return failing ? 'depends on it' : 'would be hit';
  const { one, many } = kindWords[part];
  if (exposed === 0 && lost === 0) return failing ? 'gets there through it' : 'would be hit';
  if (exposed === 0 && !failing) return 'would be hit';
  if (failing && lost > 0) {
    const left = total - lost;
    if (left === 0) return total === 1 ? `lost its only ${one}` : `lost all ${total} ${many}`;
    return `lost ${lost} of ${total} ${many}`;
  }
  const left = total - exposed;
  if (left === 0) return total === 1 ? `would lose its only ${one}` : `would lose all ${total} ${many}`;
  return `would keep ${left} of ${total} ${many}`;
}
