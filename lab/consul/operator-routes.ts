import { gunzipSync, gzipSync } from 'node:zlib';
import { readOptions, requireLeader } from './blocking.ts';
import { RPC_PORT, VERSION, type ServerSpec } from './cluster.ts';
import { listing, mayReadNode, OK, required, route, TRUE, type ConsulLab } from './context.ts';
import { ConsulFailure } from './errors.ts';
import type { Answer, Call, Route } from './http.ts';
import { Fields } from './registration.ts';

/** Operator, status, snapshots, peerings, coordinates. */
export function operatorRoutes(lab: ConsulLab): Route[] {
  const { cluster, state } = lab;
  const autopilot: Record<string, unknown> = {
    CleanupDeadServers: true,
    LastContactThreshold: '200ms',
    MaxTrailingLogs: 250,
    MinQuorum: 0,
    ServerStabilizationTime: '10s',
    RedundancyZoneTag: '',
    DisableUpgradeMigration: false,
    UpgradeVersionTag: '',
    CreateIndex: 4,
    ModifyIndex: 4,
  };
  const address = (server: ServerSpec) => `${server.ip}:${RPC_PORT}`;
  return [
    // Needs no token and no leader, and does not block.
    route('GET', '/v1/status/leader', () => {
      const leader = cluster.leader();
      return { json: leader ? address(leader) : '' };
    }),
    route('GET', '/v1/status/peers', () => ({ json: cluster.servers.map(address) })),
    route('GET', '/v1/operator/raft/configuration', (call) => {
      call.acl().require('operator', 'read');
      requireLeader(cluster, readOptions(call.query).consistency);
      const servers = cluster.servers.map((server) => ({
        ID: server.id,
        Node: server.name,
        Address: address(server),
        Leader: cluster.leader() === server,
        ProtocolVersion: '3',
        Voter: true,
        LastIndex: state.index,
      }));
      return { json: { Servers: servers, Index: 0 } };
    }),
    route('POST', '/v1/operator/raft/transfer-leader', (call) => {
      call.acl().require('operator', 'write');
      requireLeader(cluster);
      if (!cluster.transfer(call.query.get('id') ?? undefined)) {
        throw new ConsulFailure(404, 'Failed to transfer Leader: cannot find peer');
      }
      return { json: { Success: true } };
    }),
    route('DELETE', '/v1/operator/raft/peer', (call) => {
      call.acl().require('operator', 'write');
      const given = ['id', 'address'].filter((name) => call.query.get(name));
      if (given.length === 0)
        throw new ConsulFailure(
          400,
          "Must specify either ?id with the server's ID or ?address with IP:port of peer to remove",
        );
      if (given.length > 1) throw new ConsulFailure(400, 'Must specify only one of ?id or ?address');
      // Only a server that is gone could be removed, and the lab's come back.
      throw new ConsulFailure(500, 'rpc error making call: address was not found in the Raft configuration');
    }),
    route('GET', '/v1/operator/autopilot/configuration', (call) => {
      call.acl().require('operator', 'read');
      return { json: autopilot };
    }),
    route('PUT', '/v1/operator/autopilot/configuration', async (call) => {
      call.acl().require('operator', 'write');
      requireLeader(cluster);
      const cas = call.query.get('cas');
      if (cas !== null && Number(cas) !== autopilot['ModifyIndex']) return { json: false };
      const body = await call.json();
      state.commit((index) => Object.assign(autopilot, body, { CreateIndex: 4, ModifyIndex: index }));
      return TRUE;
    }),
    route('GET', '/v1/operator/autopilot/health', (call) => {
      call.acl().require('operator', 'read');
      const body = autopilotHealth(lab, address);
      // The same body under 429 when something is wrong.
      return { status: body.Healthy ? 200 : 429, json: body };
    }),
    route('GET', '/v1/operator/autopilot/state', (call) => {
      call.acl().require('operator', 'read');
      requireLeader(cluster);
      return { json: autopilotState(lab, address) };
    }),
    route('GET', '/v1/operator/keyring', (call) => {
      call.acl().require('keyring', 'read');
      const key = Buffer.alloc(32, 'lab').toString('base64');
      const count = { [key]: [...lab.agents.values()].filter((agent) => agent.alive).length };
      const ring = {
        Datacenter: cluster.datacenter,
        Segment: '',
        Keys: count,
        PrimaryKeys: count,
        NumNodes: count[key],
      };
      return {
        json: [
          { WAN: true, ...ring },
          { WAN: false, ...ring },
        ],
      };
    }),
    listing(lab, 'GET', '/v1/operator/usage', (call) => {
      call.acl().require('operator', 'read');
      return { index: () => state.indexOf('services', 'nodes'), read: () => usage(lab) };
    }),
    route('GET', '/v1/snapshot', (call) => snapshot(lab, call)),
    route('PUT', '/v1/snapshot', (call) => restore(lab, call)),
    listing(lab, 'GET', '/v1/peerings', (call) => {
      call.acl().require('peering', 'read');
      return { index: () => 1, read: () => [] };
    }),
    route('GET', '/v1/peering/:name', (call) => {
      call.acl().require('peering', 'read');
      throw new ConsulFailure(404, `Peering not found for "${call.params['name'] ?? ''}"`);
    }),
    route('GET', '/v1/coordinate/datacenters', () => ({
      json: [
        {
          Datacenter: cluster.datacenter,
          AreaID: 'wan',
          Coordinates: cluster.servers.map((server) => coordinate(`${server.name}.${cluster.datacenter}`)),
        },
      ],
    })),
    listing(lab, 'GET', '/v1/coordinate/nodes', (call) => ({
      index: () => state.indexOf('coordinates', 'nodes'),
      read: () => coordinates(lab, call, () => true),
    })),
    listing(lab, 'GET', '/v1/coordinate/node/:node', (call) => ({
      index: () => state.indexOf('coordinates', 'nodes'),
      read: () => {
        const rows = coordinates(lab, call, (name) => name === call.params['node']);
        if (rows.length === 0) throw new ConsulFailure(404, '');
        return rows;
      },
    })),
    route('PUT', '/v1/coordinate/update', async (call) => {
      const fields = new Fields(await call.json());
      call.acl().require('node', 'write', required(fields.text('Node'), 'Missing node name'));
      return OK;
    }),
  ];
}

