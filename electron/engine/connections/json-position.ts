/** One JSON token, or the white space before the end. */
const TOKEN =
  /[ \t\r\n]*([{}[\],:]|"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|$)/uy;

/** Nesting beyond this is no configuration. */
const DEEPEST = 200;

/**
 * Where a text stops being JSON, as a line and column from 1; undefined when it is JSON. The parser's own message is of
 * no use for that: it often lacks the position, and quotes the text, which may be a secret.
 */
export function jsonErrorPosition(
  text: string,
): { readonly line: number; readonly column: number } | undefined {
  const end = firstError(text);
  if (end === undefined) return undefined;
  const lines = text.slice(0, end).split('\n');
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}

/** What may come next. After an opening bracket the closing one is allowed too, after a comma it is not. */
type Expect = 'value' | 'value-or-]' | 'key' | 'key-or-}' | 'colon' | 'comma-or-end';

function firstError(text: string): number | undefined {
  const open: ('{' | '[')[] = [];
  let expect: Expect = 'value';
  let at = 0;
  for (;;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    const token = match?.[1];
    if (match === null || token === undefined) return at + whiteSpaceAt(text, at);
    const start = TOKEN.lastIndex - token.length;
    at = TOKEN.lastIndex;
    if (token === '') return expect === 'comma-or-end' && open.length === 0 ? undefined : start;
    const next = follow(token, expect, open);
    if (next === undefined || open.length > DEEPEST) return start;
    expect = next;
  }
}

function whiteSpaceAt(text: string, at: number): number {
  return /^[ \t\r\n]*/.exec(text.slice(at))?.[0].length ?? 0;
}

/** The expectation after `token`, or undefined where it must not stand. Keeps `open` up to date. */
function follow(token: string, expect: Expect, open: ('{' | '[')[]): Expect | undefined {
  const closes = (token === '}' && open.at(-1) === '{') || (token === ']' && open.at(-1) === '[');
  if (closes) {
    const allowed = expect === 'comma-or-end' || expect === (token === '}' ? 'key-or-}' : 'value-or-]');
    if (allowed) open.pop();
    return allowed ? 'comma-or-end' : undefined;
  }
  switch (expect) {
    case 'colon':
      return token === ':' ? 'value' : undefined;
    case 'comma-or-end':
      if (token !== ',' || open.length === 0) return undefined;
      return open.at(-1) === '{' ? 'key' : 'value';
    case 'key':
    case 'key-or-}':
      return token.startsWith('"') ? 'colon' : undefined;
    case 'value':
    case 'value-or-]':
      if (token === '{' || token === '[') {
        open.push(token);
        return token === '{' ? 'key-or-}' : 'value-or-]';
      }
      return /^[}\],:]/.test(token) ? undefined : 'comma-or-end';
  }
}
