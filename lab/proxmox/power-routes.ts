import type { LabGuest } from '../kit/world.ts';
import type { GuestType } from './guest-config.ts';
import { flag, isOn, numberOf, optionalText, seconds, type Params } from './params.ts';
import { failure } from './pve-error.ts';
import { guestOf, guestPath, guestTypes, onGuest, route, type Call, type Route } from './route.ts';
import type { Worker } from './tasks.ts';

const POWER = onGuest('VM.PowerMgmt');
const skiplock = { ...flag, rootOnly: true } as const;
const DEFAULT_SHUTDOWN_S = 60;

/** How long things take, in a worker's milliseconds. */
const BOOT_MS = 2_000;
const POWER_OFF_MS = 800;
const CLEAN_STOP_MS = 2_500;

type Action = 'start' | 'stop' | 'shutdown' | 'reboot' | 'reset' | 'suspend' | 'resume';

const params: Readonly<Record<GuestType, Partial<Record<Action, Params>>>> = {
  lxc: {
    start: { debug: flag, skiplock },
    stop: { 'overrule-shutdown': flag, skiplock },
    shutdown: { timeout: seconds, forceStop: flag },
    reboot: { timeout: seconds },
    suspend: {},
    resume: {},
  },
  qemu: {
    start: { timeout: seconds, 'force-cpu': optionalText, machine: optionalText, skiplock },
    stop: { timeout: seconds, 'overrule-shutdown': flag, keepActive: flag, skiplock },
    shutdown: { timeout: seconds, forceStop: flag, keepActive: flag, skiplock },
    reboot: { timeout: seconds },
    reset: { skiplock },
    suspend: { todisk: flag, statestorage: optionalText, skiplock },
    resume: { nocheck: flag, skiplock },
  },
};

/** Starting and stopping: the guard answers at once, the rest is a task. */
export const powerRoutes: readonly Route[] = guestTypes.flatMap((type) =>
  Object.entries(params[type]).map(([action, accepted]) =>
    route(
      'POST',
      guestPath(type, `/status/${action}`),
      POWER,
      (call) => act(call, type, action as Action),
      accepted,
    ),
  ),
);

function act(call: Call, type: GuestType, action: Action): string {
  const { cluster, caller } = call;
  const guest = guestOf(call, type);
  cluster.requireQuorum();
  const managed = cluster.ha.of(guest.vmid);
  if (
    managed &&
    managed.state !== 'ignored' &&
    (action === 'start' || action === 'stop' || action === 'shutdown')
  ) {
    const wanted = action === 'start' ? 'started' : 'stopped';
    // The request is queued; the manager sees to it. The task is over at once.
    return cluster.tasks.start(
      guest.host,
      action === 'start' ? 'hastart' : 'hastop',
      String(guest.vmid),
      caller,
      async (worker) => {
        worker.log(`Requesting HA ${action} for ${managed.type.toUpperCase()} ${guest.vmid}`);
        cluster.ha.request(managed, wanted);
      },
    );
  }
  guard(call, guest, action);
  const suffix = type === 'qemu' && action === 'suspend' && !isOn(call.values, 'todisk') ? 'pause' : action;
  const name = `${type === 'lxc' ? 'vz' : 'qm'}${suffix}`;
  if (action === 'stop' && isOn(call.values, 'overrule-shutdown'))
    for (const task of cluster.tasks.running(`${type === 'lxc' ? 'vz' : 'qm'}shutdown`, String(guest.vmid)))
      cluster.tasks.stop(task.upid);
  return cluster.tasks.start(guest.host, name, String(guest.vmid), caller, (worker) =>
    cluster.holding(guest, worker, () => work(call, guest, action, worker)),
  );
}

/** What is refused before there is a task. Containers are checked at once, virtual machines mostly by the task. */
function guard({ cluster, values }: Call, guest: LabGuest, action: Action): void {
  const { type, vmid, status } = guest;
  if (guest.template) throw failure(`you can't start a ${type === 'lxc' ? 'CT' : 'vm'} if it's a template`);
  if (values['skiplock'] !== 1 && !(action === 'resume' || action === 'start'))
    cluster.requireUnlocked(guest);
  const lock = cluster.lockOf(vmid);
  if ((action === 'start' || action === 'resume') && lock !== undefined && lock !== 'suspended')
    cluster.requireUnlocked(guest);
  if (type === 'lxc') {
    if (action === 'start' && status === 'running') throw failure(`CT ${vmid} already running`);
    if (action === 'reboot' && status === 'stopped') throw failure(`VM ${vmid} not running`);
    if (action !== 'start' && status === 'stopped') throw failure(`CT ${vmid} not running`);
    return;
  }
  const needsRun = action === 'suspend' || action === 'reset' || action === 'reboot';
  if ((needsRun || (action === 'resume' && lock !== 'suspended')) && status === 'stopped')
    throw failure(`VM ${vmid} not running`);
}

