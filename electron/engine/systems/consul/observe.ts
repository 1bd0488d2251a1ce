import type { Observation } from '../../../../shared/model/entity.ts';
import { entityId, type EntityId } from '../../../../shared/model/ids.ts';
import { instanceAddress, instanceSockets, nodeAddresses } from './addresses.ts';
import { instanceKey, type Catalog } from './catalog.ts';
import { foldSidecars } from './fold.ts';
import {
  cut,
  instanceHealth,
  isMaintenance,
  nodeHealth,
  serviceHealth,
  type InstanceHealth,
} from './health.ts';
import { Memo, type Made } from './memo.ts';
import type { ConsulCheck, ConsulInstance, ConsulNode } from './wire.ts';

export const SCOPE = 'catalog';
/** Metadata key by which an operator declares which connection of Gantry an instance is. */
export const DECLARED_CONNECTION_META = 'gantry-connection';

/** Past these the rest is left out, in the order of their ids, and the observation says so. */
export const MAX_NODES = 10_000;
export const MAX_INSTANCES = 20_000;
export const MAX_SERVICES = 10_000;

const MAX_ID = 1_000;
const MAX_TEXT = 2_000;
const MAX_TAGS = 256;
const MAX_CHECKS = 64;
const MAX_META = 64;

export interface ObserveInput {
  readonly connectionId: string;
  readonly catalog: Catalog;
  /** What is known to be missing, in words. */
  readonly notes: readonly string[];
  readonly asOf: number;
}

interface Scene {
  readonly connectionId: string;
  readonly catalog: Catalog;
  readonly memo: Memo;
  readonly checksOfNode: ReadonlyMap<string, readonly ConsulCheck[]>;
  readonly checksOfInstance: ReadonlyMap<string, readonly ConsulCheck[]>;
  readonly sidecars: ReadonlyMap<string, readonly ConsulInstance[]>;
  readonly notes: string[];
}

interface ShownInstance {
  readonly id: EntityId;
  readonly row: ConsulInstance;
  readonly judged: InstanceHealth;
}

/**
 * The catalogue as nodes, services and instances, sorted by id. With a `memo` of the last round, entities whose rows did
 * not change are the same objects as before.
 */
export function observeCatalog(input: ObserveInput, memo: Memo = new Memo()): Observation {
  const { connectionId, catalog } = input;
  memo.begin();
  const { shown, sidecars } = foldSidecars(catalog.instances);
  const scene: Scene = {
    connectionId,
    catalog,
    memo,
    sidecars,
    ...groupChecks(catalog.checks.values()),
    notes: [...input.notes],
  };
  const instances: Made[] = [];
  const byService = new Map<string, ShownInstance[]>();
  for (const [id, row] of select(scene, shown, 'instance', MAX_INSTANCES)) {
    const [entity, judged] = instanceOf(scene, id, row);
    instances.push(entity);
    const siblings = byService.get(row.service);
    if (siblings) siblings.push({ id, row, judged });
    else byService.set(row.service, [{ id, row, judged }]);
  }
  const nodes = select(scene, catalog.nodes, 'node', MAX_NODES).map(([id, node]) => nodeOf(scene, id, node));
  const services = select(scene, serviceNames(scene, byService), 'service', MAX_SERVICES).map(([id, name]) =>
    serviceOf(scene, id, name, byService.get(name) ?? []),
  );
  // Each part is sorted by id, and so are the parts among themselves; links follow the entity they start from.
  const made = [...instances, ...nodes, ...services];
  return {
    scope: SCOPE,
    entities: made.map((one) => one.entity),
    links: made.flatMap((one) => one.links),
    asOf: input.asOf,
    ...(scene.notes.length > 0 && { partial: cut(scene.notes.join('; '), 500) }),
  };
}

