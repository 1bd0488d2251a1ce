import { describe, expect, it } from 'vitest';
import { allCommands, registerCommands } from './commands.ts';
import { chordOf, matchKeys } from './keyboard.ts';

const plain = { ctrlKey: false, metaKey: false, altKey: false };

it.each([
  [{ ...plain, key: 'g' }, 'g'],
  [{ ...plain, key: '?' }, '?'],
  [{ ...plain, key: 'K', ctrlKey: true }, 'mod+k'],
  [{ ...plain, key: 'k', metaKey: true }, 'mod+k'],
  [{ ...plain, key: 'ArrowUp', altKey: true }, 'alt+up'],
  [{ ...plain, key: 'Escape' }, 'escape'],
  [{ ...plain, key: 'Shift' }, null],
])('%j is spelled %j', (press, chord) => {
  expect(chordOf(press)).toBe(chord);
});

describe('matchKeys', () => {
  const known = ['mod+k', 'g t', 'g h', '?'];

  it('runs a chord at once', () => {
    expect(matchKeys('', 'mod+k', known)).toEqual({ run: 'mod+k', pending: '' });
  });

  it('waits for the rest of a sequence', () => {
    expect(matchKeys('', 'g', known)).toEqual({ run: null, pending: 'g' });
    expect(matchKeys('g', 't', known)).toEqual({ run: 'g t', pending: '' });
  });

  it('drops a sequence that goes wrong, and lets the last key start anew', () => {
    expect(matchKeys('g', 'x', known)).toEqual({ run: null, pending: '' });
    expect(matchKeys('g', '?', known)).toEqual({ run: '?', pending: '' });
    expect(matchKeys('g', 'g', known)).toEqual({ run: null, pending: 'g' });
  });
});

describe('registerCommands', () => {
  const command = (title: string) => ({ id: 'a', title, group: 'View' as const, run: () => {} });

  it('adds and takes away', () => {
    const leave = registerCommands([command('one')]);
    expect(allCommands().map(({ title }) => title)).toEqual(['one']);
    leave();
    expect(allCommands()).toEqual([]);
  });

  it('does not take away what replaced it', () => {
    const leaveOne = registerCommands([command('one')]);
    const leaveTwo = registerCommands([command('two')]);
    leaveOne();
    expect(allCommands().map(({ title }) => title)).toEqual(['two']);
    leaveTwo();
  });
});
