import { describe, expect, it } from 'vitest';
import { sampleEntity } from '../../world/sample.ts';
import { tallyOf } from '../../world/tally.ts';
import { calmWords, summaryOf } from './summary.ts';

const well = sampleEntity('host', 'p/p/node/1');
const odd = sampleEntity('host', 'p/p/node/2', { state: 'unknown' });
const served = sampleEntity('host', 'p/p/node/3', { state: 'maintenance' });

it('counts what is not healthy', () => {
  const down = sampleEntity('guest', 'p/p/lxc/1', { state: 'down' });
  expect(summaryOf(tallyOf([well, odd, served, down]))).toBe(
    '4 entities · 1 down · 1 unknown · 1 in maintenance',
  );
  expect(summaryOf(tallyOf([well]))).toBe('1 entity');
});

describe('calmWords', () => {
  it('says that nothing is wrong only when everything is known', () => {
    expect(calmWords(tallyOf([well, served]), 0, 0)).toEqual({
      title: 'Nothing is wrong',
      text: '1 entity is healthy, 1 in maintenance, and every system answers.',
      certain: true,
    });
  });

  it('never takes silence for health', () => {
    expect(calmWords(tallyOf([well]), 2, 0).text).toBe('But 2 systems are not live.');
    expect(calmWords(tallyOf([well, odd]), 1, 0)).toMatchObject({
      title: 'Nothing is known to be wrong',
      text: 'But 1 system is not live, and 1 entity has no known state.',
      certain: false,
    });
  });

  it('tells an empty world from one that is not known yet', () => {
    expect(calmWords(tallyOf([]), 3, 3).title).toBe('Nothing is known yet');
    expect(calmWords(tallyOf([]), 0, 0).title).toBe('The systems are empty');
  });
});
