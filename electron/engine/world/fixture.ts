import type { ObservedEntity, ObservedOf, Observation } from '../../../shared/model/entity.ts';
import type { OwnHealth } from '../../../shared/model/health.ts';
import type { Link } from '../../../shared/model/link.ts';

/** Short makers of observed entities for tests: only what joins and health look at. */

const healthy: OwnHealth = { state: 'healthy' };
const base = { metrics: {}, addresses: [] as string[], sockets: [] as string[] };

export function guest(
  vmid: number,
  hostName: string,
  ips: string[],
  ownHealth = healthy,
): ObservedOf<'guest'> {
  return {
    ...base,
    kind: 'guest',
    id: `proxmox/pve/lxc/${vmid}`,
    name: `ct ${vmid} g${vmid}`,
    ownHealth,
    addresses: ips,
    attrs: { type: 'lxc', vmid, hostName, status: 'running', template: false, ips, tags: [] },
  };
}

export function host(name: string, ownHealth = healthy): ObservedOf<'host'> {
  return {
    ...base,
    kind: 'host',
    id: `proxmox/pve/node/${name}`,
    name,
    ownHealth,
    attrs: { status: 'online', ips: [] },
  };
}

export function instance(
  service: string,
  id: string,
  socket: string,
  ownHealth = healthy,
): ObservedOf<'instance'> {
  return {
    ...base,
    kind: 'instance',
    id: `consul/dc/instance/${id}`,
    name: id,
    ownHealth,
    sockets: [socket],
    attrs: { serviceName: service, nodeName: 'n', address: '', port: 0, tags: [], checks: [] },
  };
}

export function service(name: string, ownHealth: OwnHealth = healthy): ObservedOf<'service'> {
  return {
    ...base,
    kind: 'service',
    id: `consul/dc/service/${name}`,
    name,
    ownHealth,
    attrs: { tags: [], instances: 0 },
  };
}

export function node(name: string, address: string, ownHealth = healthy): ObservedOf<'node'> {
  return {
    ...base,
    kind: 'node',
    id: `consul/dc/node/${name}`,
    name,
    ownHealth,
    addresses: [address],
    attrs: { address, checks: [] },
  };
}

export function virtualIp(
  ip: string,
  port: number,
  ownHealth: OwnHealth = { state: 'unknown' },
): ObservedOf<'virtual-ip'> {
  return {
    ...base,
    kind: 'virtual-ip',
    id: `loxilb/lb/virtual-ip/${ip}:${port}`,
    name: `${ip}:${port}`,
    ownHealth,
    sockets: [`${ip}:${port}`],
    attrs: { ip, port, protocol: 'tcp', algorithm: 'rr', mode: 'default', monitored: true },
  };
}

export function member(vip: string, socket: string, ownHealth = healthy): ObservedOf<'member'> {
  return {
    ...base,
    kind: 'member',
    id: `loxilb/lb/member/${vip}-${socket}`,
    name: socket,
    ownHealth,
    sockets: [socket],
    attrs: { ip: '', port: 0, weight: 1, state: 'active', monitored: true },
  };
}

export function reported(from: ObservedEntity, kind: Link['kind'], to: ObservedEntity): Link {
  return {
    from: from.id,
    to: to.id,
    kind,
    rule: 'reported',
    evidence: 'reported by the system',
    confidence: 'certain',
  };
}

export function observation(
  scope: string,
  entities: ObservedEntity[],
  links: Link[] = [],
  asOf = 0,
): Observation {
  return { scope, entities, links, asOf };
}

export const down = (reason: string): OwnHealth => ({ state: 'down', reason });
