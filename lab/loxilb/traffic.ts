import type { LoxilbNode } from './node.ts';
import { omitEmpty } from './reply.ts';
import type { LabEndpoint, LabRule } from './rule-body.ts';

interface Share {
  readonly endpoint: LabEndpoint;
  readonly serves: boolean;
  readonly delta: { readonly packets: number; readonly bytes: number } | undefined;
}

/**
 * Adds what moved to the end points that serve. What the generator gave to one that this balancer keeps out (a drained
 * host) goes to the others in equal parts; with none left it is lost.
 */
export function spread(shares: readonly Share[]): void {
  const serving = shares.filter(({ serves }) => serves);
  let orphanedPackets = 0;
  let orphanedBytes = 0;
  for (const { endpoint, serves, delta } of shares) {
    if (!delta) continue;
    if (serves) {
      endpoint.packets += delta.packets;
      endpoint.bytes += delta.bytes;
    } else {
      orphanedPackets += delta.packets;
      orphanedBytes += delta.bytes;
    }
  }
  for (const { endpoint } of serving) {
    endpoint.packets += Math.floor(orphanedPackets / serving.length);
    endpoint.bytes += Math.floor(orphanedBytes / serving.length);
  }
}

interface Connection {
  readonly rule: LabRule;
  readonly endpoint: LabEndpoint;
  readonly index: number;
  readonly client: string;
  readonly clientPort: number;
  readonly packets: number;
  readonly bytes: number;
}

const MAX_CONNECTIONS_PER_MEMBER = 24;
/** Of a member's traffic, the part that the connections alive right now have seen. */
const ALIVE_FRACTION = 1 / 50;

/** Connections as the traffic of the scenario implies them; the same ones from call to call while nothing changes. */
export function connections(node: LoxilbNode): Connection[] {
  return node.rules.all().flatMap((rule) => {
    const vip = node.scenarioVip(rule);
    if (!vip) return [];
    const perMember = Math.ceil(vip.requestsPerSecond / Math.max(1, rule.endpoints.length) / 20);
    const count = Math.min(MAX_CONNECTIONS_PER_MEMBER, perMember);
    return rule.endpoints.flatMap((endpoint, index) =>
      node.serves(rule, endpoint)
        ? Array.from({ length: count }, (_, nth) => ({
            rule,
            endpoint,
            index,
            client: `203.0.113.${1 + ((nth * 7 + index * 31 + (rule.port % 13)) % 250)}`,
            clientPort: 32_768 + nth * 61 + index * 1_801,
            packets: Math.floor((endpoint.packets * ALIVE_FRACTION) / count),
            bytes: Math.floor((endpoint.bytes * ALIVE_FRACTION) / count),
          }))
        : [],
    );
  });
}

/** Conntrack: each connection shows as two entries, towards the member and back. */
export function conntrack(node: LoxilbNode): Record<string, unknown>[] {
  return connections(node).flatMap((connection) => {
    const { rule, endpoint, client, clientPort } = connection;
    const [forward, back] = actions(connection, node.guest.ip);
    const common = {
      protocol: rule.protocol,
      ident: '0:0',
      conntrackState: 'est',
      packets: Math.ceil(connection.packets / 2),
      bytes: Math.ceil(connection.bytes / 2),
      servName: rule.name === '' ? '-' : rule.name,
    };
    // Full NAT and one-arm hide the client from the member.
    const peer = rule.mode === 2 ? rule.ip : rule.mode === 1 ? node.guest.ip : client;
    return [
      omitEmpty({
        sourceIP: client,
        destinationIP: rule.ip,
        sourcePort: clientPort,
        destinationPort: rule.port,
        conntrackAct: forward,
        ...common,
      }),
      omitEmpty({
        sourceIP: endpoint.ip,
        destinationIP: peer,
        sourcePort: endpoint.port,
        destinationPort: clientPort,
        conntrackAct: back,
        ...common,
      }),
    ];
  });
}

function actions({ rule, endpoint, index, client, clientPort }: Connection, own: string): [string, string] {
  const weight = `w${index}`;
  const there = `${endpoint.ip}:${endpoint.port}:${weight}`;
  const here = `${rule.ip}:${rule.port}:${weight}`;
  switch (rule.mode) {
    case 1:
      return [`fdnat-${own},${there}`, `fsnat-${client},${here}`];
    case 2:
      return [`fdnat-${rule.ip},${there}`, `fsnat-${client},${here}`];
    case 3:
      return [`ddsr-${there}`, `sdsr-${here}`];
    case 4: {
      const proxied = `fp|${client}:${clientPort}->${endpoint.ip}:${endpoint.port}|${rule.protocol}`;
      return [proxied, proxied];
    }
    case 5:
      return [`hdnat-${there}`, `hsnat-${here}`];
    default:
      return [`dnat-${there}`, `snat-${here}`];
  }
}
