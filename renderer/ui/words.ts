import type { ConnectionState, SystemKind } from '../../shared/model/connection.ts';
import type { EntityKind } from '../../shared/model/entity.ts';
import type { Protection } from '../../shared/model/environment.ts';
import type { FreshnessState } from '../../shared/model/freshness.ts';
import type { HealthState } from '../../shared/model/health.ts';
import type { LinkKind, LinkRule } from '../../shared/model/link.ts';

/** The console's words for the closed vocabularies of the model: one place, so that every view says the same. */

export const kindWords: Readonly<Record<EntityKind, { readonly one: string; readonly many: string }>> = {
  'virtual-ip': { one: 'virtual IP', many: 'virtual IPs' },
  member: { one: 'member', many: 'members' },
  'load-balancer': { one: 'load balancer', many: 'load balancers' },
  port: { one: 'port', many: 'ports' },
  service: { one: 'service', many: 'services' },
  instance: { one: 'instance', many: 'instances' },
  node: { one: 'node', many: 'nodes' },
  guest: { one: 'guest', many: 'guests' },
  host: { one: 'host', many: 'hosts' },
  storage: { one: 'storage', many: 'storages' },
  'llm-balancer': { one: 'LLM balancer', many: 'LLM balancers' },
  'llm-endpoint': { one: 'LLM endpoint', many: 'LLM endpoints' },
  'llm-client': { one: 'LLM client', many: 'LLM clients' },
};

export const healthWords: Readonly<Record<HealthState, string>> = {
  healthy: 'healthy',
  degraded: 'degraded',
  down: 'down',
  maintenance: 'in maintenance',
  unknown: 'unknown',
};

export const freshnessWords: Readonly<Record<FreshnessState, string>> = {
  live: 'live',
  late: 'late',
  stale: 'stale',
  partial: 'partial',
  never: 'never seen',
};

export const connectionWords: Readonly<Record<ConnectionState, string>> = {
  connecting: 'connecting',
  live: 'live',
  late: 'late',
  stale: 'stale',
  down: 'down',
  forbidden: 'access refused',
};

export const systemWords: Readonly<Record<SystemKind, string>> = {
  loxilb: 'LoxiLB',
  octavia: 'Octavia',
  consul: 'Consul',
  kong: 'Kong',
  mesh: 'Mesh controller',
  proxmox: 'Proxmox',
  'llm-balancer': 'LLM balancer',
  prometheus: 'Prometheus',
  jaeger: 'Jaeger',
  tempo: 'Tempo',
  ssh: 'SSH',
};

export const protectionWords: Readonly<Record<Protection, string>> = {
  'read-only': 'read-only',
  confirm: 'changes are confirmed',
  open: 'open to changes',
};

/** A link read from its `from` end ("runs on …") and from its `to` end ("runs …"). */
export const linkWords: Readonly<Record<LinkKind, { readonly out: string; readonly in: string }>> = {
  'routes-to': { out: 'routes to', in: 'gets requests from' },
  'runs-on': { out: 'runs on', in: 'runs' },
  'same-as': { out: 'is the same as', in: 'is the same as' },
  checks: { out: 'checks', in: 'is checked by' },
  calls: { out: 'calls', in: 'is called by' },
};

export const ruleWords: Readonly<Record<LinkRule, string>> = {
  reported: 'reported',
  'same-socket': 'same address and port',
  'address-on-guest': 'address of the guest',
  'members-are-instances': 'members are instances',
  'virtual-ip-as-member': 'member is a virtual IP',
  'same-name': 'same name',
  declared: 'declared by the operator',
};
