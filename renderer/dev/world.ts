import type { ConnectionStatus, SystemKind } from '../../shared/model/connection.ts';
import type { Entity } from '../../shared/model/entity.ts';
import type { Source } from '../../shared/model/freshness.ts';
import type { Link } from '../../shared/model/link.ts';
import type { WorldSnapshot } from '../../shared/model/world.ts';
import { sampleEntity, sampleLink, sampleSnapshot } from '../world/sample.ts';

export const fixtureStates = [
  'full',
  'calm',
  'empty',
  'loading',
  'silent',
  'huge',
  'hostile',
  'lost',
  'refused',
] as const;
export type FixtureState = (typeof fixtureStates)[number];

const serviceNames = [
  'catalog',
  'checkout',
  'payments',
  'orders-db',
  'search',
  'accounts',
  'shipping',
  'pricing',
  'stock',
  'reviews',
  'images',
  'mail',
  'ledger',
  'sessions',
  'llm-gateway',
];

interface Made {
  readonly entities: Entity[];
  readonly links: Link[];
}

/** A world that hangs together: services on instances on guests on hosts, behind virtual IPs. */
function makePath(now: number, services: number, broken: boolean): Made {
  const made: Made = { entities: [], links: [] };
  const hosts = Math.max(3, Math.ceil(services / 40));
  for (let n = 1; n <= hosts; n++) made.entities.push(makeHost(now, n));
  for (let n = 0; n < services; n++) addService(made, now, n, hosts, broken);
  addBalancer(made, now);
  return made;
}

function makeHost(now: number, n: number): Entity {
  return sampleEntity('host', `proxmox/pve/node/pve-${n}`, {
    since: now - 86_400_000,
    addresses: [`10.9.0.${n}`],
    attrs: { ips: [`10.9.0.${n}`], cpus: 32, version: '8.2.4' },
    metrics: {
      cpuFraction: 0.3 + (n % 5) / 10,
      memoryBytes: 91 * 2 ** 30,
      memoryLimitBytes: 128 * 2 ** 30,
      uptimeSeconds: 8_640_000,
    },
  });
}

function addService(made: Made, now: number, n: number, hosts: number, broken: boolean): void {
  const name = serviceNames[n] ?? `service-${n}`;
  const hit = broken && name === 'catalog';
  const service = sampleEntity('service', `consul/consul/service/${name}`, {
    name,
    since: now - (hit ? 252_000 : 7_200_000),
    ...(hit
      ? {
          state: 'degraded',
          reason: '1 of 2 instances is down',
          causes: [`proxmox/pve/lxc/${100 + n * 4 + 1}`],
        }
      : {}),
    attrs: { tags: ['prod', n % 2 ? 'blue' : 'green'], instances: 2, datacenter: 'eu-1' },
    metrics: { requestsPerSecond: 900 + n * 137 },
  });
  made.entities.push(service);
  const vip = `10.0.0.${(n % 250) + 5}:443`;
  const vipEntity = sampleEntity('virtual-ip', `loxilb/edge/rule/${vip}-${n}`, {
    name: vip,
    since: service.health.since,
    ...(hit
      ? {
          state: 'degraded',
          reason: '1 of 2 members is inactive',
          causes: [`proxmox/pve/lxc/${100 + n * 4 + 1}`],
        }
      : {}),
    attrs: { ip: `10.0.0.${(n % 250) + 5}`, ruleName: name },
    metrics: { bytesPerSecond: 4_200_000 },
  });
  if (n % 3 === 0) {
    made.entities.push(vipEntity);
    made.links.push(
      sampleLink(vipEntity.id, 'routes-to', service.id, {
        rule: 'members-are-instances',
        evidence: `2 of 2 members of ${vip} are instances of ${name}`,
      }),
    );
  }
  for (let k = 0; k < 2; k++)
    addInstance(made, now, n, k, hosts, hit && k === 1, service, n % 3 === 0 ? vipEntity : null);
}

