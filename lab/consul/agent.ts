import { ConsulFailure } from './errors.ts';
import { aggregate, type CheckRow, type New, type NodeRow, type ServiceRow } from './rows.ts';
import type { CheckSetup, ServiceSetup } from './registration.ts';
import type { ConsulState } from './state.ts';

export interface AgentEnvironment {
  readonly state: ConsulState;
  /** Whether the agent's process runs; a dead one pushes nothing. */
  readonly isAlive: () => boolean;
  /** Whether the servers take writes. */
  readonly hasLeader: () => boolean;
  /** What a check that calls `target` finds; undefined: nothing is known of that address. */
  readonly probe: (target: string) => 'up' | 'down' | undefined;
}

interface LocalCheck {
  row: New<CheckRow>;
  readonly setup: CheckSetup | undefined;
  timer?: NodeJS.Timeout;
}

const DEFAULT_REASON = (what: string) =>
  `Maintenance mode is enabled for this ${what}, but no reason was provided. This is a default message.`;

/**
 * The agent of one node. It owns what is registered on it and pushes it to the servers: at once on a change, and as a
 * whole at every full sync, which undoes what others changed there.
 */
export class NodeAgent {
  readonly node: string;
  readonly #row: New<NodeRow>;
  readonly #environment: AgentEnvironment;
  readonly #services = new Map<string, New<ServiceRow>>();
  readonly #checks = new Map<string, LocalCheck>();
  /** Server nodes carry the `consul` service, which the leader owns. */
  readonly #isServer: boolean;

  constructor(row: New<NodeRow>, isServer: boolean, environment: AgentEnvironment) {
    this.node = row.Node;
    this.#row = row;
    this.#isServer = isServer;
    this.#environment = environment;
  }

  get alive(): boolean {
    return this.#environment.isAlive();
  }

  get nodeRow(): New<NodeRow> {
    return this.#row;
  }

