import { expect, it } from 'vitest';
import { errorText, errorTitle } from './error-text.ts';
import { keyWords } from './key-words.ts';

const error = {
  code: 'timeout' as const,
  attempted: 'read rules',
  target: 'http://127.0.0.1:11111/netlox/v1/config/loadbalancer/all',
  knownEffect: 'nothing was changed',
  advice: 'Check that LoxiLB runs.',
  retryable: true,
  detail: 'safe\u202etxt',
  status: 504,
};

it('says in one line what was tried and how it failed', () => {
  expect(errorTitle(error)).toBe('Could not read rules: no answer in time (HTTP 504)');
});

it('gives everything for a ticket, one fact a line, nothing hidden', () => {
  const lines = errorText(error).split('\n');
  expect(lines).toHaveLength(6);
  expect(lines).toContain('answer: safe⟨RLO⟩txt');
  expect(lines).toContain('known effect: nothing was changed');
});

it('writes keys as their caps say', () => {
  expect(keyWords('mod+k', false)).toEqual(['Ctrl', 'K']);
  expect(keyWords('mod+k', true)).toEqual(['⌘', 'K']);
  expect(keyWords('g o', false)).toEqual(['g', 'o']);
});
