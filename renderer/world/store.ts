import { useSyncExternalStore } from 'react';
import type { WorldEvent } from '../../shared/model/world.ts';
import { applyEvent, emptyMirror, type ApplyResult, type Mirror } from './mirror.ts';

type Listener = () => void;

/** The one live mirror of a window, with change notification. A test makes its own. */
export class WorldStore {
  readonly mirror: Mirror = emptyMirror();
  readonly #listeners = new Set<Listener>();

  apply(event: WorldEvent, receivedAt: number): ApplyResult {
    const result = applyEvent(this.mirror, event, receivedAt);
    if (result === 'applied') for (const listener of this.#listeners) listener();
    return result;
  }

  /** Returns the disposer. */
  subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };
}

export const worldStore = new WorldStore();

/** Re-renders on every change of the world; for parts that show live numbers. */
export function useWorldRevision(): number {
  return useSyncExternalStore(worldStore.subscribe, () => worldStore.mirror.revision);
}

/** Re-renders only when entities, links or health changed, not for moving numbers. */
export function useWorldShape(): number {
  return useSyncExternalStore(worldStore.subscribe, () => worldStore.mirror.shapeRevision);
}

/** One value of the mirror. `select` must return the same reference while nothing changed (a map entry does). */
export function useWorld<T>(select: (mirror: Mirror) => T): T {
  return useSyncExternalStore(worldStore.subscribe, () => select(worldStore.mirror));
}
