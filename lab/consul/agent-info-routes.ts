import { VERSION, SERF_PORT, RPC_PORT } from './cluster.ts';
import { agentOf, filtered, listing, OK, required, route, type ConsulLab } from './context.ts';
import { ConsulFailure } from './errors.ts';
import type { Answer, Call, Route } from './http.ts';
import { metricsJson, metricsText } from './metrics.ts';
import { caRoots } from './mesh-routes.ts';
import { Fields } from './registration.ts';
import { uuidOf } from './uuid.ts';

const TOKEN_NAMES: ReadonlySet<string> = new Set(
  'default agent agent_recovery replication config_file_service_registration dns acl_token acl_agent_token agent_master acl_agent_master_token acl_replication_token'.split(
    ' ',
  ),
);
const LOG_LEVELS: ReadonlySet<string> = new Set(['trace', 'debug', 'info', 'warn', 'error']);
const METRICS_MS = 10_000;

/** What the agent says of itself and of the members that it sees. */
export function agentInfoRoutes(lab: ConsulLab): Route[] {
  return [
    route('GET', '/v1/agent/self', (call) => {
      call.acl().require('agent', 'read', call.agentNode);
      return { json: self(lab, call) };
    }),
    route('GET', '/v1/agent/host', (call) => {
      call.acl().require('operator', 'read');
      return { json: host(lab, call) };
    }),
    route('GET', '/v1/agent/version', () => ({
      json: { SHA: '4d6d0f3f', BuildDate: '2025-08-13T16:49:11Z', HumanVersion: VERSION, FIPS: '' },
    })),
    route('GET', '/v1/agent/members', (call) => {
      const acl = call.acl();
      const wan = call.query.has('wan') && call.query.get('wan') !== 'false';
      const all = wan ? members(lab).filter(({ Tags }) => Tags['role'] === 'consul') : members(lab);
      const rows = acl.visible(all, (member) => acl.allows('node', 'read', member.Name));
      const named = wan
        ? rows.map((row) => ({ ...row, Name: `${row.Name}.${lab.cluster.datacenter}` }))
        : rows;
      return { json: filtered(call, named, ['Name', 'Addr', 'Port', 'Tags', 'Status', 'ProtocolCur']) };
    }),
    route('PUT', '/v1/agent/join/:address', (call) => agentWrite(call)),
    route('PUT', '/v1/agent/leave', (call) => agentWrite(call)),
    route('PUT', '/v1/agent/reload', (call) => agentWrite(call)),
    route('PUT', '/v1/agent/force-leave/:node', (call) => forceLeave(lab, call)),
    route('PUT', '/v1/agent/token/:name', async (call) => {
      call.acl().require('agent', 'write', call.agentNode);
      new Fields(await call.json()).text('Token');
      const name = call.params['name'] ?? '';
      if (!TOKEN_NAMES.has(name)) throw new ConsulFailure(404, `Token "${name}" is unknown`);
      return OK;
    }),
    route('GET', '/v1/agent/metrics', (call) => {
      call.acl().require('agent', 'read', call.agentNode);
      if (call.query.get('format') === 'prometheus') {
        return { text: metricsText(lab), contentType: 'text/plain; version=0.0.4; charset=utf-8' };
      }
      return { json: metricsJson(lab) };
    }),
    route('GET', '/v1/agent/metrics/stream', (call) => {
      call.acl().require('agent', 'read', call.agentNode);
      stream(lab, call, METRICS_MS, () => `${JSON.stringify(metricsJson(lab))}\n`);
      return undefined;
    }),
    route('GET', '/v1/agent/monitor', (call) => {
      call.acl().require('agent', 'read', call.agentNode);
      const level = call.query.get('loglevel') ?? 'info';
      if (!LOG_LEVELS.has(level)) throw new ConsulFailure(400, `Unknown log level: ${level}`);
      stream(lab, call, 1_000, () => logLine(lab, call));
      return undefined;
    }),
    listing(lab, 'GET', '/v1/agent/connect/ca/roots', () => ({ index: () => 9, read: () => caRoots(lab) })),
  ];
}

function agentWrite(call: Call): Answer {
  call.acl().require('agent', 'write', call.agentNode);
  return OK;
}

function forceLeave(lab: ConsulLab, call: Call): Answer {
  call.acl().require('operator', 'write');
  const name = required(call.params['node'], 'Missing node name');
  const agent = lab.agents.get(name);
  if (!agent || lab.state.nodes.get(name) === undefined) {
    throw new ConsulFailure(500, `agent: No node found with name '${name}'`);
  }
  // Only a failed member leaves; a live one refutes the rumour.
  if (!agent.alive) lab.state.deleteNode(name);
  return OK;
}

export function members(lab: ConsulLab) {
  const rows = [...lab.agents.values()].filter((agent) => lab.state.nodes.has(agent.node));
  return rows.map((agent) => {
    const server = lab.cluster.isServer(agent.node);
    return {
      Name: agent.node,
      Addr: agent.nodeRow.Address,
      Port: SERF_PORT,
      Tags: {
        acls: '1',
        build: `${VERSION}:4d6d0f3f`,
        dc: lab.cluster.datacenter,
        id: agent.nodeRow.ID,
        role: server ? 'consul' : 'node',
        segment: '',
        vsn: '2',
        ...(server && {
          port: String(RPC_PORT),
          raft_vsn: '3',
          expect: '3',
          wan_join_port: '8302',
          ft_fs: '1',
          ft_si: '1',
        }),
      },
      Status: agent.alive ? 1 : 4,
      ProtocolMin: 1,
      ProtocolMax: 5,
      ProtocolCur: 2,
      DelegateMin: 2,
      DelegateMax: 5,
      DelegateCur: 4,
    };
  });
}

