import type { ObserveContext } from '../system.ts';
import type { Catalog } from './catalog.ts';
import { readAgentSelf, readChecks, readLeader, readNodes, readServices, type Reply } from './client.ts';
import { FROM_START, isOlder } from './indexes.ts';
import type { Memo } from './memo.ts';
import { observeCatalog } from './observe.ts';
import { readStructure, type Structure } from './structure.ts';
import { readFollowingLeader, watch, type Consistency, type WatchOptions } from './watch.ts';
import type { ConsulCheck, ConsulNode } from './wire.ts';

/** Between signs of life. A held query says nothing for up to half a minute, whether Consul is well or frozen. */
const HEARTBEAT_MS = 5_000;

type List = 'nodes' | 'services' | 'checks' | 'structure';

/**
 * Keeps the world in step with one Consul datacenter: three blocking queries (nodes, services, checks), however many
 * services there are. A change of a check is in the answer that it wakes; a change of nodes or services only says that
 * there is one, and the structure is fetched once for it.
 */
export class CatalogWatch {
  readonly #context: ObserveContext;
  readonly #catalog: Catalog;
  readonly #memo: Memo;
  readonly #consistency: Consistency = { leaderless: false };
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  /** Lists from which this token does not see everything. */
  readonly #filtered = new Set<List>();
  #structureIndex = FROM_START;
  #checksIndex = FROM_START;
  #fetching: Promise<boolean> | undefined;
  #lastContactMs = 0;
  #notes = '';
  #published = false;
  #versionKnown = false;

  /** `catalog` and `memo` outlive failures, so that what did not change over an outage keeps its objects. */
  constructor(context: ObserveContext, catalog: Catalog, memo: Memo) {
    this.#context = context;
    this.#catalog = catalog;
    this.#memo = memo;
    this.#signal = AbortSignal.any([context.signal, this.#stop.signal]);
  }

  /** Runs until aborted or until the first failure, which ends the other queries too. */
  async run(): Promise<void> {
    // Alone and first: while Consul is away, each attempt costs one request.
    await this.#fetchStructure();
    this.#publish();
    const loops = [
      watch(
        this.#options(
          (ask) => readChecks(this.#context.http, ask),
          this.#applyChecks,
          (body) => body.length,
        ),
      ),
      watch(
        this.#options(
          (ask) => readNodes(this.#context.http, ask),
          this.#applyNodes,
          (body) => body.length,
        ),
      ),
      watch(
        this.#options(
          (ask) => readServices(this.#context.http, ask),
          this.#applyServices,
          (body) => Object.keys(body).length,
        ),
      ),
    ];
    const heartbeat = this.#beat();
    const version = this.#readVersion();
    try {
      await Promise.race([...loops, heartbeat]);
    } finally {
      this.#stop.abort();
      await Promise.allSettled([...loops, heartbeat, version]);
    }
  }

  /**
   * Asks for the leader now and then. Its failure ends the watch as any other does, so a frozen Consul is noticed in
   * seconds; its answer tells of a lost leader while the queries are still held.
   */
  async #beat(): Promise<never> {
    const { http, clock, random } = this.#context;
    for (;;) {
      await clock.sleep(HEARTBEAT_MS * (0.9 + 0.2 * random()), this.#signal);
      const leaderless = (await readLeader(http, this.#signal)) === '';
      if (leaderless === this.#consistency.leaderless) continue;
      this.#consistency.leaderless = leaderless;
      this.#publish();
    }
  }

  #options<T>(
    read: WatchOptions<T>['read'],
    apply: (reply: Reply<T>, restarted: boolean) => boolean | Promise<boolean>,
    rows: WatchOptions<T>['rows'],
  ): WatchOptions<T> {
    return {
      clock: this.#context.clock,
      random: this.#context.random,
      signal: this.#signal,
      consistency: this.#consistency,
      read,
      rows,
      apply: async (reply, restarted) => {
        this.#lastContactMs = reply.lastContactMs;
        const changed = await apply(reply, restarted);
        this.#tell(changed, reply.receivedAt);
        return changed;
      },
    };
  }

  readonly #applyChecks = (reply: Reply<ConsulCheck[]>): boolean => {
    this.#checksIndex = reply.index;
    this.#mark('checks', reply.filtered);
    return this.#catalog.replaceChecks(reply.body);
  };

  readonly #applyNodes = async (reply: Reply<ConsulNode[]>, restarted: boolean): Promise<boolean> => {
    this.#mark('nodes', reply.filtered);
    const named = this.#catalog.setDatacenter(reply.body[0]?.datacenter ?? '');
    return (await this.#follow(reply, restarted)) || named;
  };

  readonly #applyServices = async (
    reply: Reply<Record<string, string[]>>,
    restarted: boolean,
  ): Promise<boolean> => {
    this.#mark('services', reply.filtered);
    // The structure first: a new name must not be shown before its instances.
    const changed = await this.#follow(reply, restarted);
    return this.#catalog.replaceServices(reply.body) || changed;
  };

