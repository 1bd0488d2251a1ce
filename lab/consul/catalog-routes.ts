import { requireLeader } from './blocking.ts';
import {
  filtered,
  fitsNodeMeta,
  listing,
  mayReadNode,
  mayReadService,
  nearFirst,
  required,
  route,
  TRUE,
  type ConsulLab,
} from './context.ts';
import { ConsulFailure } from './errors.ts';
import type { Call, Route } from './http.ts';
import { Fields } from './registration.ts';
import type { NodeRow, ServiceProxy, ServiceRow } from './rows.ts';
import { printCatalogRow, printService } from './shapes.ts';

const NODE_SELECTORS = ['ID', 'Node', 'Address', 'Datacenter', 'Meta', 'TaggedAddresses', 'PeerName'];
const ROW_SELECTORS =
  'Address Datacenter ID Node NodeMeta TaggedAddresses PeerName ServiceAddress ServiceConnect ServiceEnableTagOverride ServiceID ServiceKind ServiceMeta ServiceName ServicePort ServiceProxy ServiceTaggedAddresses ServiceTags ServiceWeights'.split(
    ' ',
  );
const SERVICE_SELECTORS =
  'ID Service Kind Address Port Tags Meta EnableTagOverride Connect Weights Proxy TaggedAddresses PeerName'.split(
    ' ',
  );

export function catalogRoutes(lab: ConsulLab): Route[] {
  const { state } = lab;
  return [
    route('GET', '/v1/catalog/datacenters', () => ({ json: [lab.cluster.datacenter] })),
    listing(lab, 'GET', '/v1/catalog/nodes', (call) => ({
      index: () => state.indexOf('nodes'),
      read: () => {
        const nodes = [...state.nodes.values()].filter((node) => fitsNodeMeta(call, node)).sort(byNode);
        return filtered(
          call,
          nearFirst(call, call.acl().visible(nodes, mayReadNode(call.acl()))),
          NODE_SELECTORS,
        );
      },
    })),
    listing(lab, 'GET', '/v1/catalog/services', (call) => ({
      index: () => state.indexOf('services'),
      read: () => serviceNames(lab, call),
    })),
    listing(lab, 'GET', '/v1/catalog/service/:service', (call) => {
      const name = required(call.params['service'], 'Missing service name');
      return {
        index: () => state.serviceIndex(name),
        read: () => catalogRows(lab, call, state.instancesOf(name)),
      };
    }),
    listing(lab, 'GET', '/v1/catalog/connect/:service', (call) => {
      const name = required(call.params['service'], 'Missing service name');
      return {
        index: () => state.indexOf('services'),
        read: () => catalogRows(lab, call, meshEndpoints(lab, name)),
      };
    }),
    listing(lab, 'GET', '/v1/catalog/node/:node', (call) => ({
      index: () =>
        state.findNode(call.params['node'] ?? '') ? state.indexOf('nodes', 'services', 'checks') : 1,
      read: () => {
        const found = nodeServices(lab, call);
        if (!found) return null;
        const { node, services } = found;
        return { Node: node, Services: Object.fromEntries(services.map((row) => [row.ID, row])) };
      },
    })),
    listing(lab, 'GET', '/v1/catalog/node-services/:node', (call) => ({
      index: () =>
        state.findNode(call.params['node'] ?? '') ? state.indexOf('nodes', 'services', 'checks') : 1,
      read: () => {
        const found = nodeServices(lab, call);
        return { Node: found?.node ?? null, Services: found?.services ?? [] };
      },
    })),
    listing(lab, 'GET', '/v1/catalog/gateway-services/:gateway', () => ({
      index: () => state.indexOf('config'),
      // The lab has no gateways, and Consul says null for that.
      read: () => null,
    })),
    route('PUT', '/v1/catalog/register', (call) => register(lab, call)),
    route('PUT', '/v1/catalog/deregister', (call) => deregister(lab, call)),
  ];
}