/** Those that can be shown, by entity id. Tells in `notes` what is left out. */
function select<T>(
  scene: Scene,
  rows: ReadonlyMap<string, T>,
  type: 'node' | 'instance' | 'service',
  cap: number,
): [EntityId, T][] {
  const all = [...rows]
    .map(([key, row]): [EntityId, T] => {
      const make = () => entityId('consul', scene.connectionId, type, key);
      return [scene.memo.id(`${type} ${key}`, make), row];
    })
    .filter(([id]) => id.length <= MAX_ID)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const tooLong = rows.size - all.length;
  if (tooLong > 0) scene.notes.push(`${tooLong} ${type}s with names too long to show`);
  if (all.length > cap) scene.notes.push(`only the first ${cap} of ${all.length} ${type}s are shown`);
  return all.slice(0, cap);
}

/**
 * Names of the shown instances and of those services that the catalogue lists without any visible instance. Names of
 * folded sidecars are left out.
 */
function serviceNames(
  scene: Scene,
  byService: ReadonlyMap<string, readonly ShownInstance[]>,
): ReadonlyMap<string, string> {
  const names = new Set(byService.keys());
  const known = new Set([...scene.catalog.instances.values()].map((row) => row.service));
  let hidden = 0;
  for (const name of scene.catalog.services.keys()) {
    if (known.has(name)) continue;
    names.add(name);
    hidden++;
  }
  if (hidden > 0)
    scene.notes.push(`no instance of ${hidden} services is visible: the token may lack node:read`);
  return new Map([...names].map((name) => [name, name]));
}

function nodeOf(scene: Scene, id: EntityId, node: ConsulNode): Made {
  const checks = scene.checksOfNode.get(node.name) ?? [];
  const { datacenter } = scene.catalog;
  const isServer = scene.catalog.instances.has(instanceKey(node.name, 'consul'));
  return scene.memo.get(id, [node, datacenter, isServer, ...checks], () => ({
    entity: {
      id,
      kind: 'node',
      name: cut(node.name, MAX_TEXT / 2),
      ownHealth: nodeHealth(checks),
      metrics: {},
      addresses: nodeAddresses(node),
      sockets: [],
      attrs: {
        address: cut(node.address, MAX_TEXT),
        checks: checks.slice(0, MAX_CHECKS).map(checkAttr),
        role: isServer ? 'server' : 'client',
        ...(datacenter !== '' && { datacenter: cut(datacenter, MAX_TEXT) }),
      },
    },
    links: [],
  }));
}

function instanceOf(scene: Scene, id: EntityId, row: ConsulInstance): [Made, InstanceHealth] {
  const key = instanceKey(row.node, row.id);
  const node = scene.catalog.nodes.get(row.node);
  const sidecars = scene.sidecars.get(key) ?? [];
  const own = [row, ...sidecars].flatMap(
    (one) => scene.checksOfInstance.get(instanceKey(one.node, one.id)) ?? [],
  );
  const ofNode = scene.checksOfNode.get(row.node) ?? [];
  const judged = instanceHealth(own, ofNode, row.service === 'consul');
  const inputs = [row, node, own.length, ...own, ofNode.length, ...ofNode, ...sidecars];
  return [
    scene.memo.get(id, inputs, () => makeInstance(scene, id, row, node, sidecars, own, ofNode, judged)),
    judged,
  ];
}

function makeInstance(
  scene: Scene,
  id: EntityId,
  row: ConsulInstance,
  node: ConsulNode | undefined,
  sidecars: readonly ConsulInstance[],
  own: readonly ConsulCheck[],
  ofNode: readonly ConsulCheck[],
  judged: InstanceHealth,
): Made {
  const meta = Object.entries(row.meta).slice(0, MAX_META);
  const declared = row.meta[DECLARED_CONNECTION_META];
  return {
    entity: {
      id,
      kind: 'instance',
      name: cut(instanceName(row), MAX_TEXT / 2),
      ownHealth: judged.health,
      metrics: {},
      addresses: [],
      sockets: instanceSockets(row, node, sidecars),
      ...(declared !== undefined && declared !== '' && { declaredConnection: cut(declared, 200) }),
      attrs: {
        serviceName: cut(row.service, MAX_TEXT),
        nodeName: cut(row.node, MAX_TEXT),
        address: cut(instanceAddress(row, node), MAX_TEXT),
        port: row.port,
        tags: tagsOf([row]),
        checks: [...own, ...ofNode].slice(0, MAX_CHECKS).map(checkAttr),
        ...(meta.length > 0 && {
          meta: Object.fromEntries(meta.map(([name, value]) => [cut(name, 200), cut(value, MAX_TEXT)])),
        }),
      },
    },
    links:
      node === undefined
        ? []
        : [
            {
              from: id,
              to: entityId('consul', scene.connectionId, 'node', row.node),
              kind: 'runs-on',
              rule: 'reported',
              evidence: cut(`${row.id} is registered on the node ${row.node}`, 500),
              confidence: 'certain',
            },
          ],
  };
}

