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

const CALM_MS = 250;

/**
 * As `useWorldShape`, but at most four times a second: for lists over the whole world, whose order need not follow
 * every frame of a busy minute. The first change shows at once.
 */
export function useCalmWorldShape(): number {
  return useSyncExternalStore(subscribeCalmly, () => calmShape);
}

let calmShape = 0;
let calmTimer: ReturnType<typeof setTimeout> | undefined;
const calmListeners = new Set<Listener>();
let leaveStore: (() => void) | undefined;

function subscribeCalmly(listener: Listener): () => void {
  calmListeners.add(listener);
  leaveStore ??= worldStore.subscribe(onShape);
  onShape();
  return () => {
    calmListeners.delete(listener);
    if (calmListeners.size > 0) return;
    leaveStore?.();
    leaveStore = undefined;
    clearTimeout(calmTimer);
    calmTimer = undefined;
  };
}

function onShape(): void {
  if (calmTimer !== undefined || calmShape === worldStore.mirror.shapeRevision) return;
  calmShape = worldStore.mirror.shapeRevision;
  for (const listener of calmListeners) listener();
  calmTimer = setTimeout(() => {
    calmTimer = undefined;
    onShape();
  }, CALM_MS);
}