/** Sidecars (`connect-proxy`) and mesh-native instances of a service. */
export function meshEndpoints(lab: ConsulLab, service: string): ServiceRow[] {
  const lower = service.toLowerCase();
  return [...lab.state.services.values()].filter(
    (row) =>
      (row.Kind === 'connect-proxy' && row.Proxy?.DestinationServiceName?.toLowerCase() === lower) ||
      (row.Connect?.Native === true && row.Service.toLowerCase() === lower),
  );
}

function serviceNames(lab: ConsulLab, call: Call): Record<string, string[]> {
  const acl = call.acl();
  const rows = acl.visible([...lab.state.services.values()], (row) =>
    acl.allows('service', 'read', row.Service),
  );
  const fitting = rows.filter((row) => fitsNodeMeta(call, lab.state.nodes.get(row.Node)));
  const kept =
    call.query.get('filter') === null
      ? fitting
      : fitting.filter((row) => filtered(call, printed(lab, [row]), ROW_SELECTORS).length > 0);
  const tags = new Map<string, Set<string>>();
  for (const row of kept) {
    const known = tags.get(row.Service) ?? new Set();
    for (const tag of row.Tags) known.add(tag);
    tags.set(row.Service, known);
  }
  const names = [...tags.keys()].sort();
  // Go walks maps in random order, so a service's tags come in another order each time.
  return Object.fromEntries(names.map((name) => [name, shuffled([...(tags.get(name) ?? [])], lab.random)]));
}

