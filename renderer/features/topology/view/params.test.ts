import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatOpen, readOpen, readParams, toggleShown } from './params.ts';

const read = (text: string) => readParams(new URLSearchParams(text));

describe('the URL', () => {
  it('says everything about the view', () => {
    expect(read('fold=pool&hide=healthy&show=ports,calls&q=health:bad&only=1&twin=table')).toEqual({
      fold: 'pool',
      open: [],
      hideHealthy: true,
      show: ['ports'],
      calls: true,
      q: 'health:bad',
      only: true,
      twin: 'table',
    });
  });

  it('is typed by people: what does not belong is as if absent', () => {
    expect(read('fold=colour&hide=all&show=guests,,x&only=1&twin=3d&open=%25')).toEqual(read(''));
  });

  it('carries any group name', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { maxLength: 5 }), (ids) => {
        const text = formatOpen(ids.filter((id) => id.isWellFormed()));
        expect(readOpen(text)).toEqual(ids.filter((id) => id.isWellFormed()));
      }),
    );
  });

  it('switches one thing and leaves the others', () => {
    expect(toggleShown(read('show=ports'), 'calls')).toBe('ports,calls');
    expect(toggleShown(read('show=ports,calls'), 'ports')).toBe('calls');
    expect(toggleShown(read('show=calls'), 'calls')).toBeNull();
  });
});