  services(): New<ServiceRow>[] {
    return [...this.#services.values()];
  }

  checks(): New<CheckRow>[] {
    return [...this.#checks.values()].map((check) => check.row);
  }

  service(id: string): New<ServiceRow> | undefined {
    return this.#services.get(id);
  }

  /** Local status of one service, as `agent/health/service` says it. */
  statusOf(id: string): string {
    const rows = this.checks().filter((row) => row.ServiceID === '' || row.ServiceID === id);
    return aggregate(rows as CheckRow[]);
  }

  registerService(setup: ServiceSetup, replaceChecks: boolean): void {
    const { row } = setup;
    this.#services.set(row.ID, row);
    if (replaceChecks) {
      for (const { row: check } of this.#checks.values()) {
        if (check.ServiceID === row.ID) this.#forget(check.CheckID);
      }
    }
    for (const check of setup.checks) this.#addCheck(check);
    if (setup.sidecar) this.registerService(setup.sidecar, replaceChecks);
    this.push();
  }

  /** False: not registered here. */
  deregisterService(id: string): boolean {
    if (!this.#services.delete(id)) return false;
    for (const { row } of this.#checks.values()) if (row.ServiceID === id) this.#forget(row.CheckID);
    if (this.#services.has(`${id}-sidecar-proxy`)) this.deregisterService(`${id}-sidecar-proxy`);
    this.fullSync();
    return true;
  }

  registerCheck(setup: CheckSetup): void {
    if (setup.row.ServiceID !== '' && !this.#services.has(setup.row.ServiceID)) {
      throw new ConsulFailure(404, `ServiceID "${setup.row.ServiceID}" does not exist`);
    }
    this.#addCheck(setup);
    this.push();
  }

  deregisterCheck(id: string): boolean {
    if (!this.#checks.has(id)) return false;
    this.#forget(id);
    this.fullSync();
    return true;
  }

  /** Refreshes a TTL check. Throws 404 for an unknown one and 500 for one of another type. */
  setTtl(id: string, status: string, output: string): void {
    const check = this.#checks.get(id);
    if (!check) {
      throw new ConsulFailure(
        404,
        `Unknown check ID "${id}". Ensure that the check ID is passed, not the check name.`,
      );
    }
    if (check.setup?.ttlMs === undefined) {
      throw new ConsulFailure(500, `CheckID "${id}" does not have associated TTL`);
    }
    this.#set(check, status, output);
    this.#armTtl(check);
    this.push();
  }

  /** Turns maintenance of one service, or with `serviceId` "" of the node, on or off. */
  setMaintenance(serviceId: string, enable: boolean, reason: string): void {
    const service = this.#services.get(serviceId);
    const id = serviceId === '' ? '_node_maintenance' : `_service_maintenance:${serviceId}`;
    if (!enable) {
      this.deregisterCheck(id);
      return;
    }
    if (this.#checks.has(id)) return;
    const what = serviceId === '' ? 'node' : 'service';
    const row: New<CheckRow> = {
      Node: this.node,
      CheckID: id,
      Name: serviceId === '' ? 'Node Maintenance Mode' : 'Service Maintenance Mode',
      Status: 'critical',
      Notes: reason === '' ? DEFAULT_REASON(what) : reason,
      Output: '',
      ServiceID: serviceId,
      ServiceName: service?.Service ?? '',
      ServiceTags: service?.Tags ?? [],
      Type: 'maintenance',
      Interval: '',
      Timeout: '',
      ExposedPort: 0,
      Definition: {},
    };
    this.#checks.set(id, { row, setup: undefined });
    this.push();
  }

  /** Runs every check that calls something, then those that mirror others. */
  runChecks(): void {
    if (!this.alive) return;
    for (const check of this.#checks.values()) {
      if (check.setup?.target !== undefined) this.#call(check, check.setup.target);
    }
    for (const check of this.#checks.values()) {
      if (check.setup?.alias !== undefined) this.#mirror(check, check.setup.alias);
    }
    this.push();
  }

  /** Sends what is new to the servers. */
  push(): void {
    if (!this.#canPush()) return;
    const { state } = this.#environment;
    state.putNode(this.#row);
    for (const row of this.#services.values()) {
      const tags = state.services.get(`${this.node}\n${row.ID}`)?.Tags;
      state.putService(row.EnableTagOverride && tags ? { ...row, Tags: tags } : row);
    }
    for (const { row } of this.#checks.values()) state.putCheck(row);
  }

  /** Sends everything and removes from the servers what this agent does not own. */
  fullSync(): void {
    if (!this.#canPush()) return;
    const { state } = this.#environment;
    for (const row of state.servicesOf(this.node)) {
      const leaders = this.#isServer && row.ID === 'consul';
      if (!leaders && !this.#services.has(row.ID)) state.deleteService(this.node, row.ID);
    }
    for (const row of state.checksOf(this.node)) {
      if (row.CheckID !== 'serfHealth' && !this.#checks.has(row.CheckID))
        state.deleteCheck(this.node, row.CheckID);
    }
    this.push();
  }

  close(): void {
    for (const check of this.#checks.values()) clearTimeout(check.timer);
  }

  #canPush(): boolean {
    return this.alive && this.#environment.hasLeader();
  }

  #addCheck(setup: CheckSetup): void {
    clearTimeout(this.#checks.get(setup.row.CheckID)?.timer);
    const check: LocalCheck = { row: setup.row, setup };
    this.#checks.set(setup.row.CheckID, check);
    this.#armTtl(check);
  }

  #forget(id: string): void {
    clearTimeout(this.#checks.get(id)?.timer);
    this.#checks.delete(id);
  }

  #armTtl(check: LocalCheck): void {
    clearTimeout(check.timer);
    const { ttlMs } = check.setup ?? {};
    if (ttlMs === undefined || check.row.Status === 'critical') return;
    check.timer = setTimeout(() => {
      this.#set(check, 'critical', 'TTL expired');
      this.push();
    }, ttlMs);
    check.timer.unref();
  }

  #call(check: LocalCheck, target: string): void {
    const { Type, ServiceName } = check.row;
    const isSidecar = ServiceName.endsWith('-sidecar-proxy') && target.startsWith('127.0.0.1:');
    const up = isSidecar || this.#environment.probe(target) === 'up';
    const refused = `dial tcp ${target}: connect: connection refused`;
    if (Type !== 'http') {
      this.#set(check, up ? 'passing' : 'critical', up ? `TCP connect ${target}: Success` : refused);
      return;
    }
    const url = `http://${target}/health`;
    const good = `HTTP GET ${url}: 200 OK Output: ok`;
    this.#set(check, up ? 'passing' : 'critical', up ? good : `Get "${url}": ${refused}`);
  }

  #mirror(check: LocalCheck, serviceId: string): void {
    const rows = this.checks().filter((row) => row.ServiceID === serviceId && row.Type !== 'maintenance');
    const bad = ['critical', 'warning'].find((status) => rows.some((row) => row.Status === status));
    const worst = rows.find((row) => row.Status === bad);
    const output = worst
      ? `Aliased check "${worst.CheckID}" failing: ${worst.Output}`
      : 'All checks passing.';
    this.#set(check, bad ?? 'passing', output);
  }

  #set(check: LocalCheck, status: string, output: string): void {
    check.row = { ...check.row, Status: status, Output: output.slice(0, 4_096) };
  }
}
