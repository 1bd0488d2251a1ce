import { flag, isOn, listOf, numberOf, optionalText, textOf, type Params } from './params.ts';
import { denied, failure } from './pve-error.ts';
import { get, Listed, nodeOf, route, subdirs, type Call, type Route } from './route.ts';
import type { Task } from './tasks.ts';

const DEFAULT_LIMIT = 50;

const page: Params = {
  start: { type: 'integer', optional: true, minimum: 0 },
  limit: { type: 'integer', optional: true, minimum: 0 },
};

export const taskRoutes: readonly Route[] = [
  get('/nodes/{node}/tasks', 'all', list, {
    ...page,
    errors: flag,
    since: { type: 'integer', optional: true },
    until: { type: 'integer', optional: true },
    source: { ...optionalText, enum: ['archive', 'active', 'all'] },
    statusfilter: optionalText,
    typefilter: optionalText,
    userfilter: optionalText,
    vmid: { type: 'integer', optional: true, minimum: 100 },
  }),
  get('/nodes/{node}/tasks/{upid}', 'all', () => subdirs('log', 'status')),
  get('/nodes/{node}/tasks/{upid}/status', 'all', status),
  get('/nodes/{node}/tasks/{upid}/log', 'all', log, { ...page, download: flag }),
  route('DELETE', '/nodes/{node}/tasks/{upid}', 'all', async (call) => {
    const task = taskOf(call, 'Sys.Modify');
    call.cluster.tasks.stop(task.upid);
    return null;
  }),
];

/** Own task, or the privilege on its node. */
function taskOf(call: Call, privilege: string): Task {
  const { cluster, caller, values } = call;
  const host = nodeOf(call);
  const upid = textOf(values, 'upid') ?? '';
  if (!/^UPID:[^:]+:[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:[^:\s/]+:[^:\s/]*:[^:\s/]+:$/i.test(upid))
    throw failure(`unable to parse worker upid '${upid}'`);
  const task = cluster.tasks.get(upid);
  if (!task || task.node !== host.name) throw failure('no such task');
  const isOwn = task.user === caller.user && (caller.token === undefined || task.tokenid === caller.token);
  if (!isOwn && !cluster.access.has(caller, `/nodes/${host.name}`, privilege))
    throw denied(`/nodes/${host.name}`, [privilege]);
  return task;
}

/** A row as lists give it: `status` only when it is over. */
export function taskRow(task: Task) {
  return {
    upid: task.upid,
    node: task.node,
    pid: task.pid,
    pstart: task.pstart,
    starttime: task.starttime,
    type: task.type,
    id: task.id,
    user: task.user,
    ...(task.tokenid === undefined ? {} : { tokenid: task.tokenid }),
    ...(task.endtime === undefined ? {} : { endtime: task.endtime, status: task.exitstatus ?? '' }),
  };
}

function status(call: Call) {
  const task = taskOf(call, 'Sys.Audit');
  const { endtime, status: exitstatus, ...row } = taskRow(task);
  return endtime === undefined ? { ...row, status: 'running' } : { ...row, status: 'stopped', exitstatus };
}

function log(call: Call): Listed {
  const task = taskOf(call, 'Sys.Audit');
  const start = numberOf(call.values, 'start') ?? 0;
  const limit = numberOf(call.values, 'limit') ?? DEFAULT_LIMIT;
  const lines = task.lines.length === 0 ? ['no content'] : task.lines;
  const end = limit === 0 ? lines.length : start + limit;
  const rows = lines.map((t, index) => ({ n: index + 1, t })).slice(start, end);
  return new Listed(rows, lines.length);
}

function list(call: Call): Listed {
  const { cluster, caller, values } = call;
  const host = nodeOf(call);
  const seesAll = cluster.access.has(caller, `/nodes/${host.name}`, 'Sys.Audit');
  const source = textOf(values, 'source') ?? 'archive';
  const filters: readonly ((task: Task) => boolean)[] = [
    (task) => task.node === host.name && (seesAll || task.user === caller.user),
    (task) => source === 'all' || (task.endtime === undefined) === (source === 'active'),
    (task) => task.type === (textOf(values, 'typefilter') ?? task.type),
    (task) => task.id === (textOf(values, 'vmid') ?? task.id),
    (task) => task.user.includes(textOf(values, 'userfilter') ?? ''),
    (task) => task.starttime >= (numberOf(values, 'since') ?? 0),
    (task) => task.starttime <= (numberOf(values, 'until') ?? Infinity),
    (task) => !isOn(values, 'errors') || outcome(task) === 'error',
    (task) => values['statusfilter'] === undefined || listOf(values, 'statusfilter').includes(outcome(task)),
  ];
  const found = cluster.tasks.list().filter((task) => filters.every((keep) => keep(task)));
  const start = numberOf(values, 'start') ?? 0;
  const limit = numberOf(values, 'limit') ?? DEFAULT_LIMIT;
  const end = limit === 0 ? found.length : start + limit;
  const rows = found.slice(start, end).map((task) => ({
    ...taskRow(task),
    ...(task.endtime === undefined ? { status: 'RUNNING' } : {}),
  }));
  return new Listed(rows, Math.min(found.length, end));
}

function outcome(task: Task): 'ok' | 'warning' | 'error' | 'unknown' {
  if (task.exitstatus === undefined || task.exitstatus === 'unexpected status') return 'unknown';
  if (task.exitstatus === 'OK') return 'ok';
  return task.exitstatus.startsWith('WARNINGS') ? 'warning' : 'error';
}
