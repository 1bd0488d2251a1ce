import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ObservedEntitySchema,
  type ObservedEntity,
  type ObservedOf,
} from '../../../../shared/model/entity.ts';
import { LinkSchema } from '../../../../shared/model/link.ts';
import { Catalog, instanceKey } from './catalog.ts';
import { Memo } from './memo.ts';
import { observeCatalog } from './observe.ts';
import type { ConsulCheck, ConsulInstance, ConsulNode } from './wire.ts';

const node = (name: string, more: Partial<ConsulNode> = {}): ConsulNode => ({
  name,
  address: '10.0.0.1',
  addresses: ['10.0.0.1'],
  datacenter: '',
  meta: {},
  ...more,
});
const instance = (id: string, more: Partial<ConsulInstance> = {}): ConsulInstance => ({
  node: 'n1',
  id,
  service: id.replace(/-\d+$/, ''),
  kind: '',
  tags: [],
  address: '',
  port: 80,
  lan: [],
  meta: {},
  proxyFor: null,
  ...more,
});
const check = (serviceId: string, status: string, more: Partial<ConsulCheck> = {}): ConsulCheck => ({
  node: 'n1',
  id: serviceId === '' ? 'serfHealth' : `service:${serviceId}`,
  name: 'check',
  status,
  notes: '',
  output: '',
  serviceId,
  serviceName: '',
  ...more,
});

function catalogOf(nodes: ConsulNode[], instances: ConsulInstance[], checks: ConsulCheck[]): Catalog {
  const catalog = new Catalog();
  catalog.replaceNodes(nodes);
  catalog.replaceInstances(instances);
  catalog.replaceChecks(checks);
  return catalog;
}

const look = (catalog: Catalog, memo?: Memo, notes: string[] = []) =>
  observeCatalog({ connectionId: 'c', catalog, notes, asOf: 5 }, memo);

function find<K extends ObservedEntity['kind']>(catalog: Catalog, kind: K, name: string): ObservedOf<K> {
  const entity = look(catalog).entities.find((one) => one.kind === kind && one.name === name);
  if (!entity) throw new Error(`no ${kind} ${name}`);
  return entity as ObservedOf<K>;
}

