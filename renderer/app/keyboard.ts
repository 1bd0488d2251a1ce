import { allCommands } from './commands.ts';

interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** A key press as commands spell it: `mod+k`, `?`, `g`, `escape`. Null for modifiers alone. */
export function chordOf({ key, ctrlKey, metaKey, altKey }: KeyPress): string | null {
  if (['Control', 'Meta', 'Alt', 'Shift', 'Dead', 'Process'].includes(key)) return null;
  const name = key.length === 1 ? key.toLowerCase() : key.toLowerCase().replace(/^arrow/, '');
  return `${ctrlKey || metaKey ? 'mod+' : ''}${altKey ? 'alt+' : ''}${name}`;
}

export interface KeyMatch {
  /** The keys that are complete now; null: none. */
  readonly run: string | null;
  /** What was typed of a sequence so far; empty: nothing. */
  readonly pending: string;
}

/**
 * What a chord means after `pending` was typed. A chord that does not go on with a sequence starts anew, so that
 * `g x t` is not `g t`, and `g ?` still opens the help.
 */
export function matchKeys(pending: string, chord: string, known: readonly string[]): KeyMatch {
  for (const typed of pending === '' ? [chord] : [`${pending} ${chord}`, chord]) {
    if (known.includes(typed)) return { run: typed, pending: '' };
    if (known.some((keys) => keys.startsWith(`${typed} `))) return { run: null, pending: typed };
  }
  return { run: null, pending: '' };
}

const SEQUENCE_MS = 1_200;

/** Runs commands by their keys. Typing into a field is left alone, but for chords with Ctrl or ⌘. Returns the disposer. */
export function startKeyboard(): () => void {
  let pending = '';
  let lastAt = 0;
  const onKeyDown = (event: KeyboardEvent) => {
    const chord = chordOf(event);
    if (chord === null || event.defaultPrevented || event.repeat || event.isComposing) return;
    if (!chord.startsWith('mod+') && (isTyping(event.target) || isModalOpen())) return;
    if (event.timeStamp - lastAt > SEQUENCE_MS) pending = '';
    lastAt = event.timeStamp;
    const commands = allCommands().filter(
      (command) => command.keys !== undefined && (command.available?.() ?? true),
    );
    const match = matchKeys(
      pending,
      chord,
      commands.map(({ keys }) => keys ?? ''),
    );
    pending = match.pending;
    if (match.run === null) return;
    event.preventDefault();
    commands.find(({ keys }) => keys === match.run)?.run();
  };
  window.addEventListener('keydown', onKeyDown);
  return () => window.removeEventListener('keydown', onKeyDown);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}

/** An open dialog or menu has the keyboard to itself. */
function isModalOpen(): boolean {
  return document.querySelector('dialog[open], [role="menu"]') !== null;
}
