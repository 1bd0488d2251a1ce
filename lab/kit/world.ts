import type { GuestSpec, HostSpec, InstanceSpec, Scenario, VirtualIpSpec } from '../scenario.ts';

/** A guest as it is now. Counters grow since start, as in the real thing. */
export interface LabGuest extends Omit<GuestSpec, 'running'> {
  status: 'running' | 'stopped';
  /** A virtual machine whose processors are halted: it still counts as running, but nothing in it answers. */
  paused?: boolean;
  /** Epoch ms of the last start. */
  startedAt: number;
  cpuFraction: number;
  memoryUsedBytes: number;
  netInBytes: number;
  netOutBytes: number;
  diskReadBytes: number;
  diskWriteBytes: number;
}

/** What `LabWorld.updateGuest` may change. */
export type GuestChange = Pick<
  LabGuest,
  'host' | 'name' | 'cpus' | 'memoryBytes' | 'diskBytes' | 'template' | 'paused' | 'tags' | 'pool'
>;

export interface LabHost extends HostSpec {
  online: boolean;
  cpuFraction: number;
  memoryUsedBytes: number;
  readonly startedAt: number;
}

export interface LabInstance extends InstanceSpec {
  /** The process itself; the guest below it has a state of its own. */
  process: 'up' | 'killed';
  maintenance: boolean;
}

/** Counters of one virtual IP's member. */
export interface LabMemberCounter {
  packets: number;
  bytes: number;
}

type Listener = () => void;

/**
 * The lab's live state, shared by all stand-in servers, so that stopping a guest in one of them is seen in all. Each
 * server renders it in its own system's words.
 */
export class LabWorld {
  readonly scenario: Scenario;
  readonly hosts: Map<string, LabHost>;
  readonly guests: Map<number, LabGuest>;
  readonly instances: Map<string, LabInstance>;
  /** `<vip ip>:<port>/<instance id>` → counters */
  readonly memberCounters = new Map<string, LabMemberCounter>();
  readonly #listeners = new Set<Listener>();

  constructor(scenario: Scenario, now: number) {
    this.scenario = scenario;
    this.hosts = new Map(
      scenario.hosts.map((spec) => [
        spec.name,
        {
          ...spec,
          online: true,
          cpuFraction: 0.3,
          memoryUsedBytes: spec.memoryBytes * 0.6,
          startedAt: now - 40 * DAY_MS,
        },
      ]),
    );
    this.guests = new Map(scenario.guests.map((spec) => [spec.vmid, startingGuest(spec, now)]));
    this.instances = new Map(
      scenario.instances.map((spec) => [spec.id, { ...spec, process: 'up', maintenance: false }]),
    );
  }

  /** Told after every change of state (not for moving counters). Returns the disposer. */
  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Call after changing anything here. */
  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  isGuestUp(vmid: number): boolean {
    const guest = this.guests.get(vmid);
    return (
      guest?.status === 'running' && guest.paused !== true && this.hosts.get(guest.host)?.online === true
    );
  }

  isInstanceUp(id: string): boolean {
    const instance = this.instances.get(id);
    return instance?.process === 'up' && this.isGuestUp(instance.vmid);
  }

  instancesOf(service: string): LabInstance[] {
    return [...this.instances.values()].filter((instance) => instance.service === service);
  }

  /** False: no such instance. */
  setProcess(id: string, process: LabInstance['process']): boolean {
    const instance = this.instances.get(id);
    if (!instance) return false;
    instance.process = process;
    this.changed();
    return true;
  }

  setGuestStatus(vmid: number, status: LabGuest['status'], now: number): boolean {
    const guest = this.guests.get(vmid);
    if (!guest || guest.template) return false;
    if (guest.status !== status && status === 'running') guest.startedAt = now;
    guest.status = status;
    guest.paused = false;
    if (status === 'stopped') guest.cpuFraction = guest.memoryUsedBytes = 0;
    this.changed();
    return true;
  }

  /** Changes what a guest is: its host after a migration, its name, its size, `template`, `paused`. */
  updateGuest(vmid: number, change: Partial<GuestChange>): boolean {
    const guest = this.guests.get(vmid);
    if (!guest) return false;
    Object.assign(guest, change);
    this.changed();
    return true;
  }

  /** A guest that was not in the scenario: a clone. */
  addGuest(spec: GuestSpec, now: number): void {
    this.guests.set(spec.vmid, startingGuest(spec, now));
    this.changed();
  }

  removeGuest(vmid: number): boolean {
    const removed = this.guests.delete(vmid);
    if (removed) this.changed();
    return removed;
  }

  setHostOnline(name: string, online: boolean): boolean {
    const host = this.hosts.get(name);
    if (!host) return false;
    host.online = online;
    this.changed();
    return true;
  }

  memberCounter(vip: VirtualIpSpec, instanceId: string): LabMemberCounter {
    const key = `${vip.ip}:${vip.port}/${instanceId}`;
    let counter = this.memberCounters.get(key);
    if (!counter) this.memberCounters.set(key, (counter = { packets: 0, bytes: 0 }));
    return counter;
  }
}

const DAY_MS = 86_400_000;

function startingGuest({ running, ...spec }: GuestSpec, now: number): LabGuest {
  return {
    ...spec,
    status: running ? 'running' : 'stopped',
    startedAt: now - 3 * DAY_MS,
    cpuFraction: running ? 0.2 : 0,
    memoryUsedBytes: running ? spec.memoryBytes * 0.55 : 0,
    netInBytes: 0,
    netOutBytes: 0,
    diskReadBytes: 0,
    diskWriteBytes: 0,
  };
}