describe('the catalogue as entities and links', () => {
  it('has nodes, instances and services that hang together', () => {
    const catalog = catalogOf(
      [node('n1')],
      [instance('web-1', { tags: ['b'] }), instance('web-2', { tags: ['a', 'b'] })],
      [check('', 'passing'), check('web-1', 'passing'), check('web-2', 'critical', { output: 'refused' })],
    );
    catalog.setDatacenter('dc1');
    const { entities, links, asOf, scope, partial } = look(catalog);
    expect([scope, asOf, partial]).toEqual(['catalog', 5, undefined]);
    expect(entities.map((entity) => entity.id)).toEqual([
      'consul/c/instance/n1:web-1',
      'consul/c/instance/n1:web-2',
      'consul/c/node/n1',
      'consul/c/service/web',
    ]);
    expect(find(catalog, 'service', 'web')).toMatchObject({
      ownHealth: { state: 'degraded', reason: '1 of 2 instances critical: web-2' },
      attrs: { tags: ['a', 'b'], instances: 2, datacenter: 'dc1' },
    });
    expect(find(catalog, 'instance', 'web-2')).toMatchObject({
      ownHealth: { state: 'down', reason: 'check check critical: refused' },
      sockets: ['10.0.0.1:80'],
      attrs: { address: '10.0.0.1', nodeName: 'n1', checks: [{ status: 'critical' }, { status: 'passing' }] },
    });
    expect(links.map(({ from, to, kind }) => [from, kind, to])).toEqual([
      ['consul/c/instance/n1:web-1', 'runs-on', 'consul/c/node/n1'],
      ['consul/c/instance/n1:web-2', 'runs-on', 'consul/c/node/n1'],
      ['consul/c/service/web', 'routes-to', 'consul/c/instance/n1:web-1'],
      ['consul/c/service/web', 'routes-to', 'consul/c/instance/n1:web-2'],
    ]);
    expect(links.every(({ rule, confidence }) => rule === 'reported' && confidence === 'certain')).toBe(true);
  });

  it('tells same ids on different nodes apart, whatever their names hold', () => {
    const names = fc.string({
      minLength: 1,
      maxLength: 6,
      unit: fc.constantFrom(':', '%', '/', 'a', '3', 'A'),
    });
    fc.assert(
      fc.property(names, names, names, names, (n1, s1, n2, s2) => {
        expect(instanceKey(n1, s1) === instanceKey(n2, s2)).toBe(n1 === n2 && s1 === s2);
      }),
    );
    const twice = [instance('web-1'), instance('web-1', { node: 'n2' })];
    expect(find(catalogOf([node('n1'), node('n2')], twice, []), 'service', 'web').attrs.instances).toBe(2);
  });

  it('folds sidecars into what they stand in front of, with their checks and sockets', () => {
    const proxy = { kind: 'connect-proxy', service: 'web-sidecar-proxy', port: 21_000 };
    const catalog = catalogOf(
      [node('n1')],
      [
        instance('web-1'),
        instance('web-1-sidecar-proxy', { ...proxy, proxyFor: { service: 'web', id: 'web-1' } }),
        instance('api-1'),
        // No id, and the name in another case.
        instance('api-proxy', {
          ...proxy,
          service: 'api-proxy',
          port: 21_001,
          proxyFor: { service: 'API', id: '' },
        }),
        instance('lost-proxy', {
          ...proxy,
          service: 'lost-proxy',
          proxyFor: { service: 'lost', id: 'lost-1' },
        }),
      ],
      [
        check('web-1', 'passing'),
        check('web-1-sidecar-proxy', 'critical', { name: 'Listening' }),
        check('api-1', 'passing'),
      ],
    );
    const services = look(catalog).entities.filter((entity) => entity.kind === 'service');
    expect(services.map((entity) => entity.name)).toEqual(['api', 'lost-proxy', 'web']);
    expect(find(catalog, 'instance', 'web-1')).toMatchObject({
      ownHealth: { state: 'down', reason: 'check Listening critical' },
      sockets: ['10.0.0.1:80', '10.0.0.1:21000'],
    });
    expect(find(catalog, 'instance', 'api-1').sockets).toContain('10.0.0.1:21001');
    expect(find(catalog, 'service', 'lost-proxy').attrs.serviceKind).toBe('connect-proxy');
  });

  it('fills the join keys', () => {
    const catalog = catalogOf(
      [node('n1', { addresses: ['10.0.0.1', 'fd00::1', 'not-an-ip', '999.1.1.1'] })],
      [
        instance('a-1', { address: 'FD00::7', lan: [{ address: '10.0.0.7', port: 80 }] }),
        instance('b-1', { address: 'db.example', port: 5432 }),
        instance('c-1', { port: 0 }),
        instance('d-1', { meta: { 'gantry-connection': 'llm' } }),
      ],
      [],
    );
    expect(find(catalog, 'node', 'n1').addresses).toEqual(['10.0.0.1', 'fd00::1']);
    expect(find(catalog, 'instance', 'a-1').sockets).toEqual(['[fd00::7]:80', '10.0.0.7:80']);
    expect(find(catalog, 'instance', 'b-1').sockets).toEqual(['db.example:5432']);
    expect(find(catalog, 'instance', 'c-1').sockets).toEqual([]);
    expect(find(catalog, 'instance', 'd-1').declaredConnection).toBe('llm');
  });

  it('shows services whose instances are hidden, as unknown, and says so', () => {
    const catalog = catalogOf([], [], []);
    catalog.replaceServices({ web: ['b', 'a'] });
    const { entities, partial } = look(catalog, undefined, ['another note']);
    expect(entities).toMatchObject([
      {
        kind: 'service',
        name: 'web',
        ownHealth: { state: 'unknown' },
        attrs: { instances: 0, tags: ['a', 'b'] },
      },
    ]);
    expect(partial).toBe('another note; no instance of 1 services is visible: the token may lack node:read');
  });

  it('takes the `consul` service’s health from its node, and marks its node as a server', () => {
    const consul = instance('consul', { service: 'consul', port: 8300 });
    const catalog = catalogOf([node('n1'), node('n2')], [consul], [check('', 'passing')]);
    expect(find(catalog, 'instance', 'consul on n1').ownHealth).toEqual({ state: 'healthy' });
    expect(find(catalog, 'node', 'n1').attrs.role).toBe('server');
    expect(find(catalog, 'node', 'n2')).toMatchObject({
      attrs: { role: 'client' },
      ownHealth: { state: 'unknown' },
    });
  });

  it('stays within the model’s bounds for hostile rows', () => {
    const long = '\u0000<b>😀'.repeat(2_000);
    const catalog = catalogOf(
      [node('n1', { address: long }), node('n'.repeat(3_000))],
      [
        instance('web-1', {
          tags: Array.from({ length: 400 }, (_, at) => `${at}${long}`),
          meta: Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`${long}${at}`, long])),
          address: long,
        }),
        instance('x'.repeat(2_000)),
      ],
      Array.from({ length: 100 }, (_, at) =>
        check('web-1', 'critical', { id: `${at}`, name: long, output: long }),
      ),
    );
    const { entities, links, partial } = look(catalog);
    for (const entity of entities) expect(ObservedEntitySchema.safeParse(entity).error).toBeUndefined();
    for (const link of links) expect(LinkSchema.safeParse(link).error).toBeUndefined();
    expect(partial).toContain('1 nodes with names too long to show');
    expect(find(catalog, 'instance', 'web-1').attrs.checks).toHaveLength(64);
  });

  it('leaves out what is past its caps, and says so', () => {
    const many = Array.from({ length: 10_001 }, (_, at) => node(`n${String(at).padStart(6, '0')}`));
    const { entities, partial } = look(catalogOf(many, [], []));
    expect(entities).toHaveLength(10_000);
    expect(partial).toBe('only the first 10000 of 10001 nodes are shown');
  });
});

