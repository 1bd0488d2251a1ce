import { describe, expect, it } from 'vitest';
import { parseFilter } from './filter.ts';
import { parseDuration } from './duration.ts';

const row = {
  Node: 'web-1',
  ServicePort: 80,
  ServiceTags: ['v2', 'blue'],
  ServiceMeta: { version: '2.3', 'my-key': 'x' },
  Checks: [{ Status: 'passing' }, { Status: 'critical' }],
  Address: '',
};
const fits = (text: string) => parseFilter(text, Object.keys(row))(row);

describe('filter expressions', () => {
  it.each([
    ['Node == "web-1"', true],
    ['Node != `web-1`', false],
    ['ServicePort == 80', true],
    ['"v2" in ServiceTags', true],
    ['"v3" not in ServiceTags', true],
    ['ServiceTags contains "blue"', true],
    ['ServiceTags not contains "blue"', false],
    ['"version" in ServiceMeta', true],
    ['Node contains "eb-"', true],
    ['Address is empty', true],
    ['ServiceMeta is not empty', true],
    ['Node matches "^web"', true],
    ['Node not matches "^web"', false],
    ['ServiceMeta.version == "2.3"', true],
    ['ServiceMeta["my-key"] == x', true],
    ['Checks.Status == critical', true],
    ['Checks.Status == warning', false],
    // `not` binds tightest, then `and`, then `or`.
    ['not Node == "x" and Node == "web-1"', true],
    ['Node == "web-1" or Node == "a" and Node == "b"', true],
    ['(Node == "web-1" or Node == "a") and Node == "b"', false],
  ])('%s', (text, expected) => {
    expect(fits(text)).toBe(expected);
  });

  it.each([
    'Node ==',
    '== "x"',
    'Nope == "x"',
    'Node == "x" and',
    '(Node == "x"',
    'Node ~ "x"',
    'Node matches "("',
    '',
  ])('refuses %j', (text) => {
    expect(() => fits(text)).toThrow(/^Failed to create boolean expression evaluator/);
  });
});

describe('durations', () => {
  it('are Go’s', () => {
    expect(['300ms', '10s', '1h30m', '1.5s', '0', '1us'].map(parseDuration)).toEqual([
      300, 10_000, 5_400_000, 1_500, 0, 0.001,
    ]);
    expect(['', '5', 'x', '1d', '10 s'].map(parseDuration)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
