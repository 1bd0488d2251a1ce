import type { LabWorld } from '../kit/world.ts';
import { NodeAgent } from './agent.ts';
import { RPC_PORT, VERSION, type Cluster } from './cluster.ts';
import { readService } from './registration.ts';
import type { New, NodeRow, ServiceRow } from './rows.ts';
import type { ConsulState } from './state.ts';
import { uuidOf } from './uuid.ts';

/** Node metadata by which the lab says where a node's own agent answers; `{address}:8500` is not reachable from outside it. */
export const AGENT_URL_META = 'gantry-agent-url';
/** Services whose instances have sidecar proxies. */
const IN_MESH: ReadonlySet<string> = new Set(['payments', 'orders']);
/** Checks run once a second; which part of it has passed when something breaks is chance. */
const CHECK_INTERVAL_MS = 1_000;
/** From the death of an agent to the leader's verdict. The real Serf takes some seconds longer. */
const SERF_DELAY_MS = 1_500;
const FULL_SYNC_MS = 60_000;

export interface WorldSyncOptions {
  readonly world: LabWorld;
  readonly state: ConsulState;
  readonly cluster: Cluster;
  readonly random: () => number;
  /** Where a node's agent answers, if anywhere. */
  readonly agentUrl: (node: string) => string | undefined;
}

/**
 * Keeps the agents in step with the lab's world: one per running guest, one per host as a server. Processes that die are
 * found by the agents' checks, agents that die by the leader.
 */
export class WorldSync {
  readonly agents = new Map<string, NodeAgent>();
  readonly #options: WorldSyncOptions;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #unsubscribe: () => void;

  constructor(options: WorldSyncOptions) {
    this.#options = options;
    this.#addServers();
    this.#addGuests();
    this.#serf();
    this.#runChecks();
    this.#unsubscribe = options.world.onChange(() => this.#worldChanged());
    const sync = setInterval(() => {
      for (const agent of this.agents.values()) agent.fullSync();
    }, FULL_SYNC_MS);
    sync.unref();
    this.#timers.set('full sync', sync);
  }

  /** Called every second: what a lost timer or an election missed is caught up with. */
  catchUp(): void {
    this.#options.cluster.elect();
    this.#serf();
    this.#runChecks();
  }

  close(): void {
    this.#unsubscribe();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const agent of this.agents.values()) agent.close();
  }

  #worldChanged(): void {
    this.#options.cluster.elect();
    this.#addGuests();
    this.#followMaintenance();
    this.#later('checks', CHECK_INTERVAL_MS * this.#options.random(), () => this.#runChecks());
    this.#later('serf', SERF_DELAY_MS, () => this.#serf());
  }

  /** Does the work once, however often it is asked for until then. */
  #later(name: string, ms: number, work: () => void): void {
    if (this.#timers.has(name)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(name);
      work();
    }, ms);
    this.#timers.set(name, timer);
  }

  #runChecks(): void {
    for (const agent of this.agents.values()) agent.runChecks();
  }

  /** The leader's view of the members. A dead agent's own checks keep what they last said. */
  #serf(): void {
    const { state, cluster } = this.#options;
    if (cluster.leader() === undefined) return;
    for (const agent of this.agents.values()) {
      const alive = agent.alive;
      if (!alive && state.nodes.get(agent.node) === undefined) continue;
      agent.push();
      state.putCheck({
        Node: agent.node,
        CheckID: 'serfHealth',
        Name: 'Serf Health Status',
        Status: alive ? 'passing' : 'critical',
        Notes: '',
        Output: alive ? 'Agent alive and reachable' : 'Agent not live or unreachable',
        ServiceID: '',
        ServiceName: '',
        ServiceTags: [],
        Type: '',
        Interval: '',
        Timeout: '',
        ExposedPort: 0,
        Definition: {},
      });
      if (cluster.isServer(agent.node)) state.putService(consulService(agent.node));
    }
  }

  #addServers(): void {
    const { world, cluster } = this.#options;
    for (const server of cluster.servers) {
      this.#add(server.name, server.ip, true, () => world.hosts.get(server.name)?.online === true);
    }
  }

  /** An agent joins when its guest runs for the first time. */
  #addGuests(): void {
    const { world } = this.#options;
    for (const guest of world.guests.values()) {
      if (guest.template || guest.ip === '' || this.agents.has(guest.name) || !world.isGuestUp(guest.vmid))
        continue;
      const agent = this.#add(guest.name, guest.ip, false, () => world.isGuestUp(guest.vmid));
      for (const instance of world.instances.values()) {
        if (instance.vmid !== guest.vmid) continue;
        const spec = world.scenario.services.find((service) => service.name === instance.service);
        const socket = `${instance.ip}:${instance.port}`;
        const check =
          spec?.protocol === 'tcp' ? { TCP: socket } : { HTTP: `http://${socket}/health`, Method: 'GET' };
        const body = {
          ID: instance.id,
          Name: instance.service,
          Tags: [...(spec?.tags ?? [])],
          Address: instance.ip,
          Port: instance.port,
          Meta: { ...instance.meta },
          Check: { ...check, Interval: '1s', Timeout: '1s', Status: 'passing' },
          ...(IN_MESH.has(instance.service) && { Connect: { SidecarService: {} } }),
        };
        agent.registerService(readService(body, agent.node), true);
      }
    }
  }

  #add(name: string, ip: string, isServer: boolean, isAlive: () => boolean): NodeAgent {
    const { world, state, cluster } = this.#options;
    const agent = new NodeAgent(
      nodeRow(name, ip, cluster.datacenter, this.#options.agentUrl(name)),
      isServer,
      {
        state,
        isAlive,
        hasLeader: () => cluster.leader() !== undefined,
        probe: (target) => {
          const instance = [...world.instances.values()].find((one) => `${one.ip}:${one.port}` === target);
          return instance && (world.isInstanceUp(instance.id) ? 'up' : 'down');
        },
      },
    );
    this.agents.set(name, agent);
    agent.push();
    return agent;
  }

  /** The world's own mark of maintenance and the agents' checks say the same. */
  #followMaintenance(): void {
    for (const agent of this.agents.values()) {
      for (const { ID } of agent.services()) {
        const instance = this.#options.world.instances.get(ID);
        const marked = agent.checks().some((row) => row.CheckID === `_service_maintenance:${ID}`);
        if (instance && instance.maintenance !== marked) agent.setMaintenance(ID, instance.maintenance, '');
      }
    }
  }
}

function nodeRow(name: string, ip: string, datacenter: string, agentUrl: string | undefined): New<NodeRow> {
  return {
    ID: uuidOf(`node ${name}`),
    Node: name,
    Address: ip,
    Datacenter: datacenter,
    TaggedAddresses: { lan: ip, lan_ipv4: ip, wan: ip, wan_ipv4: ip },
    Meta: {
      'consul-network-segment': '',
      'consul-version': VERSION,
      ...(agentUrl !== undefined && { [AGENT_URL_META]: agentUrl }),
    },
  };
}

function consulService(node: string): New<ServiceRow> {
  return {
    Node: node,
    Kind: '',
    ID: 'consul',
    Service: 'consul',
    Tags: [],
    Address: '',
    TaggedAddresses: null,
    Meta: {
      grpc_port: '8502',
      grpc_tls_port: '8503',
      non_voter: 'false',
      raft_version: '3',
      read_replica: 'false',
      serf_protocol_current: '2',
      version: VERSION,
    },
    Port: RPC_PORT,
    Weights: { Passing: 1, Warning: 1 },
    EnableTagOverride: false,
    Proxy: null,
    Connect: null,
  };
}
