import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { splitHostile, visibleText } from './hostile.ts';

it('leaves ordinary text of any script alone', () => {
  for (const text of ['catalog-b', 'сервис каталога', '目录服务', 'café ☕ 👍'])
    expect(splitHostile(text)).toEqual([{ type: 'text', text, at: 0 }]);
  expect(splitHostile('')).toEqual([]);
});

it('names what would act: right-to-left override, escape, NUL, tag characters', () => {
  expect(visibleText('safe\u202etxt.exe')).toBe('safe⟨RLO⟩txt.exe');
  expect(visibleText('\u001b[31mred')).toBe('⟨ESC⟩[31mred');
  expect(visibleText('a\0b\nc')).toBe('a⟨NUL⟩b⟨LF⟩c');
  expect(visibleText('x\u{e0041}')).toBe('x⟨U+E0041⟩');
  expect(visibleText('\ud800')).toBe('⟨U+D800⟩');
});

it('lets no acting character through, and loses nothing else', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const parts = splitHostile(text);
      expect(visibleText(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      const plain = parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('');
      expect(plain).toBe(
        text.replace(
          /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]/gu,
          '',
        ),
      );
    }),
  );
});
