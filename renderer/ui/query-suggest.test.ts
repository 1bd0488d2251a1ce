import { expect, it } from 'vitest';
import { parseQuery } from './query.ts';
import { suggestionsFor } from './query-suggest.ts';

const labels = (text: string, known = {}) => suggestionsFor(text, known).map(({ label }) => label);

it('offers the qualifiers, and those that begin like the last word', () => {
  expect(labels('')).toEqual(['type:', 'health:', 'node:', 'tag:', 'system:', 'age:', 'since:']);
  expect(labels('health:down t')).toEqual(['type:', 'tag:']);
  expect(labels('10.0.0.6')).toEqual([]);
});

it('offers the values of a qualifier and keeps the rest of the text', () => {
  expect(suggestionsFor('cat -health:do', {})).toEqual([
    { text: 'cat -health:down ', label: 'down', hint: '' },
  ]);
  expect(suggestionsFor('health:down,deg', {})[0]?.text).toBe('health:down,degraded ');
});

it('offers what the world knows, quoted where it must be', () => {
  expect(labels('tag:ca', { tag: ['canary', 'blue'] })).toEqual(['canary']);
  expect(suggestionsFor('tag:a', { tag: ['a b'] })[0]?.text).toBe('tag:"a b" ');
});

it('offers only what the filter language understands', () => {
  for (const start of ['type:', 'health:', 'age:'])
    for (const { text } of suggestionsFor(start, {})) expect(parseQuery(text).problems).toEqual([]);
});