describe('observing again', () => {
  const rows = {
    nodes: [node('n1'), node('n2')],
    instances: [instance('web-1'), instance('web-2', { node: 'n2' }), instance('api-1')],
    checks: [check('web-1', 'passing'), check('web-2', 'passing', { node: 'n2' }), check('api-1', 'passing')],
  };

  it('does not depend on the order of rows', () => {
    const expected = look(catalogOf(rows.nodes, rows.instances, rows.checks));
    fc.assert(
      fc.property(
        fc.shuffledSubarray(rows.nodes, { minLength: 2 }),
        fc.shuffledSubarray(rows.instances, { minLength: 3 }),
        fc.shuffledSubarray(rows.checks, { minLength: 3 }),
        (nodes, instances, checks) => {
          expect(look(catalogOf(nodes, instances, checks))).toEqual(expected);
        },
      ),
    );
  });

  it('with a memo makes the same, and keeps the objects of what did not change', () => {
    const catalog = catalogOf(rows.nodes, rows.instances, rows.checks);
    const memo = new Memo();
    const before = look(catalog, memo);
    // Parsed anew, equal in content, but for one check.
    const fresh = structuredClone(rows.checks).map((row) =>
      row.serviceId === 'web-2' ? { ...row, status: 'critical' } : row,
    );
    expect(catalog.replaceChecks(fresh)).toBe(true);
    expect(catalog.replaceInstances(structuredClone(rows.instances))).toBe(false);
    const after = look(catalog, memo);
    expect(after).toEqual(look(catalog));
    const same = after.entities
      .filter((entity) => before.entities.includes(entity))
      .map((entity) => entity.name);
    expect(same).toEqual(['api-1', 'web-1', 'n1', 'n2', 'api']);
  });

  it('knows that tags in another order are no change', () => {
    const catalog = new Catalog();
    expect(catalog.replaceServices({ web: ['a', 'b'], api: [] })).toBe(true);
    expect(catalog.replaceServices({ api: [], web: ['b', 'a'] })).toBe(false);
    expect(catalog.replaceServices({ web: ['b', 'a'] })).toBe(true);
  });
});
