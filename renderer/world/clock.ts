import { useSyncExternalStore } from 'react';
import { engineNow } from './mirror.ts';
import { worldStore } from './store.ts';

const TICK_MS = 1_000;

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let localNow = Date.now();

function beat(): void {
  // A hidden window shows no ages; the first look brings them up to date.
  if (document.hidden) return;
  localNow = Date.now();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) {
    localNow = Date.now();
    timer = setInterval(beat, TICK_MS);
    document.addEventListener('visibilitychange', beat);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    document.removeEventListener('visibilitychange', beat);
  };
}

/** Epoch ms on the engine's clock, renewed once a second by one timer for the whole window. Ages are measured with it. */
export function useEngineNow(): number {
  return useEngineClock((now) => now);
}

/**
 * What `read` makes of the engine's clock, looked at once a second; re-renders only when that changes. A list of ages in
 * hours costs nothing while the minutes pass.
 */
export function useEngineClock<T extends string | number>(read: (now: number) => T): T {
  return useSyncExternalStore(subscribe, () => read(engineNow(worldStore.mirror, localNow)));
}
