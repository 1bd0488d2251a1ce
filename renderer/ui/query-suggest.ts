import { qualifiers, type Qualifier } from './query.ts';

export interface Suggestion {
  /** The whole filter text once this is taken. */
  readonly text: string;
  /** What is added, to show. */
  readonly label: string;
  readonly hint: string;
}

const names = Object.keys(qualifiers) as Qualifier[];
const MOST = 14;

/**
 * How the last word of a filter can go on: the qualifiers that begin so, or the values of the one that stands there.
 * `known` adds values from the world (tags, hosts, systems).
 */
export function suggestionsFor(
  text: string,
  known: Partial<Record<Qualifier, readonly string[]>>,
): readonly Suggestion[] {
  const { head, sign, last } = splitLast(text);
  const colon = last.indexOf(':');
  if (colon < 0)
    return names
      .filter((name) => name.startsWith(last.toLowerCase()))
      .map((name) => ({ text: `${head}${sign}${name}:`, label: `${name}:`, hint: qualifiers[name].hint }));
  const name = names.find((candidate) => candidate === last.slice(0, colon).toLowerCase());
  if (name === undefined) return [];
  const words = last.slice(colon + 1).split(',');
  const begun = (words.pop() ?? '').toLowerCase();
  const before = words.length > 0 ? `${words.join(',')},` : '';
  return [...qualifiers[name].values, ...(known[name] ?? [])]
    .filter((value) => value.toLowerCase().includes(begun) && value.toLowerCase() !== begun)
    .slice(0, MOST)
    .map((value) => ({
      text: `${head}${sign}${name}:${before}${quoted(value)} `,
      label: value,
      hint: '',
    }));
}

function splitLast(text: string): { head: string; sign: string; last: string } {
  const at = text.search(/\S*$/);
  const word = text.slice(at);
  const sign = word.startsWith('-') ? '-' : '';
  return { head: text.slice(0, at), sign, last: word.slice(sign.length) };
}

function quoted(value: string): string {
  return /[\s",]/.test(value) ? `"${value.replaceAll('"', '')}"` : value;
}
