import { badParameter, failure } from './pve-error.ts';
import type { Cluster } from './state.ts';

export interface HaResource {
  readonly sid: string;
  readonly type: 'ct' | 'vm';
  readonly vmid: number;
  /** What was asked for. */
  state: 'started' | 'stopped' | 'disabled' | 'ignored';
  /** What the manager is doing about it. */
  crmState: string;
  maxRestart: number;
  maxRelocate: number;
  failback: boolean;
  comment: string | undefined;
}

/** Managed from the start: the two databases and the LLM balancers. */
const MANAGED = [130, 131, 140, 141];

const SETTLE_MS = 3_000;

/** The HA manager: takes requests at once and sees to them a little later. */
export class Ha {
  readonly #cluster: Cluster;
  readonly #resources = new Map<string, HaResource>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    for (const vmid of MANAGED) {
      const guest = cluster.world.guests.get(vmid);
      if (guest) this.add(vmid, guest.status === 'running' ? 'started' : 'stopped');
    }
  }

  list(): HaResource[] {
    return [...this.#resources.values()];
  }

  /** By `ct:101`, `vm:100` or the plain id. */
  find(sid: string): HaResource | undefined {
    return this.list().find((resource) => resource.sid === sid || String(resource.vmid) === sid);
  }

  require(sid: string): HaResource {
    const resource = this.find(sid);
    if (!resource) throw failure(`no such resource '${sid}'`);
    return resource;
  }

  of(vmid: number): HaResource | undefined {
    return this.find(String(vmid));
  }

  add(vmid: number, state: HaResource['state']): HaResource {
    const guest = this.#cluster.world.guests.get(vmid);
    if (!guest) throw badParameter('sid', `unable to find VMID '${vmid}'`);
    if (this.of(vmid)) throw failure(`resource ID '${vmid}' already defined`);
    const type = guest.type === 'lxc' ? 'ct' : 'vm';
    const resource: HaResource = {
      sid: `${type}:${vmid}`,
      type,
      vmid,
      state,
      crmState: state,
      maxRestart: 1,
      maxRelocate: 1,
      failback: true,
      comment: undefined,
    };
    this.#resources.set(resource.sid, resource);
    return resource;
  }

  remove(sid: string): void {
    this.#resources.delete(this.require(sid).sid);
  }

  /** Queues a wish. The guest follows some seconds later, by a task of the manager's own. */
  request(resource: HaResource, state: HaResource['state']): void {
    resource.state = state;
    if (state === 'ignored') {
      resource.crmState = 'ignored';
      return;
    }
    const wanted = state === 'started' ? 'running' : 'stopped';
    resource.crmState = wanted === 'running' ? 'started' : 'request_stop';
    const manager = { user: 'root@pam' };
    const guest = this.#cluster.world.guests.get(resource.vmid);
    if (!guest || guest.status === wanted) {
      if (wanted === 'stopped') resource.crmState = 'stopped';
      return;
    }
    void this.#cluster.tasks.pause(SETTLE_MS).then(
      () => {
        const kind = guest.type === 'lxc' ? 'vz' : 'qm';
        const type = wanted === 'running' ? `${kind}start` : `${kind}shutdown`;
        this.#cluster.tasks.start(guest.host, type, String(guest.vmid), manager, async (worker) => {
          await worker.pause(1_000);
          this.#cluster.world.setGuestStatus(guest.vmid, wanted, this.#cluster.context.now());
          resource.crmState = wanted === 'running' ? 'started' : 'stopped';
        });
      },
      () => {}, // the lab has stopped
    );
  }

  /** Moves a managed guest; the row shows `migrate` until it has arrived. */
  move(resource: HaResource, target: string, how: 'migrate' | 'relocate'): void {
    resource.crmState = how;
    void this.#cluster.tasks.pause(SETTLE_MS).then(
      () => {
        this.#cluster.world.updateGuest(resource.vmid, { host: target });
        resource.crmState = resource.state;
      },
      () => {},
    );
  }
}