function autopilotHealth(lab: ConsulLab, address: (server: ServerSpec) => string) {
  const { cluster } = lab;
  const servers = cluster.servers.map((server) => {
    const up = cluster.isUp(server);
    return {
      ID: server.id,
      Name: server.name,
      Address: address(server),
      SerfStatus: up ? 'alive' : 'failed',
      Version: VERSION,
      Leader: cluster.leader() === server,
      LastContact: cluster.leader() === server ? '0s' : '12.5ms',
      LastTerm: cluster.term,
      LastIndex: lab.state.index,
      Healthy: up,
      Voter: true,
      StableSince: new Date(lab.startedAt).toISOString(),
    };
  });
  const Healthy = cluster.leader() !== undefined && servers.every((server) => server.Healthy);
  return { Healthy, FailureTolerance: cluster.failureTolerance(), Servers: servers };
}

function autopilotState(lab: ConsulLab, address: (server: ServerSpec) => string) {
  const { cluster } = lab;
  const health = autopilotHealth(lab, address);
  const servers = cluster.servers.map((server, at) => {
    const {
      SerfStatus,
      Leader,
      Voter: _voter,
      ...rest
    } = health.Servers[at] as (typeof health.Servers)[number];
    const row = {
      ...rest,
      NodeStatus: SerfStatus,
      ReadReplica: false,
      Status: Leader ? 'leader' : 'voter',
      Meta: { 'consul-network-segment': '' },
      NodeType: 'voter',
    };
    return [server.id, row] as const;
  });
  return {
    Healthy: health.Healthy,
    FailureTolerance: health.FailureTolerance,
    OptimisticFailureTolerance: health.FailureTolerance,
    Servers: Object.fromEntries(servers),
    Leader: cluster.leader()?.id ?? '',
    Voters: cluster.servers.map((server) => server.id),
  };
}

function usage(lab: ConsulLab) {
  const rows = [...lab.state.services.values()];
  const ofKind = (kind: string) => rows.filter((row) => row.Kind === kind).length;
  return {
    Usage: {
      [lab.cluster.datacenter]: {
        Services: new Set(rows.map((row) => row.Service)).size,
        ServiceInstances: rows.length,
        ConnectServiceInstances: {
          'connect-native': rows.filter((row) => row.Connect?.Native).length,
          'connect-proxy': ofKind('connect-proxy'),
          'ingress-gateway': 0,
          'mesh-gateway': 0,
          'terminating-gateway': 0,
          'api-gateway': 0,
        },
        BillableServiceInstances: rows.filter((row) => row.Kind === '' && row.Service !== 'consul').length,
        Nodes: lab.state.nodes.size,
      },
    },
    Index: lab.state.indexOf('services', 'nodes'),
    LastContact: 0,
    KnownLeader: lab.cluster.leader() !== undefined,
    ConsistencyLevel: 'leader',
    NotModified: false,
    Backend: 0,
    ResultsFilteredByACLs: false,
  };
}

/** The lab's own archive form, gzipped; the real one is a gzipped tar. Restoring it makes every index start over. */
function snapshot(lab: ConsulLab, call: Call): Answer {
  call.acl().require('acl', 'write');
  requireLeader(lab.cluster, readOptions(call.query).consistency);
  const { nodes, services, checks } = lab.state;
  const archive = {
    nodes: [...nodes.values()],
    services: [...services.values()],
    checks: [...checks.values()],
  };
  return {
    bytes: gzipSync(JSON.stringify(archive)),
    contentType: 'application/x-gzip',
    headers: { 'X-Consul-Index': String(lab.state.index) },
  };
}

async function restore(lab: ConsulLab, call: Call): Promise<Answer> {
  call.acl().require('acl', 'write');
  requireLeader(lab.cluster);
  try {
    JSON.parse(gunzipSync(await call.body()).toString('utf8'));
  } catch {
    throw new ConsulFailure(
      500,
      'failed to decode snapshot: failed to read snapshot file: gzip: invalid header',
    );
  }
  // What is registered is the world's and comes back by itself; what a restore changes for a reader is the indexes.
  lab.state.restored(60);
  return OK;
}

function coordinate(node: string) {
  // Spread a little, so that round trips are not all the same.
  const spread = Buffer.from(node).reduce((sum, byte) => sum + byte, 0) % 20;
  return {
    Node: node,
    Segment: '',
    Coord: { Vec: [spread / 40_000, 0, 0, 0, 0, 0, 0, 0], Error: 0.2, Adjustment: 0, Height: 0.0002 },
  };
}

function coordinates(lab: ConsulLab, call: Call, fits: (name: string) => boolean) {
  const acl = call.acl();
  const rows = [...lab.state.nodes.values()].filter((row) => fits(row.Node) && lab.agents.has(row.Node));
  return acl.visible(rows, mayReadNode(acl)).map((row) => coordinate(row.Node));
}
