import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Source } from '../../shared/model/freshness.ts';
import { sampleEntity } from '../world/sample.ts';
import { matches, parseQuery, type QueryContext } from './query.ts';

const now = 1_000_000;
const guest = sampleEntity('guest', 'proxmox/pve/lxc/112', {
  name: 'catalog-b',
  state: 'down',
  reason: 'guest is stopped',
  since: now - 120_000,
  attrs: { tags: ['prod', 'Canary'], hostName: 'pve-2' },
  addresses: ['10.1.0.22'],
  sockets: ['10.1.0.22:8080'],
});

function contextWith(asOf: number | null, state: Source['state'] = 'live'): QueryContext {
  return {
    now,
    sourceOf: () => ({
      id: 's',
      connectionId: 'pve',
      scope: 'main',
      mode: 'poll',
      state,
      asOf,
      intervalMs: 5_000,
    }),
    nodesOf: () => ['pve-2'],
  };
}
const context = contextWith(now - 3_000);

function passes(text: string, given = context): boolean {
  return matches(guest, parseQuery(text), given);
}

describe('parseQuery', () => {
  it('says nothing for an empty text', () => {
    expect(parseQuery('   ')).toEqual({ terms: [], problems: [] });
  });

  it('reads qualifiers, lists, negation and quotes', () => {
    expect(parseQuery('type:guest,host -health:down "two words" tag:"a b"').terms).toEqual([
      { negated: false, by: 'type', kinds: ['guest', 'host'] },
      { negated: true, by: 'health', states: ['down'] },
      { negated: false, by: 'text', text: 'two words' },
      { negated: false, by: 'tag', texts: ['a b'] },
    ]);
  });

  it('takes an address with a port and an unknown qualifier as text', () => {
    expect(parseQuery('10.0.0.6:443 foo:bar').terms).toEqual([
      { negated: false, by: 'text', text: '10.0.0.6:443' },
      { negated: false, by: 'text', text: 'foo:bar' },
    ]);
  });

  it('names a value that a qualifier does not know, and filters nothing by it', () => {
    const query = parseQuery('health:broken');
    expect(query.terms).toEqual([]);
    expect(query.problems).toEqual([expect.stringContaining('health: does not know "broken"')]);
    expect(query.problems[0]).toContain('degraded');
  });

  it('waits for a value while a qualifier is being typed', () => {
    expect(parseQuery('type:')).toEqual({ terms: [], problems: [] });
  });

  it('takes the short names of kinds', () => {
    expect(parseQuery('type:vip,vm').terms).toEqual([
      { negated: false, by: 'type', kinds: ['virtual-ip', 'guest'] },
    ]);
  });

  it('never throws, and an unclosed quote runs to the end', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseQuery(text);
      }),
    );
    expect(parseQuery('"open end').terms).toEqual([{ negated: false, by: 'text', text: 'open end' }]);
  });
});

describe('matches', () => {
  it.each([
    ['', true],
    ['CATALOG', true],
    ['10.1.0.22:8080', true],
    ['stopped', true],
    ['lxc/112', true],
    ['payments', false],
    ['type:guest', true],
    ['type:host', false],
    ['type:host,guest', true],
    ['-type:guest', false],
    ['health:down', true],
    ['health:bad', true],
    ['health:healthy', false],
    ['-health:healthy', true],
    ['tag:canary', true],
    ['tag:blue', false],
    ['node:PVE-2', true],
    ['node:pve-1', false],
    ['system:proxmox', true],
    ['system:pve', true],
    ['system:consul', false],
    ['since:<5m', true],
    ['since:>5m', false],
    ['since:>1m', true],
    ['type:guest health:down tag:prod', true],
    ['type:guest health:down tag:blue', false],
  ])('%j → %s', (text, expected) => {
    expect(passes(text)).toBe(expected);
  });

  it('filters by the age of the data and by its freshness', () => {
    expect(passes('age:>1s')).toBe(true);
    expect(passes('age:1s')).toBe(true);
    expect(passes('age:>5s')).toBe(false);
    expect(passes('age:<5s')).toBe(true);
    expect(passes('age:stale', contextWith(now, 'stale'))).toBe(true);
    expect(passes('age:stale')).toBe(false);
  });

  it('holds what was never seen for older than anything', () => {
    expect(passes('age:>99d', contextWith(null, 'never'))).toBe(true);
    expect(passes('age:<99d', contextWith(null, 'never'))).toBe(false);
  });

  it('a negated term passes exactly what the plain one does not', () => {
    const term = fc.constantFrom(
      'type:guest',
      'health:bad',
      'tag:x',
      'node:pve',
      'age:>1s',
      'since:<1m',
      'word',
    );
    fc.assert(fc.property(term, (text) => passes(text) !== passes(`-${text}`)));
  });
});