function addInstance(
  made: Made,
  now: number,
  n: number,
  k: number,
  hosts: number,
  down: boolean,
  service: Entity,
  vip: Entity | null,
): void {
  const vmid = 100 + n * 4 + k;
  const ip = `10.1.${Math.floor(n / 100)}.${(n % 100) * 2 + k + 10}`;
  const hostName = `pve-${((n + k) % hosts) + 1}`;
  const since = now - (down ? 252_000 : 3_600_000 * (n + 1));
  const guest = sampleEntity('guest', `proxmox/pve/lxc/${vmid}`, {
    name: `ct ${vmid} ${service.name}-${'ab'[k]}`,
    since,
    ...(down ? { state: 'down', reason: 'guest is stopped' } : {}),
    ...(n === 6 && k === 0 ? { state: 'maintenance', reason: 'locked for backup' } : {}),
    addresses: [ip],
    attrs: {
      vmid,
      hostName,
      status: down ? 'stopped' : 'running',
      ips: [`${ip}/24`],
      cpus: 2,
      tags: ['prod'],
    },
    metrics: down
      ? {}
      : {
          cpuFraction: 0.22,
          memoryBytes: 1.2 * 2 ** 30,
          memoryLimitBytes: 2 * 2 ** 30,
          uptimeSeconds: 400_000,
        },
  });
  const instance = sampleEntity('instance', `consul/consul/instance/${service.name}-${k + 1}`, {
    since,
    ...(down ? { state: 'down', reason: 'check “http” is critical', causes: [guest.id] } : {}),
    sockets: [`${ip}:8080`],
    attrs: {
      serviceName: service.name,
      nodeName: `ct-${vmid}`,
      address: ip,
      tags: ['prod'],
      checks: [
        {
          id: 'http',
          name: 'http',
          status: down ? 'critical' : 'passing',
          output: down
            ? `Get "http://${ip}:8080/health": dial tcp ${ip}:8080: connect: no route to host`
            : 'HTTP GET 200 OK',
        },
      ],
    },
  });
  made.entities.push(guest, instance);
  made.links.push(
    sampleLink(service.id, 'routes-to', instance.id, {
      evidence: `Consul lists ${instance.name} under ${service.name}`,
    }),
    sampleLink(instance.id, 'runs-on', guest.id, {
      rule: 'address-on-guest',
      evidence: `${ip} is an address of ct ${vmid}`,
      confidence: k ? 'likely' : 'certain',
    }),
    sampleLink(guest.id, 'runs-on', `proxmox/pve/node/${hostName}`, {
      evidence: `Proxmox lists it on ${hostName}`,
    }),
  );
  if (vip) {
    const member = sampleEntity('member', `loxilb/edge/member/${vip.name}-${ip}:8080`, {
      name: `${ip}:8080`,
      since,
      ...(down ? { state: 'down', reason: 'probe fails', causes: [instance.id] } : {}),
      sockets: [`${ip}:8080`],
      attrs: { ip, state: down ? 'inactive' : 'active' },
    });
    made.entities.push(member);
    made.links.push(
      sampleLink(vip.id, 'routes-to', member.id, { evidence: 'LoxiLB lists it as an end point' }),
      sampleLink(member.id, 'same-as', instance.id, {
        rule: 'same-socket',
        evidence: `${ip}:8080 is the address of both`,
      }),
    );
  }
}

function addBalancer(made: Made, now: number): void {
  const balancer = sampleEntity('llm-balancer', 'llm-balancer/llm/balancer/llm', {
    name: 'llm',
    since: now - 9_000_000,
  });
  made.entities.push(balancer);
  for (let n = 1; n <= 4; n++) {
    const endpoint = sampleEntity('llm-endpoint', `llm-balancer/llm/endpoint/gpu-${n}`, {
      since: now - 400_000 * n,
      ...(n === 3 ? { state: 'unknown', reason: 'idle: no request since the start' } : {}),
      metrics: { inFlight: n, latencyMs: 340 * n, tokensPerSecond: 61 },
    });
    made.entities.push(endpoint);
    made.links.push(sampleLink(balancer.id, 'routes-to', endpoint.id));
  }
}

const systems: readonly (readonly [
  id: string,
  system: SystemKind,
  port: number,
  scopes: readonly string[],
])[] = [
  ['consul', 'consul', 8500, ['catalog', 'health']],
  ['edge', 'loxilb', 11_111, ['rules', 'endpoints']],
  ['llm', 'llm-balancer', 8_080, ['state']],
  ['pve', 'proxmox', 8_006, ['resources', 'addresses']],
];

