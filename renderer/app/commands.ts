import { useEffect, useSyncExternalStore } from 'react';

/** Something the operator can do by name: the one registry behind the palette, the keyboard and the menus. */
export interface Command {
  readonly id: string;
  /** Begins with the verb. */
  readonly title: string;
  readonly group: 'Go to' | 'Selection' | 'View' | 'Console';
  /** `mod+k` (Ctrl, or ⌘ on a Mac), `?`, or a sequence: `g t`. */
  readonly keys?: string;
  /** Left out of palette and keyboard while false. */
  readonly available?: () => boolean;
  readonly run: () => void;
}

const registered = new Map<string, Command>();
const listeners = new Set<() => void>();
let list: readonly Command[] = [];

function changed(): void {
  list = [...registered.values()];
  for (const listener of listeners) listener();
}

/** Adds commands; returns what takes them away again. A later one of the same id replaces the earlier. */
export function registerCommands(commands: readonly Command[]): () => void {
  for (const command of commands) registered.set(command.id, command);
  changed();
  return () => {
    for (const command of commands) if (registered.get(command.id) === command) registered.delete(command.id);
    changed();
  };
}

/** All commands now, in the order they came. */
export function allCommands(): readonly Command[] {
  return list;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

export function useCommands(): readonly Command[] {
  return useSyncExternalStore(subscribe, allCommands);
}

/** Commands of a view, for as long as it is shown. `commands` must be stable (useMemo or a constant). */
export function useRegisterCommands(commands: readonly Command[]): void {
  useEffect(() => registerCommands(commands), [commands]);
}
