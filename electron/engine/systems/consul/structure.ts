import type { Clock } from '../../clock.ts';
import type { HttpClient } from '../../net/http.ts';
import { GantryError } from '../../../../shared/model/error.ts';
import {
  readChecks,
  readDump,
  readNodes,
  readNodeServices,
  readServices,
  type Ask,
  type Reply,
} from './client.ts';
import { isOlder, type ConsulIndex } from './indexes.ts';
import type { ConsulCheck, ConsulInstance, ConsulNode } from './wire.ts';

/** Nodes, instances and checks of (nearly) one moment. */
export interface Structure {
  readonly nodes: readonly ConsulNode[];
  readonly instances: readonly ConsulInstance[];
  readonly checks: readonly ConsulCheck[];
  /** All changes up to here are in `nodes` and `instances`. */
  readonly index: ConsulIndex;
  /** The same for `checks`. */
  readonly checksIndex: ConsulIndex;
  readonly knownLeader: boolean;
  readonly lastContactMs: number;
  readonly filtered: boolean;
  readonly receivedAt: number;
}

/** Sends one request without waiting for changes, to the leader or, when there is none, to any server. */
export type Once = <T>(read: (ask: Ask) => Promise<Reply<T>>) => Promise<Reply<T>>;

const WORKERS = 4;
/** Nodes that are asked without pause; beyond, the four workers together make 20 requests a second. */
const FREE_NODES = 100;
const PAUSE_MS = 200;

/**
 * The whole catalogue in one request, by the endpoint of Consul's own UI. It is the only one that tells in one answer what
 * a table-wide index cannot tell: which instance was added, moved or retagged. Its contract is not versioned; where it
 * is blocked or gone, the documented way is taken: one request per node.
 */
export async function readStructure(
  http: HttpClient,
  once: Once,
  clock: Clock,
  signal: AbortSignal,
): Promise<Structure> {
  try {
    const dump = await once((ask) => readDump(http, ask));
    return {
      ...dump,
      nodes: dump.body.map((row) => row.node),
      instances: dump.body.flatMap((row) => row.instances),
      checks: dump.body.flatMap((row) => row.checks),
      checksIndex: dump.index,
    };
  } catch (thrown) {
    if (!isEndpointMissing(thrown)) throw thrown;
    return readNodeByNode(http, once, clock, signal);
  }
}

function isEndpointMissing(thrown: unknown): boolean {
  if (!(thrown instanceof GantryError)) return false;
  const { status, detail = '' } = thrown.data;
  return status === 404 || status === 405 || (status === 403 && detail.includes('blocked by agent'));
}

async function readNodeByNode(
  http: HttpClient,
  once: Once,
  clock: Clock,
  signal: AbortSignal,
): Promise<Structure> {
  // Read before the nodes are asked one by one: what changes meanwhile has a higher index and is fetched again.
  const services = await once((ask) => readServices(http, ask));
  const nodes = await once((ask) => readNodes(http, ask));
  const checks = await once((ask) => readChecks(http, ask));
  const instances: ConsulInstance[] = [];
  const index = isOlder(nodes.index, services.index) ? services.index : nodes.index;
  let filtered = nodes.filtered || checks.filtered;
  // A name that is nothing but dots cannot be put into a path; Consul answers to it no better.
  const queue = nodes.body.filter((node) => !/^\.{0,2}$/.test(node.name));
  const pauses = queue.length > FREE_NODES;
  const work = async () => {
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      const { name } = node;
      const reply = await once((ask) => readNodeServices(http, ask, name));
      instances.push(...reply.body);
      filtered ||= reply.filtered;
      if (pauses) await clock.sleep(PAUSE_MS, signal);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  return {
    ...nodes,
    nodes: nodes.body,
    instances,
    checks: checks.body,
    index,
    checksIndex: checks.index,
    filtered,
  };
}