function shuffled<T>(items: T[], random: () => number): T[] {
  return items
    .map((item) => [random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

function printed(lab: ConsulLab, rows: readonly ServiceRow[]) {
  return rows.flatMap((row) => {
    const node = lab.state.nodes.get(row.Node);
    return node ? [printCatalogRow(node, row)] : [];
  });
}

function catalogRows(lab: ConsulLab, call: Call, rows: ServiceRow[]) {
  const acl = call.acl();
  const tags = call.query.getAll('tag');
  const fitting = acl
    .visible(rows, mayReadService(acl))
    .filter((row) => tags.every((tag) => row.Tags.includes(tag)))
    .filter((row) => fitsNodeMeta(call, lab.state.nodes.get(row.Node)))
    .sort((a, b) => byNode(a, b) || (a.ID < b.ID ? -1 : 1));
  return filtered(call, printed(lab, nearFirst(call, fitting)), ROW_SELECTORS);
}

function nodeServices(lab: ConsulLab, call: Call) {
  const name = required(call.params['node'], 'Missing node name');
  const acl = call.acl();
  const node = lab.state.findNode(name);
  if (!node || acl.visible([node], mayReadNode(acl)).length === 0) return undefined;
  const rows = acl.visible(lab.state.servicesOf(node.Node), mayReadService(acl));
  const services = rows.map((row) => printService(row)).sort((a, b) => (a.ID < b.ID ? -1 : 1));
  return { node, services: filtered(call, services, SERVICE_SELECTORS) };
}

async function register(lab: ConsulLab, call: Call) {
  const body = await call.json();
  const fields = new Fields(body);
  const node = fields.text('Node');
  const address = fields.text('Address');
  const acl = call.acl();
  const existing = lab.state.findNode(node);
  if (node === '' || (address === '' && !existing))
    throw new ConsulFailure(400, 'Must provide node and address');
  requireLeader(lab.cluster);
  acl.require('node', 'write', node);
  const id = fields.text('ID');
  if (existing && id !== '' && existing.ID !== id && lab.agents.get(existing.Node)?.alive) {
    throw new ConsulFailure(
      500,
      `rpc error making call: failed inserting node: Error while renaming Node ID: "${id}": Node name ${node} is reserved by node ${existing.ID} with name ${existing.Node} (${existing.Address})`,
    );
  }
  if (!(fields.flag('SkipNodeUpdate') && existing)) {
    lab.state.putNode({
      ID: id || (existing?.ID ?? ''),
      Node: existing?.Node ?? node,
      Address: address || (existing?.Address ?? ''),
      Datacenter: lab.cluster.datacenter,
      TaggedAddresses: fields.object<NodeRow['TaggedAddresses']>(
        'TaggedAddresses',
        existing?.TaggedAddresses ?? null,
      ),
      Meta: fields.object<NodeRow['Meta']>('NodeMeta', existing?.Meta ?? null),
    });
  }
  const stored = lab.state.findNode(node)?.Node ?? node;
  registerService(lab, call, stored, fields);
  const single = fields.raw('Check');
  for (const check of [...(single ? [single] : []), ...fields.list('Checks')])
    registerCheck(lab, stored, check);
  return TRUE;
}

function registerService(lab: ConsulLab, call: Call, node: string, fields: Fields): void {
  const raw = fields.raw('Service');
  if (raw === undefined || raw === null) return;
  const service = new Fields(raw);
  const name = service.text('Service');
  if (name === '') throw new ConsulFailure(400, 'Must provide service name (Service.Service) with ID');
  call.acl().require('service', 'write', name);
  lab.state.putService({
    Node: node,
    Kind: service.text('Kind'),
    ID: service.text('ID') || name,
    Service: name,
    Tags: service.texts('Tags'),
    Address: service.text('Address'),
    TaggedAddresses: service.object<ServiceRow['TaggedAddresses']>('TaggedAddresses', null),
    Meta: service.raw('Meta') ? service.textMap('Meta') : null,
    Port: service.number('Port'),
    Weights: service.object('Weights', { Passing: 1, Warning: 1 }),
    EnableTagOverride: service.flag('EnableTagOverride'),
    Proxy: service.object<ServiceProxy | null>('Proxy', null),
    Connect: service.object<ServiceRow['Connect']>('Connect', null),
  });
}

/** Nobody checks the status of a check that comes this way: any text is kept. */
function registerCheck(lab: ConsulLab, node: string, raw: unknown): void {
  const check = new Fields(raw);
  const serviceId = check.text('ServiceID');
  const service = lab.state.services.get(`${node}\n${serviceId}`);
  if (serviceId !== '' && !service)
    throw new ConsulFailure(500, 'rpc error making call: Missing service registration');
  lab.state.putCheck({
    Node: node,
    CheckID: check.text('CheckID') || check.text('Name'),
    Name: check.text('Name'),
    Status: check.text('Status') || 'critical',
    Notes: check.text('Notes'),
    Output: check.text('Output'),
    ServiceID: serviceId,
    ServiceName: service?.Service ?? '',
    ServiceTags: service?.Tags ?? [],
    Type: check.text('Type'),
    Interval: '',
    Timeout: '',
    ExposedPort: 0,
    Definition: check.object<Record<string, unknown>>('Definition', {}),
  });
}

async function deregister(lab: ConsulLab, call: Call) {
  const fields = new Fields(await call.json());
  const node = fields.text('Node');
  if (node === '') throw new ConsulFailure(400, 'Must provide node');
  requireLeader(lab.cluster);
  const acl = call.acl();
  const stored = lab.state.findNode(node)?.Node ?? node;
  const serviceId = fields.text('ServiceID');
  const checkId = fields.text('CheckID');
  const service = lab.state.services.get(`${stored}\n${serviceId}`);
  if (!(service && acl.allows('service', 'write', service.Service))) acl.require('node', 'write', stored);
  if (serviceId !== '') lab.state.deleteService(stored, serviceId);
  else if (checkId !== '') lab.state.deleteCheck(stored, checkId);
  else lab.state.deleteNode(stored);
  return TRUE;
}

function byNode(a: Pick<NodeRow, 'Node'>, b: Pick<NodeRow, 'Node'>): number {
  return a.Node < b.Node ? -1 : a.Node > b.Node ? 1 : 0;
}
