/** One of the servers: the agents that hold the state. */
export interface ServerSpec {
  readonly id: string;
  /** Its node's name. */
  readonly name: string;
  readonly ip: string;
}

export const VERSION = '1.21.4';
export const RPC_PORT = 8300;
export const SERF_PORT = 8301;

/** Who is up among the servers, and so whether there is a leader: the first that is up, while a majority is. */
export class Cluster {
  readonly datacenter: string;
  readonly servers: readonly ServerSpec[];
  readonly #isUp: (server: ServerSpec) => boolean;
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();
  #leader: ServerSpec | undefined;
  #term = 3;
  #leaderLostAt: number;

  constructor(
    datacenter: string,
    servers: readonly ServerSpec[],
    isUp: (server: ServerSpec) => boolean,
    now: () => number,
  ) {
    this.datacenter = datacenter;
    this.servers = servers;
    this.#isUp = isUp;
    this.#now = now;
    this.#leaderLostAt = now();
    this.elect();
  }

  get term(): number {
    return this.#term;
  }

  isUp(server: ServerSpec): boolean {
    return this.#isUp(server);
  }

  leader(): ServerSpec | undefined {
    return this.#leader;
  }

  /** Epoch ms; of use while there is no leader. */
  leaderLostAt(): number {
    return this.#leaderLostAt;
  }

  /** How many more servers may fail. */
  failureTolerance(): number {
    return Math.max(0, this.#upCount() - this.#majority());
  }

  isServer(node: string): boolean {
    return this.servers.some((server) => server.name === node);
  }

  /** Call when a server came or went. A leader that is up stays. */
  elect(): void {
    const before = this.#leader;
    const hasQuorum = this.#upCount() >= this.#majority();
    const keeps = hasQuorum && before !== undefined && this.#isUp(before);
    if (!keeps) this.#leader = hasQuorum ? this.servers.find((server) => this.#isUp(server)) : undefined;
    if (this.#leader === before) return;
    if (this.#leader === undefined) this.#leaderLostAt = this.#now();
    else this.#term++;
    for (const listener of this.#listeners) listener();
  }

  /** Makes another server that is up the leader. False: no such server. */
  transfer(id: string | undefined): boolean {
    const next = this.servers.find(
      (server) => this.#isUp(server) && server !== this.#leader && (id === undefined || server.id === id),
    );
    if (!next || this.#leader === undefined) return false;
    this.#leader = next;
    this.#term++;
    for (const listener of this.#listeners) listener();
    return true;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #upCount(): number {
    return this.servers.filter((server) => this.#isUp(server)).length;
  }

  #majority(): number {
    return Math.floor(this.servers.length / 2) + 1;
  }
}
