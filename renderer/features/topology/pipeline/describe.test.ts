import { describe, expect, it } from 'vitest';
import type { Entity } from '../../../../shared/model/entity.ts';
import { entityKinds } from '../../../../shared/model/entity.ts';
import type { Source } from '../../../../shared/model/freshness.ts';
import { sampleEntity } from '../../../world/sample.ts';
import { detailOf, freshnessText, nodeFreshness, rateOf, spokenName, titleOf } from './describe.ts';
import { nodeOf } from './graph.ts';

const alone = (entity: Entity) => nodeOf(entity.id, [entity]);
/** Between a number and its unit stands a narrow space. */
const plain = (text: string) => text.replaceAll('\u202f', ' ');

describe('the two lines of a node', () => {
  it.each<[Entity, string, string]>([
    [
      sampleEntity('virtual-ip', 'v', { attrs: { ip: '10.0.0.6', port: 443, ruleName: 'catalog' } }),
      '10.0.0.6:443',
      'catalog · tcp',
    ],
    [
      sampleEntity('virtual-ip', 'v', { attrs: { ip: 'fd00::6', port: 80, portMax: 90 } }),
      '[fd00::6]:80–90',
      'v · tcp',
    ],
    [
      sampleEntity('service', 's', { name: 'catalog', metrics: { requestsPerSecond: 2_800 } }),
      'catalog',
      '2.8k req/s',
    ],
    [sampleEntity('service', 's', { name: 'mail', attrs: { instances: 1 } }), 'mail', '1 instance'],
    [sampleEntity('instance', 'i', { name: 'catalog-2' }), 'catalog-2', '10.1.0.22:8080'],
    [
      sampleEntity('guest', 'g', { name: 'ct 112 b', metrics: { cpuFraction: 0.22 }, attrs: { cpus: 2 } }),
      'ct 112 b',
      '2 vCPU · 22 %',
    ],
    [
      sampleEntity('guest', 'g', { name: 'ct 112 b', state: 'down', attrs: { status: 'stopped', cpus: 2 } }),
      'ct 112 b',
      'stopped',
    ],
    [
      sampleEntity('host', 'h', {
        name: 'pve-2',
        metrics: { cpuFraction: 0.37, memoryBytes: 64, memoryLimitBytes: 100 },
      }),
      'pve-2',
      'cpu 37 % · mem 64 %',
    ],
  ])('%#', (entity, title, detail) => {
    expect(titleOf(alone(entity))).toBe(title);
    expect(plain(detailOf(alone(entity)))).toBe(detail);
  });

  it.each(entityKinds)('%s says something even when nothing is known of it', (kind) => {
    expect(detailOf(alone(sampleEntity(kind, 'x') as Entity))).not.toBe('');
  });

  it('makes acting characters visible', () => {
    expect(titleOf(alone(sampleEntity('service', 's', { name: 'a\u202eb' })))).toBe('a⟨RLO⟩b');
  });
});

describe('freshness', () => {
  const source = (state: Source['state'], asOf: number | null): Source => ({
    id: 'lab/main',
    connectionId: 'lab',
    scope: 'main',
    mode: 'poll',
    state,
    asOf,
    intervalMs: 1_000,
  });
  const node = alone(sampleEntity('guest', 'p/lab/lxc/1', { state: 'down', reason: 'guest is stopped' }));

  it.each<[Source['state'], number | null, string]>([
    ['live', 1_000, ''],
    ['late', 1_000, 'late 14 s'],
    ['stale', 1_000, '14 s old'],
    ['partial', 1_000, 'partial'],
    ['never', null, 'never seen'],
  ])('%s', (state, asOf, words) => {
    const freshness = nodeFreshness(node, new Map([['lab/main', source(state, asOf)]]), true);
    expect(plain(freshnessText(freshness, 15_000))).toBe(words);
  });

  it('is stale all over while the engine is away', () => {
    expect(nodeFreshness(node, new Map([['lab/main', source('live', 1)]]), false).state).toBe('stale');
  });

  it('is spoken: kind, name, state, reason, age', () => {
    const freshness = { state: 'stale' as const, asOf: 0 };
    expect(plain(spokenName(node, freshness, 240_000))).toBe(
      'guest 1, down: guest is stopped, running, 4 m old',
    );
  });
});

describe('rateOf', () => {
  it('prefers requests over tokens over bytes, and invents nothing', () => {
    expect(plain(rateOf({ requestsPerSecond: 3, bytesPerSecond: 9 }) ?? '')).toBe('3 req/s');
    expect(plain(rateOf({ tokensPerSecond: 3, bytesPerSecond: 9 }) ?? '')).toBe('3 tok/s');
    expect(rateOf({ cpuFraction: 0.4 })).toBeUndefined();
  });
});
