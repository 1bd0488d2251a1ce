import type { LabContext } from '../kit/module.ts';
import type { LabGuest, LabHost, LabWorld } from '../kit/world.ts';
import { Access } from './access.ts';
import { appliesAtOnce, digestOf, initialConfig, type Config, type GuestType } from './guest-config.ts';
import { Ha } from './ha.ts';
import type { Value } from './params.ts';
import { badParameter, failure, PveError } from './pve-error.ts';
import { Stores } from './stores.ts';
import { Tasks, type Worker } from './tasks.ts';

export interface Snapshot {
  readonly name: string;
  description: string;
  /** Epoch seconds. */
  readonly snaptime: number;
  readonly parent: string | undefined;
  readonly vmstate: boolean;
  readonly config: Config;
}

/** What Proxmox keeps of a guest beside its run state, which is the world's. */
export interface GuestRecord {
  /** What is in force. `lock`, `template` and `protection` are keys of it, as in the real file. */
  config: Config;
  /** Changes that wait for a restart; null: the key goes. */
  readonly pending: Map<string, Value | null>;
  readonly snapshots: Snapshot[];
  parent: string | undefined;
}

export interface ClusterOptions {
  /** Seconds of the real clock per second of a worker. */
  readonly pace: number;
  /** How long a refused login is kept waiting, ms. */
  readonly refusalDelayMs: number;
}

const GUEST_LOCK_WAIT_MS = 10_000;

/** The cluster that this stand-in plays: the shared world seen as Proxmox, and everything only Proxmox knows. */
export class Cluster {
  readonly world: LabWorld;
  readonly context: LabContext;
  readonly options: ClusterOptions;
  readonly access: Access;
  readonly tasks: Tasks;
  readonly ha: Ha;
  readonly stores: Stores;
  readonly #records = new Map<number, GuestRecord>();
  readonly #busy = new Map<number, Promise<void>>();
  readonly #dispose: () => void;

  constructor(context: LabContext, options: ClusterOptions) {
    this.context = context;
    this.options = options;
    this.world = context.world;
    this.access = new Access(
      () => this.seconds(),
      (vmid) => this.world.guests.get(Number(vmid))?.pool,
    );
    this.tasks = new Tasks({ now: context.now, signal: context.signal, pace: options.pace });
    this.ha = new Ha(this);
    this.stores = new Stores(this);
    // Configurations are written when a guest first appears, not when somebody first asks: what runs then is set to start at boot.
    this.#discover();
    this.#dispose = this.world.onChange(() => this.#discover());
  }

  close(): void {
    this.#dispose();
  }

  /** Epoch seconds. */
  seconds(): number {
    return Math.floor(this.context.now() / 1_000);
  }

  /** The host that was contacted: the first that is up. */
  localNode(): string {
    const up = [...this.world.hosts.values()].find((host) => host.online);
    return up?.name ?? [...this.world.hosts.keys()][0] ?? 'localhost';
  }

  isQuorate(): boolean {
    const hosts = [...this.world.hosts.values()];
    return hosts.filter((host) => host.online).length * 2 > hosts.length;
  }

  /** The node a call is for. 500 for one that does not exist, 595 for one that cannot be reached. */
  node(name: string): LabHost {
    const host = this.world.hosts.get(name === 'localhost' ? this.localNode() : name);
    if (!host)
      throw failure(
        `hostname lookup '${name}' failed - failed to get address info for: ${name}: Name or service not known`,
      );
    if (!host.online) throw new PveError(595, 'No route to host');
    return host;
  }

  /** A guest at the node the caller believes it to be on. 500, as the API says it, when its file is not there. */
  guest(node: string, type: GuestType, vmid: number): LabGuest {
    const host = this.node(node);
    const guest = this.world.guests.get(vmid);
    if (!guest || guest.type !== type || guest.host !== host.name) {
      const folder = type === 'lxc' ? 'lxc' : 'qemu-server';
      throw failure(`Configuration file 'nodes/${host.name}/${folder}/${vmid}.conf' does not exist`);
    }
    return guest;
  }

  record(vmid: number): GuestRecord {
    const record = this.#records.get(vmid);
    if (!record) throw failure(`no configuration of ${vmid}`);
    return record;
  }

  lockOf(vmid: number): string | undefined {
    const lock = this.record(vmid).config['lock'];
    return lock === undefined ? undefined : String(lock);
  }

