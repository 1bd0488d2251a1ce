import { ConsulFailure } from './errors.ts';

/** `filter=` expressions: equality, membership, emptiness, regular expressions, and/or/not, parentheses. */
type Expression =
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'not'; readonly inner: Expression }
  | { readonly kind: 'test'; readonly path: readonly string[]; readonly test: (value: unknown) => boolean };

interface Token {
  readonly text: string;
  /** A quoted value rather than a word or sign. */
  readonly quoted: boolean;
  readonly at: number;
}

/**
 * A predicate over printed rows. `selectors`: the top-level keys that may be used. Throws the 500 that Consul answers to an
 * invalid expression or an unknown selector.
 */
export function parseFilter(text: string, selectors: readonly string[]): (row: unknown) => boolean {
  const parser = new Parser(text, new Set(selectors));
  const expression = parser.parse();
  return (row) => evaluate(expression, row);
}

function failure(text: string): ConsulFailure {
  return new ConsulFailure(500, `Failed to create boolean expression evaluator: ${text}`, true);
}

class Parser {
  readonly #tokens: Token[];
  readonly #selectors: ReadonlySet<string>;
  readonly #length: number;
  #next = 0;

  constructor(text: string, selectors: ReadonlySet<string>) {
    this.#selectors = selectors;
    this.#length = text.length;
    this.#tokens = tokenize(text);
  }

  parse(): Expression {
    const expression = this.#or();
    if (this.#peek() !== undefined) throw this.#unexpected();
    return expression;
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#takeWord('or')) left = { kind: 'or', left, right: this.#and() };
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.#takeWord('and')) left = { kind: 'and', left, right: this.#not() };
    return left;
  }

  #not(): Expression {
    if (this.#takeWord('not')) return { kind: 'not', inner: this.#not() };
    if (this.#takeWord('(')) {
      const inner = this.#or();
      if (!this.#takeWord(')')) throw this.#unexpected();
      return inner;
    }
    return this.#comparison();
  }

  #comparison(): Expression {
    const first = this.#take();
    if (first.quoted || this.#isWord('in') || (this.#isWord('not') && this.#isWord('in', 1))) {
      const negated = this.#takeWord('not');
      if (!this.#takeWord('in')) throw this.#unexpected();
      return this.#test(this.#take(), negated, (value) => contains(value, first.text));
    }
    if (this.#takeWord('is')) {
      const negated = this.#takeWord('not');
      if (!this.#takeWord('empty')) throw this.#unexpected();
      return this.#test(first, negated, isEmpty);
    }
    if (this.#takeWord('==')) return this.#against(first, false, equals);
    if (this.#takeWord('!=')) return this.#against(first, true, equals);
    const negated = this.#takeWord('not');
    if (this.#takeWord('contains')) return this.#against(first, negated, contains);
    if (this.#takeWord('matches')) return this.#against(first, negated, matches);
    throw this.#unexpected();
  }

  #against(selector: Token, negated: boolean, test: (value: unknown, text: string) => boolean): Expression {
    const { text } = this.#take();
    if (test === matches) compile(text);
    return this.#test(selector, negated, (value) => test(value, text));
  }

  #test(selector: Token, negated: boolean, test: (value: unknown) => boolean): Expression {
    const path = pathOf(selector);
    if (!this.#selectors.has(path[0] ?? '')) throw failure(`Selector "${selector.text}" is not valid`);
    const expression: Expression = { kind: 'test', path, test };
    return negated ? { kind: 'not', inner: expression } : expression;
  }

  #peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#next + ahead];
  }

  #isWord(text: string, ahead = 0): boolean {
    const token = this.#peek(ahead);
    return token !== undefined && !token.quoted && token.text === text;
  }

  #takeWord(text: string): boolean {
    if (!this.#isWord(text)) return false;
    this.#next++;
    return true;
  }

  #take(): Token {
    const token = this.#peek();
    if (token === undefined) throw this.#unexpected();
    this.#next++;
    return token;
  }

  #unexpected(): ConsulFailure {
    const at = this.#peek()?.at ?? this.#length;
    return failure(`1:${at + 1} (${at}): no match found`);
  }
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern =
    /\s+|(==|!=|[()])|"((?:[^"\\]|\\.)*)"|`([^`]*)`|([A-Za-z0-9_./:*-]+(?:\["[^"]*"\][A-Za-z0-9_./:-]*)*)/gy;
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match) throw failure(`1:${at + 1} (${at}): no match found`);
    const [whole, sign, quoted, raw, word] = match;
    if (quoted !== undefined || raw !== undefined) {
      tokens.push({ text: quoted?.replace(/\\(.)/g, '$1') ?? raw ?? '', quoted: true, at });
    } else if (sign !== undefined || word !== undefined) {
      tokens.push({ text: sign ?? word ?? '', quoted: false, at });
    }
    at += whole.length;
  }
  return tokens;
}

/** `Service.Meta["my-key"]` → Service, Meta, my-key */
function pathOf(selector: Token): string[] {
  return [...selector.text.matchAll(/\["([^"]*)"\]|([^.[\]]+)/g)].map(([, key, word]) => key ?? word ?? '');
}

function evaluate(expression: Expression, row: unknown): boolean {
  switch (expression.kind) {
    case 'and':
      return evaluate(expression.left, row) && evaluate(expression.right, row);
    case 'or':
      return evaluate(expression.left, row) || evaluate(expression.right, row);
    case 'not':
      return !evaluate(expression.inner, row);
    case 'test':
      return valuesAt(row, expression.path).some(expression.test);
  }
}

/** All values at a path; a list on the way (the checks of an entry) counts if any of its elements does. */
function valuesAt(value: unknown, path: readonly string[]): unknown[] {
  const [key, ...rest] = path;
  if (key === undefined) return [value];
  if (Array.isArray(value)) return value.flatMap((element: unknown) => valuesAt(element, path));
  if (typeof value !== 'object' || value === null) return [undefined];
  return valuesAt((value as Record<string, unknown>)[key], rest);
}

function equals(value: unknown, text: string): boolean {
  if (typeof value === 'string') return value === text;
  return value === undefined || value === null ? text === '' : JSON.stringify(value) === text;
}

function contains(value: unknown, text: string): boolean {
  if (Array.isArray(value)) return value.includes(text);
  if (typeof value === 'string') return value.includes(text);
  return typeof value === 'object' && value !== null && Object.hasOwn(value, text);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function matches(value: unknown, text: string): boolean {
  return compile(text).test(typeof value === 'string' ? value : '');
}

function compile(text: string): RegExp {
  try {
    return new RegExp(text, 'u');
  } catch {
    throw failure(`error parsing regexp: \`${text}\``);
  }
}