function self(lab: ConsulLab, call: Call) {
  const agent = agentOf(lab, call);
  const server = lab.cluster.isServer(agent.node);
  const leader = lab.cluster.leader();
  const member = members(lab).find((row) => row.Name === agent.node);
  const uptime = String(Math.round((lab.now() - lab.startedAt) / 1_000));
  return {
    Config: {
      Datacenter: lab.cluster.datacenter,
      PrimaryDatacenter: lab.cluster.datacenter,
      NodeName: agent.node,
      NodeID: agent.nodeRow.ID,
      Revision: '4d6d0f3f',
      Server: server,
      Version: VERSION,
      BuildDate: '2025-08-13T16:49:11Z',
      PeeringEnabled: true,
    },
    DebugConfig: {
      ACLsEnabled: true,
      ACLDefaultPolicy: 'deny',
      Datacenter: lab.cluster.datacenter,
      NodeName: agent.node,
    },
    Coord: { Vec: [0, 0, 0, 0, 0, 0, 0, 0], Error: 1.5, Adjustment: 0, Height: 0.00001 },
    Member: member ?? null,
    // All leaves are strings, numbers and flags too.
    Stats: {
      agent: {
        check_monitors: '0',
        check_ttls: String(agent.checks().filter((row) => row.Type === 'ttl').length),
        checks: String(agent.checks().length),
        services: String(agent.services().length),
      },
      build: { prerelease: '', revision: '4d6d0f3f', version: VERSION, version_metadata: '' },
      consul: {
        acl: 'enabled',
        server: String(server),
        leader: String(leader?.name === agent.node),
        leader_addr: leader ? `${leader.ip}:${RPC_PORT}` : '',
        known_datacenters: '1',
      },
      ...(server && {
        raft: {
          state: leader?.name === agent.node ? 'Leader' : leader ? 'Follower' : 'Candidate',
          term: String(lab.cluster.term),
          last_log_index: String(lab.state.index),
          commit_index: String(lab.state.index),
          applied_index: String(lab.state.index),
          num_peers: String(lab.cluster.servers.length - 1),
        },
      }),
      runtime: {
        arch: 'amd64',
        cpu_count: '2',
        goroutines: '187',
        max_procs: '2',
        os: 'linux',
        version: 'go1.24.6',
        uptime,
      },
      serf_lan: {
        members: String(members(lab).length),
        failed: String(members(lab).filter((row) => row.Status === 4).length),
        health_score: '0',
      },
    },
    Meta: agent.nodeRow.Meta ?? {},
    xDS: {
      SupportedProxies: { envoy: ['1.34.7', '1.33.9', '1.32.12', '1.31.10'] },
      Port: 8502,
      Ports: { Plaintext: 8502, TLS: 8503 },
    },
  };
}

function host(lab: ConsulLab, call: Call) {
  const agent = agentOf(lab, call);
  const guest = [...lab.world.guests.values()].find((one) => one.name === agent.node);
  const machine = guest ?? lab.world.hosts.get(agent.node);
  const total = machine?.memoryBytes ?? 0;
  const used = machine?.memoryUsedBytes ?? 0;
  const startedAt = machine?.startedAt ?? lab.startedAt;
  return {
    Memory: {
      total,
      available: total - used,
      used,
      usedPercent: total === 0 ? 0 : (100 * used) / total,
      free: total - used,
    },
    CPU: Array.from({ length: machine?.cpus ?? 0 }, (_, cpu) => ({
      cpu,
      vendorId: 'AuthenticAMD',
      modelName: 'AMD EPYC',
      mhz: 2_596,
    })),
    Host: {
      hostname: agent.node,
      uptime: Math.round((lab.now() - startedAt) / 1_000),
      bootTime: Math.round(startedAt / 1_000),
      os: 'linux',
      platform: 'debian',
      platformVersion: '12.11',
      hostId: uuidOf(`host ${agent.node}`),
    },
    Disk: {
      path: '/opt/consul/data',
      fstype: 'ext4',
      total: guest?.diskBytes ?? 2 ** 36,
      free: 2 ** 33,
      used: 2 ** 32,
      usedPercent: 33,
    },
    CollectionTime: lab.now() * 1_000_000,
    Errors: null,
  };
}

/** Sends text for as long as the client listens; drops what a slow reader has no room for. */
function stream(lab: ConsulLab, call: Call, everyMs: number, next: () => string): void {
  const { response } = call;
  response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.write(next());
  const timer = setInterval(() => {
    if (!response.writableNeedDrain) response.write(next());
  }, everyMs);
  const signals = [call.signal, lab.signal];
  const stop = () => {
    clearInterval(timer);
    for (const signal of signals) signal.removeEventListener('abort', stop);
    response.end();
  };
  for (const signal of signals) signal.addEventListener('abort', stop, { once: true });
}

function logLine(lab: ConsulLab, call: Call): string {
  const time = new Date(lab.now()).toISOString();
  const critical = agentOf(lab, call)
    .checks()
    .find((row) => row.Status === 'critical');
  const [level, message] = critical
    ? ['WARN', `agent: Check is now critical: check=${critical.CheckID}`]
    : ['INFO', 'agent: Synced node info'];
  if (call.query.has('logjson')) {
    return `${JSON.stringify({ '@level': level.toLowerCase(), '@message': message, '@timestamp': time })}\n`;
  }
  return `${time} [${level}]  ${message}\n`;
}