/** A service id that is just the service's name (registered without one) tells instances apart by their nodes alone. */
function instanceName(row: ConsulInstance): string {
  return row.id === row.service ? `${row.id} on ${row.node}` : row.id;
}

function serviceOf(scene: Scene, id: EntityId, name: string, members: readonly ShownInstance[]): Made {
  const { datacenter } = scene.catalog;
  // Tags come from the instances; the catalogue's own list is for services without visible ones.
  const listed = members.length > 0 ? undefined : scene.catalog.services.get(name);
  const inputs = [datacenter, listed, ...members.flatMap(({ row, judged }) => [row, judged.verdict])];
  return scene.memo.get(id, inputs, () => {
    const kind = members.find(({ row }) => row.kind !== '')?.row.kind;
    return {
      entity: {
        id,
        kind: 'service',
        name: cut(name, MAX_TEXT / 2),
        ownHealth: serviceHealth(
          members.map(({ row, judged }) => ({ name: instanceName(row), verdict: judged.verdict })),
        ),
        metrics: {},
        addresses: [],
        sockets: [],
        attrs: {
          tags: tagsOf(listed === undefined ? members.map(({ row }) => row) : [{ tags: listed }]),
          instances: members.length,
          ...(kind !== undefined && { serviceKind: cut(kind, 100) }),
          ...(datacenter !== '' && { datacenter: cut(datacenter, MAX_TEXT) }),
        },
      },
      links: members.map((member) => ({
        from: id,
        to: member.id,
        kind: 'routes-to' as const,
        rule: 'reported' as const,
        evidence: cut(`${member.row.id} is an instance of ${name} in the catalogue`, 500),
        confidence: 'certain' as const,
      })),
    };
  });
}

function tagsOf(rows: readonly { readonly tags: readonly string[] }[]): string[] {
  const tags = new Set(rows.flatMap((row) => row.tags));
  return [...tags]
    .sort()
    .slice(0, MAX_TAGS)
    .map((tag) => cut(tag, MAX_TEXT));
}

function checkAttr(check: ConsulCheck) {
  return {
    id: cut(check.id, MAX_TEXT),
    name: cut(check.name, MAX_TEXT),
    // A maintenance check's own status is always critical; its text is in the notes.
    status: isMaintenance(check) ? 'maintenance' : cut(check.status, 100),
    output: cut(isMaintenance(check) ? check.notes : check.output, MAX_TEXT),
  };
}

/** Checks by node and by instance, each list by check id, so that reasons do not move with Consul's order. */
function groupChecks(checks: Iterable<ConsulCheck>): Pick<Scene, 'checksOfNode' | 'checksOfInstance'> {
  const checksOfNode = new Map<string, ConsulCheck[]>();
  const checksOfInstance = new Map<string, ConsulCheck[]>();
  for (const check of checks) {
    const [map, key] =
      check.serviceId === ''
        ? [checksOfNode, check.node]
        : [checksOfInstance, instanceKey(check.node, check.serviceId)];
    const list = map.get(key);
    if (list) list.push(check);
    else map.set(key, [check]);
  }
  for (const list of [...checksOfNode.values(), ...checksOfInstance.values()]) {
    if (list.length > 1) list.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  }
  return { checksOfNode, checksOfInstance };
}