async function work(call: Call, guest: LabGuest, action: Action, worker: Worker): Promise<void> {
  const { cluster, values } = call;
  switch (action) {
    case 'start':
      return start(call, guest, worker);
    case 'stop':
      worker.log(`stopping ${word(guest)}: ${guest.vmid}`);
      await worker.pause(POWER_OFF_MS);
      return setStatus(call, guest, 'stopped');
    case 'shutdown':
      return shutdown(call, guest, worker, isOn(values, 'forceStop'));
    case 'reboot':
      worker.log(`requesting reboot of ${word(guest)} ${guest.vmid}`);
      await shutdown(call, guest, worker, false);
      return start(call, guest, worker);
    case 'reset':
      await worker.pause(POWER_OFF_MS);
      setStatus(call, guest, 'stopped');
      return setStatus(call, guest, 'running');
    case 'suspend':
      return suspend(call, guest, worker);
    case 'resume':
      if (cluster.lockOf(guest.vmid) === 'suspended') return start(call, guest, worker);
      await worker.pause(POWER_OFF_MS);
      cluster.world.updateGuest(guest.vmid, { paused: false });
  }
}

async function start(call: Call, guest: LabGuest, worker: Worker): Promise<void> {
  const { cluster } = call;
  if (guest.status === 'running')
    throw failure(`${guest.type === 'lxc' ? 'CT' : 'VM'} ${guest.vmid} already running`);
  if (cluster.lockOf(guest.vmid) === 'suspended') {
    worker.log('Resuming suspended VM');
    cluster.setLock(guest.vmid, undefined);
  }
  cluster.applyPending(guest);
  await worker.pause(BOOT_MS);
  setStatus(call, guest, 'running');
}

/** A clean stop needs the guest's help: a virtual machine whose agent is dead ignores it, until the time is up. */
async function shutdown(call: Call, guest: LabGuest, worker: Worker, force: boolean): Promise<void> {
  if (guest.status === 'stopped') return;
  if (guest.paused === true) throw failure('VM is paused - cannot shutdown');
  const deaf = guest.type === 'qemu' && !guest.agent;
  const timeoutMs = (numberOf(call.values, 'timeout') ?? DEFAULT_SHUTDOWN_S) * 1_000;
  await worker.pause(Math.min(timeoutMs, deaf ? Infinity : CLEAN_STOP_MS));
  const done = !deaf && timeoutMs >= CLEAN_STOP_MS;
  if (!done && !force)
    throw failure(guest.type === 'qemu' ? 'VM quit/powerdown failed - got timeout' : 'got timeout');
  if (!done) worker.warn('guest did not shut down in time - stopping now with SIGTERM');
  setStatus(call, guest, 'stopped');
}

async function suspend(call: Call, guest: LabGuest, worker: Worker): Promise<void> {
  const { cluster } = call;
  if (guest.type === 'lxc') throw failure('checkpointing with CRIU failed: exit code 1');
  if (!isOn(call.values, 'todisk')) {
    await worker.pause(POWER_OFF_MS);
    cluster.world.updateGuest(guest.vmid, { paused: true });
    return;
  }
  cluster.setLock(guest.vmid, 'suspending');
  try {
    worker.log('saving VM state and RAM');
    await worker.pause(CLEAN_STOP_MS);
  } catch (thrown) {
    cluster.setLock(guest.vmid, undefined);
    throw thrown;
  }
  setStatus(call, guest, 'stopped');
  cluster.setLock(guest.vmid, 'suspended');
}

function setStatus({ cluster }: Call, guest: LabGuest, status: LabGuest['status']): void {
  cluster.world.setGuestStatus(guest.vmid, status, cluster.context.now());
}

function word(guest: LabGuest): string {
  return guest.type === 'lxc' ? 'CT' : 'VM';
}
