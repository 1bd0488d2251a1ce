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
 * A number of the mirror that is told at most four times a second, the first change at once: for lists and counts over
 * the whole world, which need not follow every frame of a busy minute.
 */
export class CalmNumber {
  readonly #store: WorldStore;
  readonly #read: (mirror: Mirror) => number;
  readonly #listeners = new Set<Listener>();
  #value: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #leave: (() => void) | undefined;

  constructor(store: WorldStore, read: (mirror: Mirror) => number) {
    this.#store = store;
    this.#read = read;
    this.#value = read(store.mirror);
  }

  get = (): number => this.#value;

  /** Returns the disposer. Without listeners it follows nothing. */
  subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    this.#leave ??= this.#store.subscribe(this.#follow);
    this.#follow();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#leave?.();
      this.#leave = undefined;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  };

  #follow = (): void => {
    const next = this.#read(this.#store.mirror);
    if (this.#timer !== undefined || next === this.#value) return;
    this.#value = next;
    for (const listener of this.#listeners) listener();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#follow();
    }, CALM_MS);
  };
}

const calmShape = new CalmNumber(worldStore, (mirror) => mirror.shapeRevision);
const calmRevision = new CalmNumber(worldStore, (mirror) => mirror.revision);

/** As `useWorldShape`, calmly. */
export function useCalmWorldShape(): number {
  return useSyncExternalStore(calmShape.subscribe, calmShape.get);
}

/** As `useWorldRevision`, calmly. */
export function useCalmWorldRevision(): number {
  return useSyncExternalStore(calmRevision.subscribe, calmRevision.get);
}