  /** Fetches the structure when the answer is newer than it. */
  async #follow(reply: Reply<unknown>, restarted: boolean): Promise<boolean> {
    if (restarted) this.#structureIndex = this.#checksIndex = FROM_START;
    let changed = false;
    // One fetch serves both queries; one that was under way may have been too early for this answer.
    while (isOlder(this.#structureIndex, reply.index)) {
      const before = this.#structureIndex;
      this.#fetching ??= this.#fetchStructure().finally(() => {
        this.#fetching = undefined;
      });
      changed = (await this.#fetching) || changed;
      // A server that lags behind the one that told us: what it knows is taken, the next wake brings the rest.
      if (!isOlder(before, this.#structureIndex)) break;
    }
    return changed;
  }

  async #fetchStructure(): Promise<boolean> {
    const { http, clock } = this.#context;
    const reader = { signal: this.#signal, consistency: this.#consistency };
    const structure = await readStructure(
      http,
      (read) => readFollowingLeader({ ...reader, read }, FROM_START),
      clock,
      this.#signal,
    );
    return this.#applyStructure(structure);
  }

  #applyStructure(structure: Structure): boolean {
    this.#mark('structure', structure.filtered);
    this.#lastContactMs = structure.lastContactMs;
    this.#structureIndex = structure.index;
    const nodes = this.#catalog.replaceNodes(structure.nodes);
    const instances = this.#catalog.replaceInstances(structure.instances);
    // Its checks are of the same moment as its instances, unless the checks' own query is already further on.
    const newer = !isOlder(structure.checksIndex, this.#checksIndex);
    const checks = newer && this.#catalog.replaceChecks(structure.checks);
    this.#reportServerVersion();
    return nodes || instances || checks;
  }

  #mark(list: List, filtered: boolean): void {
    if (filtered) this.#filtered.add(list);
    else this.#filtered.delete(list);
  }

  /** Publishes what changed, or confirms that nothing did. */
  #tell(changed: boolean, asOf: number): void {
    const notes = this.#missing().join('; ');
    if (changed || notes !== this.#notes || !this.#published) this.#publish();
    else this.#context.confirm(asOf);
  }

  #publish(): void {
    const context = this.#context;
    const notes = this.#missing();
    this.#notes = notes.join('; ');
    this.#published = true;
    const input = {
      connectionId: context.connectionId,
      catalog: this.#catalog,
      notes,
      asOf: context.clock.now(),
    };
    context.publish(observeCatalog(input, this.#memo));
  }

  /** What is known not to be seen. */
  #missing(): string[] {
    const notes: string[] = [];
    if (this.#consistency.leaderless) {
      const age = Math.round(this.#lastContactMs / 1_000);
      const since = this.#lastContactMs > 0 ? `, ${age} s ago` : '';
      notes.push(`the cluster has no leader: this is what one server last knew${since}`);
    }
    if (this.#catalog.nodes.size === 0) {
      // Consul's servers are nodes themselves, so an empty list means hidden rows. Older versions do not tell otherwise.
      notes.push('no node is visible: the token lacks node:read');
    } else if (this.#filtered.size > 0) {
      notes.push('Consul hides rows from this token: it lacks node:read or service:read on some');
    } else if (this.#catalog.services.size > 0 && !this.#catalog.services.has('consul')) {
      notes.push(
        'the service "consul" is hidden from this token, so others may be too: it lacks service:read on some',
      );
    }
    return notes;
  }

  /** From the agent, which says it exactly; without the right to ask it, from what a server registered of itself. */
  async #readVersion(): Promise<void> {
    try {
      const { Config } = await readAgentSelf(this.#context.http, this.#signal);
      if (Config.Version === '') return;
      this.#versionKnown = true;
      this.#context.reportVersion(Config.Version);
    } catch {
      // Not needed for anything else, and every other request tells its failure.
      this.#reportServerVersion();
    }
  }

  #reportServerVersion(): void {
    if (this.#versionKnown) return;
    for (const row of this.#catalog.instances.values()) {
      const version = row.id === 'consul' ? row.meta['version'] : undefined;
      if (version === undefined || version === '') continue;
      this.#context.reportVersion(version);
      return;
    }
  }
}
