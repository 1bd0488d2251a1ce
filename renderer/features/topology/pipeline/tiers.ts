import type { EntityKind } from '../../../../shared/model/entity.ts';

/** Columns of the map, left to right along a request. */
export const tiers = [
  'ports',
  'balancers',
  'clients',
  'virtual-ips',
  'services',
  'instances',
  'endpoints',
  'guests',
  'hosts',
  'storage',
] as const;
export type Tier = (typeof tiers)[number];

export const tierTitles: Readonly<Record<Tier, string>> = {
  ports: 'Ports',
  balancers: 'Load balancers',
  clients: 'Clients',
  'virtual-ips': 'Virtual IPs',
  services: 'Services',
  instances: 'Instances',
  endpoints: 'LLM endpoints',
  guests: 'Guests',
  hosts: 'Hosts',
  storage: 'Storage',
};

const tierOfKind: Readonly<Record<EntityKind, Tier>> = {
  port: 'ports',
  'load-balancer': 'balancers',
  'llm-client': 'clients',
  'virtual-ip': 'virtual-ips',
  service: 'services',
  instance: 'instances',
  // A member that no instance matches, and a balancer without an instance, stand where an instance would.
  member: 'instances',
  'llm-balancer': 'instances',
  'llm-endpoint': 'endpoints',
  guest: 'guests',
  // A Consul node that is no known guest or host: most are guests.
  node: 'guests',
  host: 'hosts',
  storage: 'storage',
};

export function tierOf(kind: EntityKind): Tier {
  return tierOfKind[kind];
}

export function tierIndex(tier: Tier): number {
  return tiers.indexOf(tier);
}

/** Tiers beside the path of a request: drawn only when asked for (`show=` in the URL). */
export const optionalTiers = ['balancers', 'ports', 'storage'] as const satisfies readonly Tier[];
export type OptionalTier = (typeof optionalTiers)[number];

export function isOptionalTier(tier: string): tier is OptionalTier {
  return (optionalTiers as readonly string[]).includes(tier);
}
