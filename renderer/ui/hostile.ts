/**
 * Text from managed systems is hostile: control characters can hide words, and bidirectional ones can make a name read
 * as another. Such characters are shown by name instead of acting. `at` is where in the text the part began.
 */
export type TextPart =
  | { readonly type: 'text'; readonly text: string; readonly at: number }
  | { readonly type: 'mark'; readonly name: string; readonly at: number };

// Cc: controls. Cf: format characters, among them all bidi controls, zero-width joiners, the soft hyphen and tags.
// Zl/Zp: line and paragraph separators. Cs: lone surrogates. Co: private use. U+034F, U+115F.., U+3164, U+FFA0: blank letters.
const acting = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]/gu;

/** The text cut into plain pieces and named marks. The pieces in order are the whole text; plain text is one piece. */
export function splitHostile(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let from = 0;
  for (const match of text.matchAll(acting)) {
    if (match.index > from) parts.push({ type: 'text', text: text.slice(from, match.index), at: from });
    parts.push({ type: 'mark', name: nameOf(match[0]), at: match.index });
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push({ type: 'text', text: text.slice(from), at: from });
  return parts;
}

/** The same as one string, for places that only take text: titles, canvas, the clipboard. */
export function visibleText(text: string): string {
  return splitHostile(text)
    .map((part) => (part.type === 'text' ? part.text : `⟨${part.name}⟩`))
    .join('');
}

const names: Readonly<Record<number, string>> = {
  0x00: 'NUL',
  0x07: 'BEL',
  0x08: 'BS',
  0x09: 'TAB',
  0x0a: 'LF',
  0x0d: 'CR',
  0x1b: 'ESC',
  0x7f: 'DEL',
  0xad: 'SHY',
  0x200b: 'ZWSP',
  0x200c: 'ZWNJ',
  0x200d: 'ZWJ',
  0x200e: 'LRM',
  0x200f: 'RLM',
  0x202a: 'LRE',
  0x202b: 'RLE',
  0x202c: 'PDF',
  0x202d: 'LRO',
  0x202e: 'RLO',
  0x2066: 'LRI',
  0x2067: 'RLI',
  0x2068: 'FSI',
  0x2069: 'PDI',
  0xfeff: 'BOM',
};

function nameOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return names[code] ?? `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}
