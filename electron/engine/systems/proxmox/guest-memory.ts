import type { GantryErrorData } from '../../../../shared/model/error.ts';
import type { Random } from '../../clock.ts';
import { usable } from './addresses.ts';
import { missingPrivilege } from './explain.ts';
import type { GuestConfig, GuestRow, Resources } from './wire.ts';

/** Refresh of what rarely changes. A change of a guest's state is noticed at once and does not wait for these. */
const ADDRESSES_EVERY_MS = 5 * 60_000;
const CONFIG_EVERY_MS = 15 * 60_000;
/** A guest that has just started has no address yet. */
const FIRST_RETRY_MS = 5_000;
/** An agent that is not running costs its host three seconds a question: ask ever more rarely. */
const FAILED_RETRY_MS = 30_000;
const LONGEST_RETRY_MS = 10 * 60_000;
const STATE_EVERY_MS = 10_000;
const IDLE_STATE_EVERY_MS = 60_000;
/** Below this a virtual machine may be halted: a running one always uses a little. */
const IDLE_CPU = 0.001;
/** The first samples after a start are zero. */
const SETTLED_UPTIME_S = 30;

/** What is known of one guest beside its row of `/cluster/resources`. Times are monotonic ms; Infinity: not wanted. */
export interface GuestEntry {
  row: GuestRow;
  /** Whether its node can be asked about it. */
  reachable: boolean;
  /** Addresses as the guest itself told them, in this run or in an earlier one. */
  told: readonly string[] | undefined;
  toldInThisRun: boolean;
  /** Why the last question for addresses failed. */
  addressFailure: string | undefined;
  config: GuestConfig | undefined;
  configFailure: string | undefined;
  /** `qmpstatus` of a virtual machine, where it was asked. */
  runState: string | undefined;
  addressesDue: number;
  configDue: number;
  stateDue: number;
  addressFailures: number;
  configFailures: number;
}

/** What `observe.ts` says about a guest's addresses and about whether it is meant to run. */
export interface GuestFacts {
  readonly addresses: readonly string[];
  /** The guest told them in its present run; otherwise they come from its configuration or from an earlier run. */
  readonly current: boolean;
  readonly addressNote: string | undefined;
  /** Starts with its node; undefined: not known, for the reason in `onbootNote`. */
  readonly onboot: boolean | undefined;
  readonly onbootNote: string | undefined;
  readonly runState: string | undefined;
  /** Its turn to be asked has not come yet. */
  readonly pending: boolean;
}

/** What is remembered of guests between two readings, and which of them to ask next. */
export class GuestMemory {
  readonly #entries = new Map<number, GuestEntry>();
  readonly #random: Random;
  /** Node → until when it is not asked for container addresses: its version has no such call. */
  readonly #withoutInterfaces = new Map<string, number>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** Takes in a reading. Forgets guests that are gone; a start, a restart or a move makes the addresses due. */
  update({ guests, hosts }: Pick<Resources, 'guests' | 'hosts'>, now: number): void {
    const online = new Set(hosts.filter(({ status }) => status === 'online').map(({ node }) => node));
    // Without rights on nodes their rows may be missing: then every node counts as reachable.
    const isOnline = (node: string) => online.has(node) || !hosts.some((host) => host.node === node);
    const seen = new Set<number>();
    for (const row of guests) {
      seen.add(row.vmid);
      const entry = this.#entries.get(row.vmid);
      const reachable = isOnline(row.node) && row.status !== 'unknown';
      if (!entry) this.#entries.set(row.vmid, newEntry(row, reachable, now));
      else this.#takeIn(entry, row, reachable, now);
    }
    for (const vmid of this.#entries.keys()) if (!seen.has(vmid)) this.#entries.delete(vmid);
  }

  #takeIn(entry: GuestEntry, row: GuestRow, reachable: boolean, now: number): void {
    const before = entry.row;
    const restarted = (row.uptime ?? 0) < (before.uptime ?? 0);
    const changed = before.status !== row.status || before.node !== row.node || before.type !== row.type;
    // A silent node's rows lack the name; what was known stays known.
    entry.row = row.name === undefined && before.name !== undefined ? { ...row, name: before.name } : row;
    entry.reachable = reachable;
    if (!changed && !(restarted && row.status === 'running')) return;
    if (row.status === 'unknown') return;
    entry.toldInThisRun = false;
    entry.addressFailure = undefined;
    entry.addressFailures = 0;
    entry.runState = undefined;
    entry.addressesDue = now;
    entry.stateDue = now;
  }

  entry(vmid: number): GuestEntry | undefined {
    return this.#entries.get(vmid);
  }

