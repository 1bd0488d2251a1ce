import type { HaResource } from './ha.ts';
import { flag, isOn, numberOf, optionalText, text, textOf, type Params, type Values } from './params.ts';
import { get, onRoot, route, subdirs, type Call, type Route } from './route.ts';

const AUDIT = onRoot('Sys.Audit');
const CONSOLE = onRoot('Sys.Console');

const count = { type: 'integer', optional: true, minimum: 0 } as const;
const resourceParams: Params = {
  comment: { ...optionalText, maxLength: 4_096 },
  failback: flag,
  group: optionalText,
  max_relocate: count,
  max_restart: count,
  state: { ...optionalText, enum: ['started', 'stopped', 'enabled', 'disabled', 'ignored'] },
};

export const haRoutes: readonly Route[] = [
  get('/cluster/ha', AUDIT, () => ['status', 'resources', 'rules'].map((id) => ({ id }))),
  get('/cluster/ha/status', AUDIT, () => subdirs('current', 'manager_status')),
  get('/cluster/ha/status/current', AUDIT, current),
  get('/cluster/ha/status/manager_status', AUDIT, managerStatus),
  get(
    '/cluster/ha/resources',
    AUDIT,
    ({ cluster, values }) =>
      cluster.ha
        .list()
        .filter(({ type }) => type === (textOf(values, 'type') ?? type))
        .map(resourceRow),
    { type: { ...optionalText, enum: ['ct', 'vm'] } },
  ),
  get('/cluster/ha/resources/{sid}', AUDIT, ({ cluster, values }) => ({
    ...resourceRow(cluster.ha.require(String(values['sid']))),
    digest: '0'.repeat(40),
  })),
  route('POST', '/cluster/ha/resources', CONSOLE, add, {
    ...resourceParams,
    sid: text,
    type: { ...optionalText, enum: ['ct', 'vm'] },
  }),
  route(
    'PUT',
    '/cluster/ha/resources/{sid}',
    CONSOLE,
    ({ cluster, values }) => {
      update(cluster.ha.require(String(values['sid'])), values);
      const state = textOf(values, 'state');
      if (state !== undefined) cluster.ha.request(cluster.ha.require(String(values['sid'])), stateOf(state));
      return null;
    },
    { ...resourceParams, delete: optionalText, digest: optionalText },
  ),
  route(
    'DELETE',
    '/cluster/ha/resources/{sid}',
    CONSOLE,
    ({ cluster, values }) => {
      cluster.ha.remove(String(values['sid']));
      return null;
    },
    { purge: flag },
  ),
  route('POST', '/cluster/ha/resources/{sid}/migrate', CONSOLE, (call) => move(call, 'migrate'), {
    node: text,
  }),
  route('POST', '/cluster/ha/resources/{sid}/relocate', CONSOLE, (call) => move(call, 'relocate'), {
    node: text,
  }),
];

function stateOf(word: string): HaResource['state'] {
  return word === 'enabled' ? 'started' : (word as HaResource['state']);
}

function update(resource: HaResource, values: Values): void {
  resource.maxRestart = numberOf(values, 'max_restart') ?? resource.maxRestart;
  resource.maxRelocate = numberOf(values, 'max_relocate') ?? resource.maxRelocate;
  resource.comment = textOf(values, 'comment') ?? resource.comment;
  if ('failback' in values) resource.failback = isOn(values, 'failback');
}

function add({ cluster, values }: Call): null {
  const vmid = Number((textOf(values, 'sid') ?? '').split(':').at(-1));
  const resource = cluster.ha.add(vmid, 'started');
  update(resource, values);
  cluster.ha.request(resource, stateOf(textOf(values, 'state') ?? 'started'));
  return null;
}

function move({ cluster, values }: Call, how: 'migrate' | 'relocate') {
  const resource = cluster.ha.require(String(values['sid']));
  const target = cluster.node(String(values['node'])).name;
  cluster.ha.move(resource, target, how);
  return { sid: resource.sid, 'requested-node': target };
}

function resourceRow(resource: HaResource) {
  return {
    sid: resource.sid,
    type: resource.type,
    state: resource.state,
    max_restart: resource.maxRestart,
    max_relocate: resource.maxRelocate,
    failback: resource.failback ? 1 : 0,
    ...(resource.comment === undefined ? {} : { comment: resource.comment }),
  };
}

function current({ cluster }: Call) {
  const now = cluster.seconds();
  const master = cluster.localNode();
  const quorate = cluster.isQuorate();
  return [
    {
      id: 'quorum',
      type: 'quorum',
      node: master,
      status: quorate ? 'OK' : 'No quorum!',
      quorate: quorate ? 1 : 0,
    },
    { id: 'master', type: 'master', node: master, status: `${master} (active)`, timestamp: now },
    ...[...cluster.world.hosts.values()].map((host) => ({
      id: `lrm:${host.name}`,
      type: 'lrm',
      node: host.name,
      status: `${host.name} (${host.online ? 'active' : 'old timestamp - dead?'})`,
      timestamp: host.online ? now : now - 300,
    })),
    ...cluster.ha.list().map((resource) => {
      const node = cluster.world.guests.get(resource.vmid)?.host ?? '';
      return {
        ...resourceRow(resource),
        type: 'service',
        id: `service:${resource.sid}`,
        node,
        state: resource.crmState,
        crm_state: resource.crmState,
        request_state: resource.state,
        status: `${resource.sid} (${node}, ${resource.crmState})`,
      };
    }),
  ];
}

function managerStatus({ cluster }: Call) {
  const hosts = [...cluster.world.hosts.values()];
  const timestamp = cluster.seconds();
  const services = cluster.ha.list().map((resource) => {
    const guest = cluster.world.guests.get(resource.vmid);
    const running = guest?.status === 'running' ? 1 : 0;
    return [resource.sid, { state: resource.crmState, node: guest?.host ?? '', uid: resource.sid, running }];
  });
  return {
    manager_status: {
      master_node: cluster.localNode(),
      node_status: Object.fromEntries(hosts.map(({ name, online }) => [name, online ? 'online' : 'unknown'])),
      service_status: Object.fromEntries(services) as object,
      timestamp,
    },
    lrm_status: Object.fromEntries(
      hosts.map(({ name }) => [name, { state: 'active', mode: 'active', results: {}, timestamp }]),
    ),
    quorum: { node: cluster.localNode(), quorate: cluster.isQuorate() ? 1 : 0 },
  };
}
