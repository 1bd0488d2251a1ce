import type { OwnHealth } from '../../../../shared/model/health.ts';
import { isHalted, type GuestFacts } from './guest-memory.ts';
import type { GuestRow, HostRow, StorageRow } from './wire.ts';

/** HA states in which the manager wants the guest to run. */
const HA_WANTS_IT: ReadonlySet<string> = new Set([
  'started',
  'enabled',
  'request_start',
  'request_start_balance',
  'migrate',
  'relocate',
  'recovery',
  'fence',
  'freeze',
  'error',
]);
const HA_STOPPED: ReadonlySet<string> = new Set(['stopped', 'request_stop', 'disabled', 'deleting']);
/** HA states that are trouble even while the guest runs. */
const HA_TROUBLE: ReadonlyMap<string, string> = new Map([
  ['error', 'HA has given up on it (HA state error)'],
  ['fence', 'HA is fencing its node (HA state fence)'],
  ['recovery', 'HA is recovering it (HA state recovery)'],
]);
/** Locks under which a guest is not meant to serve. Under the others (backup, snapshot and so on) it goes on. */
const BUSY_LOCKS: ReadonlySet<string> = new Set(['create', 'clone', 'destroyed', 'rollback', 'mounted']);
/** States of a virtual machine's process on the way from one to another. */
const PASSING: ReadonlySet<string> = new Set([
  'prelaunch',
  'inmigrate',
  'postmigrate',
  'finish-migrate',
  'save-vm',
  'restore-vm',
  'shutdown',
]);

/** What Proxmox itself says about a guest. Nothing is healthy without a node that reports it running. */
export function guestHealth(row: GuestRow, facts: GuestFacts, nodeStatus: string | undefined): OwnHealth {
  if (row.template) return { state: 'maintenance', reason: 'template: not meant to run' };
  if (nodeStatus !== undefined && nodeStatus !== 'online')
    return {
      state: 'unknown',
      reason: `node ${row.node} is ${nodeStatus}, so nothing is known of its guests`,
    };
  if (row.status === 'running') return runningHealth(row, facts);
  if (row.status === 'stopped') return stoppedHealth(row, facts);
  if (row.status === 'unknown')
    return { state: 'unknown', reason: `node ${row.node} does not report this guest` };
  return { state: 'unknown', reason: `guest is ${row.status}` };
}

function runningHealth(row: GuestRow, { runState }: GuestFacts): OwnHealth {
  const lock = row.lock === undefined ? '' : `, locked (${row.lock})`;
  if (isHalted(runState)) {
    const state = runState !== undefined && PASSING.has(runState) ? 'degraded' : 'down';
    return { state, reason: `virtual machine is ${runState}${lock}` };
  }
  const trouble = HA_TROUBLE.get(row.hastate ?? '');
  if (trouble !== undefined) return { state: 'degraded', reason: `guest is running, but ${trouble}${lock}` };
  if (row.lock !== undefined && BUSY_LOCKS.has(row.lock))
    return { state: 'maintenance', reason: `guest is locked (${row.lock})` };
  return lock === '' ? { state: 'healthy' } : { state: 'healthy', reason: `guest is running${lock}` };
}

/** A stopped guest is a failure only where something says that it should run. */
function stoppedHealth({ lock, hastate }: GuestRow, { onboot, onbootNote }: GuestFacts): OwnHealth {
  if (lock === 'suspended' || lock === 'suspending')
    return { state: 'maintenance', reason: `guest is suspended to disk (lock ${lock})` };
  if (lock !== undefined && BUSY_LOCKS.has(lock))
    return { state: 'maintenance', reason: `guest is stopped and locked (${lock})` };
  if (hastate !== undefined && HA_WANTS_IT.has(hastate))
    return { state: 'down', reason: `guest is stopped, although HA manages it to run (HA state ${hastate})` };
  if (hastate !== undefined && HA_STOPPED.has(hastate))
    return { state: 'maintenance', reason: `guest is stopped on purpose (HA state ${hastate})` };
  if (onboot === true)
    return { state: 'down', reason: 'guest is stopped, although it is set to start at boot' };
  if (onboot === false)
    return { state: 'maintenance', reason: 'guest is stopped and not set to start at boot' };
  const why = onbootNote === undefined ? 'its configuration is not read yet' : onbootNote;
  return { state: 'unknown', reason: `guest is stopped; whether it should run is not known: ${why}` };
}

/** An online node of a cluster without quorum cannot start, stop or change anything. */
export function hostHealth({ node, status }: HostRow, quorate: boolean | undefined): OwnHealth {
  if (status === 'offline') return { state: 'down', reason: `node ${node} is offline` };
  if (status !== 'online')
    return { state: 'unknown', reason: `node ${node} does not report (status ${status})` };
  if (quorate === false)
    return { state: 'degraded', reason: 'the cluster has no quorum: nothing can be started or changed' };
  return { state: 'healthy' };
}

/** One storage from its rows, one per node: what silent nodes say of it does not count. */
export function storageHealth(
  rows: readonly StorageRow[],
  nodeStatus: (node: string) => string | undefined,
): OwnHealth {
  const reporting = rows.filter(({ node }) => (nodeStatus(node) ?? 'online') === 'online');
  const missing = reporting.filter(({ status }) => status !== 'available').map(({ node }) => node);
  if (reporting.length === 0) return { state: 'unknown', reason: 'no node that has this storage reports' };
  if (missing.length === 0) return { state: 'healthy' };
  const where = missing.sort().slice(0, 5).join(', ');
  return missing.length === reporting.length
    ? { state: 'unknown', reason: `storage does not report as available on ${where}` }
    : { state: 'degraded', reason: `storage is not available on ${where}` };
}