  /**
   * Guests to ask now, the most urgent first: at most `cap`, of which at most `refreshCap` only to refresh what is known.
   */
  due(now: number, cap: number, refreshCap: number): GuestEntry[] {
    const wanted = [...this.#entries.values()]
      .map((entry) => ({ entry, urgency: this.#urgency(entry, now) }))
      .filter(({ urgency }) => urgency > 0)
      .sort((a, b) => b.urgency - a.urgency || a.entry.row.vmid - b.entry.row.vmid);
    const urgent = wanted.filter(({ urgency }) => urgency > REFRESH).slice(0, cap);
    const refreshes = wanted
      .filter(({ urgency }) => urgency === REFRESH)
      .sort((a, b) => earliest(a.entry) - earliest(b.entry))
      .slice(0, Math.min(refreshCap, cap - urgent.length));
    return [...urgent, ...refreshes].map(({ entry }) => entry);
  }

  #urgency(entry: GuestEntry, now: number): number {
    const wants = this.wants(entry, now);
    if (!wants.addresses && !wants.config && !wants.state) return 0;
    if (wants.addresses && !entry.toldInThisRun && entry.addressFailures === 0) return NEW;
    if (wants.config && entry.config === undefined && entry.configFailures === 0)
      return entry.row.status === 'running' && entry.row.type === 'lxc' ? SOON : NEW;
    if (wants.state) return SOON;
    return REFRESH;
  }

  /** Which questions about a guest are due. */
  wants(entry: GuestEntry, now: number): { addresses: boolean; config: boolean; state: boolean } {
    const { row } = entry;
    if (!entry.reachable || row.template) return { addresses: false, config: false, state: false };
    const running = row.status === 'running';
    const config = entry.configDue <= now;
    if (!running) return { addresses: false, config, state: false };
    if (row.type === 'lxc')
      return {
        addresses: entry.addressesDue <= now && !this.isWithoutInterfaces(row.node, now),
        config,
        state: false,
      };
    // An agent that is not configured is never asked. What the configuration says is read first.
    const askAgent = entry.config?.agent !== false;
    const suspicious = (row.cpu ?? 1) <= IDLE_CPU && (row.uptime ?? 0) > SETTLED_UPTIME_S;
    const doubtful = suspicious || entry.addressFailures > 0 || isHalted(entry.runState);
    return {
      addresses: askAgent && entry.addressesDue <= now,
      config,
      state: doubtful && entry.stateDue <= now,
    };
  }

  addressesRead(entry: GuestEntry, addresses: readonly string[], now: number): void {
    entry.addressFailure = undefined;
    entry.told = addresses;
    entry.toldInThisRun = true;
    entry.addressFailures = addresses.length === 0 ? entry.addressFailures + 1 : 0;
    const wait = addresses.length === 0 ? backOff(FIRST_RETRY_MS, entry.addressFailures) : ADDRESSES_EVERY_MS;
    entry.addressesDue = now + this.#jittered(wait);
  }

  addressesFailed(entry: GuestEntry, error: GantryErrorData, now: number): void {
    if (entry.row.type === 'lxc' && error.status === 501) {
      this.#withoutInterfaces.set(entry.row.node, now + LONGEST_RETRY_MS);
      return;
    }
    entry.addressFailures++;
    entry.addressFailure = addressFailureText(entry, error);
    entry.stateDue = Math.min(entry.stateDue, now);
    entry.addressesDue = now + this.#jittered(retryAfter(error, entry.addressFailures));
  }

  configRead(entry: GuestEntry, config: GuestConfig, now: number): void {
    entry.config = config;
    entry.configFailure = undefined;
    entry.configFailures = 0;
    entry.configDue = now + this.#jittered(CONFIG_EVERY_MS);
  }

  configFailed(entry: GuestEntry, error: GantryErrorData, now: number): void {
    entry.configFailures++;
    entry.configFailure = failureWords(error);
    entry.configDue = now + this.#jittered(retryAfter(error, entry.configFailures));
  }

  /** `state` undefined: it could not be read. */
  stateRead(entry: GuestEntry, state: string | undefined, now: number): void {
    entry.runState = state;
    entry.stateDue = now + this.#jittered(isHalted(state) ? STATE_EVERY_MS : IDLE_STATE_EVERY_MS);
  }

  isWithoutInterfaces(node: string, now: number): boolean {
    return (this.#withoutInterfaces.get(node) ?? 0) > now;
  }

  facts(vmid: number, now: number): GuestFacts {
    const entry = this.#entries.get(vmid);
    if (!entry) return UNKNOWN;
    const { row, config, configFailure } = entry;
    const running = row.status === 'running';
    const current = running && entry.toldInThisRun;
    const known = current
      ? (entry.told ?? [])
      : row.template
        ? []
        : usable([...(config?.addresses ?? []), ...(entry.told ?? [])]);
    const onbootNote = config === undefined ? configFailure : undefined;
    return {
      addresses: known,
      current,
      addressNote: this.#addressNote(entry, known, now),
      onboot: config?.onboot,
      onbootNote,
      runState: running ? entry.runState : undefined,
      pending: entry.reachable && !row.template && !this.#isAsked(entry, now),
    };
  }

  /** Whether the guest was asked, or need not be. */
  #isAsked({ row, config, configFailure, toldInThisRun, addressFailures }: GuestEntry, now: number): boolean {
    if (row.status !== 'running') return config !== undefined || configFailure !== undefined;
    if (row.type === 'qemu' && config?.agent === false) return true;
    return toldInThisRun || addressFailures > 0 || this.isWithoutInterfaces(row.node, now);
  }

  #addressNote(entry: GuestEntry, known: readonly string[], now: number): string | undefined {
    const { row, config } = entry;
    if (row.template) return undefined;
    const fallback = fallbackWords(entry, known);
    if (!entry.reachable) return `the node does not report${fallback}`;
    if (row.status !== 'running') return known.length === 0 ? 'not running' : `not running${fallback}`;
    if (entry.addressFailure !== undefined) return `${entry.addressFailure}${fallback}`;
    if (entry.toldInThisRun) return known.length === 0 ? 'the guest reports no address yet' : undefined;
    if (row.type === 'qemu' && config?.agent === false)
      return `no guest agent is configured (option "agent")${fallback}`;
    if (row.type === 'lxc' && this.isWithoutInterfaces(row.node, now)) {
      const dynamic = config?.dynamic ? '; further ones are assigned by DHCP' : '';
      return `this version of Proxmox VE does not tell addresses of containers${fallback}${dynamic}`;
    }
    return `not read yet${fallback}`;
  }

  /** ±20 %, so that guests that were read together are not refreshed together. */
  #jittered(ms: number): number {
    return ms * (0.8 + 0.4 * this.#random());
  }
}

const REFRESH = 1;
const SOON = 2;
const NEW = 3;

const UNKNOWN: GuestFacts = {
  addresses: [],
  current: false,
  addressNote: 'not read yet',
  onboot: undefined,
  onbootNote: undefined,
  runState: undefined,
  pending: false,
};

function newEntry(row: GuestRow, reachable: boolean, now: number): GuestEntry {
  return {
    row,
    reachable,
    told: undefined,
    toldInThisRun: false,
    addressFailure: undefined,
    config: undefined,
    configFailure: undefined,
    runState: undefined,
    addressesDue: now,
    configDue: now,
    stateDue: now,
    addressFailures: 0,
    configFailures: 0,
  };
}

function earliest(entry: GuestEntry): number {
  return Math.min(entry.addressesDue, entry.configDue);
}

/** Whether a virtual machine's process says something other than that it runs. */
export function isHalted(runState: string | undefined): boolean {
  return runState !== undefined && runState !== 'running';
}

function backOff(baseMs: number, failures: number): number {
  return Math.min(LONGEST_RETRY_MS, baseMs * 2 ** Math.min(20, Math.max(0, failures - 1)));
}

/** Missing rights do not come by asking again soon. */
function retryAfter(error: GantryErrorData, failures: number): number {
  const refused = error.code === 'forbidden' || error.code === 'unauthorized';
  return refused ? LONGEST_RETRY_MS : backOff(FAILED_RETRY_MS, failures);
}

function addressFailureText({ row }: GuestEntry, error: GantryErrorData): string {
  const text = error.detail ?? '';
  if (row.type === 'qemu' && text.endsWith('not running') && /agent/i.test(text))
    return 'the guest agent is not running';
  if (row.type === 'qemu' && /No QEMU guest agent configured/.test(text))
    return 'no guest agent is configured (option "agent")';
  return `addresses could not be read: ${failureWords(error)}`;
}

function failureWords(error: GantryErrorData): string {
  const missing = error.code === 'forbidden' ? missingPrivilege(error.detail ?? '') : undefined;
  if (missing) return `the privilege ${missing.privileges.join(' or ')} is missing on ${missing.path}`;
  return (error.detail ?? error.advice).slice(0, 300);
}

/** Where addresses come from that the guest did not tell in this run. */
function fallbackWords(entry: GuestEntry, known: readonly string[]): string {
  if (known.length === 0 || (entry.toldInThisRun && entry.row.status === 'running' && entry.reachable))
    return '';
  const fromConfig = new Set(usable(entry.config?.addresses ?? []));
  return known.every((ip) => fromConfig.has(ip))
    ? '; addresses are those of its configuration'
    : '; addresses are the last known ones';
}
