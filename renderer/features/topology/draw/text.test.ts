import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutToWidth, TextFitter, type Measurer } from './text.ts';
import { mixHex } from './palette.ts';

const tenPerCharacter = (text: string) => [...new Intl.Segmenter().segment(text)].length * 10;

describe('cutToWidth', () => {
  it('leaves what fits, and cuts the rest with an ellipsis', () => {
    expect(cutToWidth('catalog', 70, tenPerCharacter)).toBe('catalog');
    expect(cutToWidth('catalog-2', 70, tenPerCharacter)).toBe('catalo…');
    expect(cutToWidth('one two', 50, tenPerCharacter)).toBe('one…');
  });

  it('never is wider than allowed, and never cuts a character in two', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 30 }),
        fc.integer({ min: 20, max: 300 }),
        (text, width) => {
          const cut = cutToWidth(text, width, tenPerCharacter);
          expect(tenPerCharacter(cut)).toBeLessThanOrEqual(width);
          expect(cut.isWellFormed()).toBe(true);
          if (cut !== text) expect(text.startsWith(cut.slice(0, -1))).toBe(true);
        },
      ),
    );
  });
});

describe('TextFitter', () => {
  it('measures a text once, until the fonts change', () => {
    let measured = 0;
    const measurer: Measurer = {
      font: '',
      measureText: (text) => {
        measured++;
        return { width: text.length * 10 };
      },
    };
    const fitter = new TextFitter();
    const cut = fitter.fit(measurer, '13px Inter', 'a long name', 50);
    const first = measured;
    expect(fitter.fit(measurer, '13px Inter', 'a long name', 50)).toBe(cut);
    expect(measured).toBe(first);
    fitter.forget();
    fitter.fit(measurer, '13px Inter', 'a long name', 50);
    expect(measured).toBe(2 * first);
  });
});

describe('mixHex', () => {
  it('mixes, and leaves what is no hexadecimal colour alone', () => {
    expect(mixHex('#000000', '#ffffff', 0.5)).toBe('#808080');
    expect(mixHex('rgb(0 0 0)', '#ffffff', 0.5)).toBe('rgb(0 0 0)');
  });
});
