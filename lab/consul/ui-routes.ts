import {
  listing,
  mayReadCheck,
  mayReadNode,
  mayReadService,
  required,
  route,
  type ConsulLab,
} from './context.ts';
import { ConsulFailure } from './errors.ts';
import type { Call, Route } from './http.ts';
import { aggregate, type NodeRow, type ServiceRow } from './rows.ts';
import { printCheck, printService } from './shapes.ts';

const TOPOLOGY_KINDS: ReadonlySet<string> = new Set([
  '',
  'typical',
  'ingress-gateway',
  'api-gateway',
  'mesh-gateway',
  'terminating-gateway',
]);

/** The endpoints of Consul's own UI. Their form may change between releases. */
export function uiRoutes(lab: ConsulLab): Route[] {
  const { state } = lab;
  const everything = () => state.indexOf('nodes', 'services', 'checks');
  return [
    listing(lab, 'GET', '/v1/internal/ui/nodes', (call) => ({
      index: everything,
      read: () => {
        const acl = call.acl();
        return acl
          .visible([...state.nodes.values()].sort(byNode), mayReadNode(acl))
          .map((node) => dump(lab, call, node));
      },
    })),
    listing(lab, 'GET', '/v1/internal/ui/node/:node', (call) => ({
      index: everything,
      read: () => {
        const node = state.findNode(required(call.params['node'], 'Missing node name'));
        const acl = call.acl();
        if (!node || acl.visible([node], mayReadNode(acl)).length === 0) throw new ConsulFailure(404, '');
        return dump(lab, call, node);
      },
    })),
    listing(lab, 'GET', '/v1/internal/ui/services', (call) => ({
      index: () => state.indexOf('services', 'checks'),
      read: () => summaries(lab, call),
    })),
    route('GET', '/v1/internal/ui/catalog-overview', (call) => {
      call.acl().require('operator', 'read');
      return { json: overview(lab) };
    }),
    listing(lab, 'GET', '/v1/internal/ui/service-topology/:service', (call) => topology(lab, call)),
    listing(lab, 'GET', '/v1/internal/ui/gateway-services-nodes/:gateway', () => ({
      index: everything,
      read: () => [],
    })),
    listing(lab, 'GET', '/v1/internal/ui/exported-services', () => ({ index: everything, read: () => [] })),
    route('GET', '/v1/internal/ui/metrics-proxy/*', () => {
      throw new ConsulFailure(404, 'Metrics proxy is not enabled');
    }),
  ];
}

function dump(lab: ConsulLab, call: Call, node: NodeRow) {
  const acl = call.acl();
  const services = acl.visible(lab.state.servicesOf(node.Node), mayReadService(acl));
  const checks = acl.visible(lab.state.checksOf(node.Node), mayReadCheck(acl));
  return {
    ID: node.ID,
    Node: node.Node,
    Address: node.Address,
    Datacenter: node.Datacenter,
    TaggedAddresses: node.TaggedAddresses,
    Meta: node.Meta,
    // Here, unlike anywhere else, no tags are null.
    Services: services.map((row) => printService(row, row.Tags.length === 0 ? null : row.Tags)),
    Checks: checks.map((row) => ({
      ...printCheck(row),
      ServiceTags: row.ServiceTags.length === 0 ? null : row.ServiceTags,
    })),
  };
}

function summaries(lab: ConsulLab, call: Call) {
  const acl = call.acl();
  const rows = acl.visible([...lab.state.services.values()], mayReadService(acl));
  const names = [...new Set(rows.map((row) => row.Service))].sort();
  return names.map((name) => summary(lab, name, rows));
}