  setLock(vmid: number, lock: string | undefined): void {
    const record = this.#records.get(vmid);
    if (!record) return;
    if (lock === undefined) delete record.config['lock'];
    else record.config['lock'] = lock;
  }

  /** Throws the API's text when a lock forbids the action. */
  requireUnlocked(guest: LabGuest): void {
    const lock = this.lockOf(guest.vmid);
    if (lock !== undefined) throw failure(`${guest.type === 'lxc' ? 'CT' : 'VM'} is locked (${lock})`);
  }

  requireQuorum(): void {
    if (!this.isQuorate()) throw failure('cluster not ready - no quorum?');
  }

  /** A free id, or the one asked for when it is free. */
  freeId(wanted?: number): number {
    const taken = (id: number) => this.world.guests.has(id);
    if (wanted !== undefined) {
      if (taken(wanted)) throw badParameter('vmid', `VM ${wanted} already exists`);
      return wanted;
    }
    for (let id = 100; ; id++) if (!taken(id)) return id;
  }

  /** One worker at a time changes a guest; the next waits for ten seconds and then gives up, as for the real lock file. */
  async holding(guest: LabGuest, worker: Worker, work: () => Promise<void>): Promise<void> {
    const before = this.#busy.get(guest.vmid);
    if (before) {
      const waited = await Promise.race([
        before.then(() => true),
        worker.pause(GUEST_LOCK_WAIT_MS).then(() => false),
      ]);
      if (!waited) {
        const folder = guest.type === 'lxc' ? 'lxc/pve-config-' : 'qemu-server/lock-';
        throw failure(`can't lock file '/run/lock/${folder}${guest.vmid}.lock' - got timeout`);
      }
    }
    let release = () => {};
    const mine = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#busy.set(guest.vmid, mine);
    try {
      await work();
    } finally {
      release();
      if (this.#busy.get(guest.vmid) === mine) this.#busy.delete(guest.vmid);
    }
  }

  /** Sets a lock for as long as `work` takes. */
  async locked(guest: LabGuest, lock: string, work: () => Promise<void>): Promise<void> {
    this.requireUnlocked(guest);
    this.setLock(guest.vmid, lock);
    try {
      await work();
    } finally {
      this.setLock(guest.vmid, undefined);
    }
  }

  /** Takes a change of configuration; what cannot change while the guest runs waits for its next start. */
  change(guest: LabGuest, changes: ReadonlyMap<string, Value | null>): void {
    const record = this.record(guest.vmid);
    for (const [key, value] of changes) {
      const isNew = !(key in record.config);
      if (guest.status === 'running' && !appliesAtOnce(guest.type, key, isNew))
        record.pending.set(key, value);
      else this.#apply(guest, record, key, value);
    }
  }

  /** Puts waiting changes in force: at a start. */
  applyPending(guest: LabGuest): void {
    const record = this.record(guest.vmid);
    for (const [key, value] of record.pending) this.#apply(guest, record, key, value);
    record.pending.clear();
  }

  /** Writes the whole configuration: rollback and clone. */
  replaceConfig(guest: LabGuest, config: Config): void {
    const record = this.record(guest.vmid);
    record.pending.clear();
    record.config = {};
    for (const [key, value] of Object.entries(config)) this.#apply(guest, record, key, value);
  }

  digest(vmid: number): string {
    return digestOf(this.record(vmid).config);
  }

  #apply(guest: LabGuest, record: GuestRecord, key: string, value: Value | null): void {
    record.pending.delete(key);
    if (value === null) delete record.config[key];
    else record.config[key] = value;
    const MiB = 2 ** 20;
    if (value === null) return;
    if (key === 'hostname' || key === 'name') this.world.updateGuest(guest.vmid, { name: String(value) });
    if (key === 'cores') this.world.updateGuest(guest.vmid, { cpus: Number(value) });
    if (key === 'memory') this.world.updateGuest(guest.vmid, { memoryBytes: Number(value) * MiB });
    if (key === 'tags')
      this.world.updateGuest(guest.vmid, { tags: String(value).split(/[;, ]/).filter(Boolean) });
  }

  #discover(): void {
    for (const guest of this.world.guests.values()) {
      if (this.#records.has(guest.vmid)) continue;
      this.#records.set(guest.vmid, {
        config: initialConfig(guest),
        pending: new Map(),
        snapshots: [],
        parent: undefined,
      });
    }
    for (const vmid of this.#records.keys()) if (!this.world.guests.has(vmid)) this.#records.delete(vmid);
  }
}
