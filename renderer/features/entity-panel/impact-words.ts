import { kindWords } from '../../ui/words.ts';
import type { Impact } from './impact.ts';

/**
 * What happens to a dependent, after its name: "lost 1 of 2 instances" when the entity is down, "would keep 1 of 2
 * instances" while it stands. `failing`: the entity is in trouble now. Parts that are down already are never counted as
 * kept.
 */
export function impactWords({ part, total, lost, exposed, left }: Impact, failing: boolean): string {
  if (part === null) return failing ? 'depends on it' : 'would be hit';
  const { one, many } = kindWords[part];
  if (failing && lost > 0) {
    if (lost < total) return `lost ${lost} of ${total} ${many}`;
    return total === 1 ? `lost its only ${one}` : `lost all ${total} ${many}`;
  }
  if (exposed === 0) return failing ? 'gets there through it' : 'would be hit';
  if (left > 0) return `would keep ${left} of ${total} ${many}`;
  if (total === 1) return `would lose its only ${one}`;
  return lost > 0 ? `would lose its last ${one}` : `would lose all ${total} ${many}`;
}