function makeConnections(now: number, state: FixtureState): ConnectionStatus[] {
  return systems.map(([id, system, port], n) => {
    const base: ConnectionStatus = {
      id,
      system,
      url: `https://${id}.lab.test:${port}`,
      state: 'live',
      since: now - 3_600_000,
      lastAnswerAt: now - 400 * (n + 1),
      version: ['1.8.7', '0.9.8.3', '2.1.0', '8.2.4'][n] ?? '1',
      requestsPerMinute: 12 * (n + 1),
      budgetPerMinute: 60,
      latencyMs: 3.4 * (n + 1),
      hasSecret: n !== 1,
    };
    if (state === 'loading') {
      const { version: _version, ...rest } = base;
      return { ...rest, state: 'connecting', lastAnswerAt: null, latencyMs: null, since: now - 1_000 };
    }
    if (state === 'full' && id === 'pve') return { ...base, state: 'late', lastAnswerAt: now - 14_000 };
    if (state === 'silent' && n % 2 === 1) return silent(base, now, n);
    return base;
  });
}

function silent(base: ConnectionStatus, now: number, n: number): ConnectionStatus {
  return {
    ...base,
    state: n === 1 ? 'stale' : 'forbidden',
    since: now - 240_000,
    lastAnswerAt: now - 240_000,
    nextAttemptAt: now + 12_000,
    error: {
      code: n === 1 ? 'unreachable' : 'forbidden',
      attempted: n === 1 ? 'read rules' : 'read cluster resources',
      target: base.url,
      knownEffect: 'nothing was changed',
      advice:
        n === 1
          ? 'Nothing listens on this port. Check that LoxiLB runs, and that a firewall lets this machine through.'
          : 'The token lacks the right Sys.Audit. Give it the role PVEAuditor on /, then try again.',
      retryable: true,
      detail: n === 1 ? 'connect ECONNREFUSED 10.9.0.5:11111' : 'permission check failed (/, Sys.Audit)',
      ...(n === 1 ? {} : { status: 403 }),
    },
  };
}

function makeSources(now: number, state: FixtureState, connections: readonly ConnectionStatus[]): Source[] {
  return systems.flatMap(([id, , , scopes]) => {
    const connection = connections.find((candidate) => candidate.id === id);
    const quiet = connection?.state === 'stale' || connection?.state === 'forbidden';
    return ['main', ...scopes].map((scope, n): Source => {
      if (state === 'loading')
        return {
          id: `${id}/${scope}`,
          connectionId: id,
          scope,
          mode: 'poll',
          state: 'never',
          asOf: null,
          intervalMs: 5_000,
        };
      const partial = id === 'pve' && scope === 'addresses';
      return {
        id: `${id}/${scope}`,
        connectionId: id,
        scope,
        mode: 'poll',
        state: quiet ? 'stale' : partial ? 'partial' : connection?.state === 'late' ? 'late' : 'live',
        asOf: quiet ? now - 240_000 : (connection?.lastAnswerAt ?? now),
        intervalMs: 5_000 * (n + 1),
        ...(partial ? { note: '1 of 30 guests has no guest agent' } : {}),
      };
    });
  });
}

const hostileName = 'safe\u202egnp.exe \u001b[31m<img src=x onerror=alert(1)> \u200bname';

/** The first event that the fixture's engine sends. */
export function makeSnapshot(state: FixtureState, now: number): WorldSnapshot {
  const base = sampleSnapshot({ at: now, environmentId: 'prod-eu' });
  if (state === 'empty') return base;
  const connections = makeConnections(now, state);
  const sources = makeSources(now, state, connections);
  if (state === 'loading') return { ...base, connections, sources };
  const made = makePath(now, state === 'huge' ? 1_820 : serviceNames.length, state !== 'calm');
  if (state === 'hostile')
    made.entities.push(
      sampleEntity('guest', 'proxmox/pve/lxc/666', {
        name: hostileName,
        state: 'down',
        since: now - 5_000,
        reason: `${hostileName} `.repeat(12),
        attrs: { hostName: hostileName, tags: [hostileName], ips: ['10.1.0.66/24'] },
      }),
    );
  return { ...base, connections, sources, entities: made.entities, links: made.links };
}
