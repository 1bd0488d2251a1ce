import { entityId, type EntityId } from '../../../../shared/model/ids.ts';
import { socketOf } from '../../../../shared/model/entity.ts';
import type { Rule, RuleEndpoint } from './wire.ts';

/** The longest id that the world takes. */
const MAX_ID = 1_000;

/**
 * The rule's own key: what LoxiLB itself tells rules apart by (address, port or range, protocol, block, host). The name
 * is no part of it: it is not unique and can be anything. `10.0.0.5:443/tcp`, `10.0.0.5:8000-8010/udp`,
 * `10.0.0.5:443/tcp;block=7;host=shop.example`. The host comes last because only it may hold any character.
 */
export function ruleKey(rule: Pick<Rule, 'ip' | 'port' | 'portMax' | 'protocol' | 'block' | 'host'>): string {
  const range = rule.portMax === undefined ? '' : `-${rule.portMax}`;
  const block = rule.block === 0 ? '' : `;block=${rule.block}`;
  const host = rule.host === '' ? '' : `;host=${rule.host}`;
  return `${socketOf(rule.ip, rule.port)}${range}/${rule.protocol}${block}${host}`;
}

/** undefined: the server's text makes an id longer than the world takes. */
export function ruleId(connectionId: string, key: string): EntityId | undefined {
  return bounded(entityId('loxilb', connectionId, 'virtual-ip', key));
}

/** undefined: as for `ruleId`. */
export function memberId(
  connectionId: string,
  key: string,
  endpoint: Pick<RuleEndpoint, 'ip' | 'port'>,
): EntityId | undefined {
  return bounded(
    entityId('loxilb', connectionId, 'member', `${key}/${socketOf(endpoint.ip, endpoint.port)}`),
  );
}

/** LoxiLB has no name of its own that is always readable, so the process is named by the connection that reaches it. */
export function loadBalancerId(connectionId: string): EntityId {
  return entityId('loxilb', connectionId, 'load-balancer', connectionId);
}

/** undefined: as for `ruleId`. */
export function portId(connectionId: string, name: string): EntityId | undefined {
  return bounded(entityId('loxilb', connectionId, 'port', name));
}

function bounded(id: EntityId): EntityId | undefined {
  return id.length <= MAX_ID ? id : undefined;
}