function summary(lab: ConsulLab, name: string, rows: readonly ServiceRow[]) {
  const own = rows.filter((row) => row.Service === name);
  const proxies = rows.filter((row) => row.Proxy?.DestinationServiceName === name);
  // A node's check counts once per node; those of sidecars count for what they stand in front of.
  const checks = new Map(
    [...own, ...proxies]
      .flatMap((row) => lab.state.checksFor(row))
      .map((check) => [`${check.Node}\n${check.CheckID}`, check]),
  );
  const count = (status: string) => [...checks.values()].filter((check) => check.Status === status).length;
  const tags = [...new Set(own.flatMap((row) => row.Tags))];
  const kind = own.find((row) => row.Kind !== '')?.Kind;
  return {
    ...(kind !== undefined && { Kind: kind }),
    Name: name,
    Datacenter: lab.cluster.datacenter,
    Tags: tags.length === 0 ? null : tags,
    Nodes: own.map((row) => row.Node),
    ExternalSources: null,
    InstanceCount: own.length,
    ChecksPassing: count('passing'),
    ChecksWarning: count('warning'),
    ChecksCritical: count('critical'),
    GatewayConfig: {},
    TransparentProxy: false,
    ConnectNative: own.some((row) => row.Connect?.Native === true),
    ConnectedWithProxy: proxies.length > 0,
    ConnectedWithGateway: false,
  };
}

function overview(lab: ConsulLab) {
  const tally = (statuses: string[]) => ({
    Total: statuses.length,
    Passing: statuses.filter((status) => status === 'passing').length,
    Warning: statuses.filter((status) => status === 'warning').length,
    Critical: statuses.filter((status) => status === 'critical' || status === 'maintenance').length,
  });
  const { state } = lab;
  const names = [...new Set([...state.services.values()].map((row) => row.Service))];
  return {
    Nodes: [
      tally(
        [...state.nodes.values()].map((node) =>
          aggregate(state.checksOf(node.Node).filter((check) => check.ServiceID === '')),
        ),
      ),
    ],
    Services: names.map((name) => ({
      Name: name,
      ...tally(state.instancesOf(name).map((row) => aggregate(state.checksFor(row)))),
    })),
    Checks: [tally([...state.checks.values()].map((check) => check.Status))],
  };
}

/** One hop only, from intentions: the lab's proxies register no upstreams. */
function topology(lab: ConsulLab, call: Call) {
  const name = required(call.params['service'], 'Missing service name');
  const kind = call.query.get('kind');
  if (kind === null) throw new ConsulFailure(400, 'Missing service kind');
  if (!TOPOLOGY_KINDS.has(kind)) throw new ConsulFailure(400, `Unsupported service kind "${kind}"`);
  call.acl().require('service', 'read', name);
  const rows = () => [...lab.state.services.values()];
  const edge = (other: string) => {
    const rule = lab.intentions
      .all()
      .find((row) => [row.SourceName, row.DestinationName].sort().join() === [name, other].sort().join());
    return {
      ...summary(lab, other, rows()),
      Source: 'specific-intention',
      Intention: {
        Allowed: rule?.Action === 'allow',
        HasPermissions: rule?.Permissions !== undefined,
        ExternalSource: '',
        HasExact: rule !== undefined,
        DefaultAllow: false,
      },
    };
  };
  return {
    index: () => lab.state.indexOf('services', 'checks', 'intentions', 'config'),
    read: () => {
      const rules = lab.intentions.all();
      const upstreams = rules.filter((row) => row.SourceName === name && row.DestinationName !== '*');
      const downstreams = rules.filter((row) => row.DestinationName === name && row.SourceName !== '*');
      return {
        Protocol: lab.config.get('service-defaults', name)?.['Protocol'] ?? 'tcp',
        TransparentProxy: false,
        Upstreams: upstreams.map((row) => edge(row.DestinationName)),
        Downstreams: downstreams.map((row) => edge(row.SourceName)),
        FilteredByACLs: false,
      };
    },
  };
}

function byNode(a: NodeRow, b: NodeRow): number {
  return a.Node < b.Node ? -1 : a.Node > b.Node ? 1 : 0;
}
