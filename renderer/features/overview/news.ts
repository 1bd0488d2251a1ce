import type { Transition } from '../../../shared/model/world.ts';

/** Right after its first sight an entity finds its state as further systems answer; that is no event in any system. */
const SETTLING_MS = 10_000;

/** The changes worth telling, in the order they came (newest first): without first sights and what settles after them. */
export function newsOf(transitions: readonly Transition[]): Transition[] {
  const firstSeen = new Map<string, number>();
  for (const { entityId, from, at } of transitions) if (from === null) firstSeen.set(entityId, at);
  return transitions.filter(({ entityId, from, to, at }) => {
    if (from === null) return false;
    const settling = at - (firstSeen.get(entityId) ?? -Infinity) < SETTLING_MS;
    return !settling || to === 'down' || to === 'degraded' || to === null;
  });
}
