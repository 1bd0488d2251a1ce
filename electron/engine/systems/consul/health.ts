import type { OwnHealth } from '../../../../shared/model/health.ts';
import type { ConsulCheck } from './wire.ts';

/**
 * Consul's own order for an instance: maintenance > critical > warning > passing. `odd`: a status outside these, which
 * Consul's aggregate turns into nothing; here it ranks below critical, so that it never hides a known failure.
 */
export type Verdict = 'maintenance' | 'critical' | 'odd' | 'warning' | 'passing' | 'unchecked';

const WORST_FIRST: readonly Verdict[] = ['maintenance', 'critical', 'odd', 'warning', 'passing'];
const OUTPUT_LENGTH = 200;
const NAMES_SHOWN = 5;

/** A check with one of these ids means maintenance, whatever its status. */
export function isMaintenance(check: ConsulCheck): boolean {
  return check.id === '_node_maintenance' || check.id.startsWith('_service_maintenance:');
}

function verdictOf(check: ConsulCheck): Verdict {
  if (isMaintenance(check)) return 'maintenance';
  switch (check.status) {
    case 'passing':
    case 'warning':
    case 'critical':
      return check.status;
    default:
      return 'odd';
  }
}

interface Judgement {
  readonly verdict: Verdict;
  /** The check that decided it: the first of the worst. */
  readonly check?: ConsulCheck;
  /** How many more are as bad. */
  readonly more: number;
}

function judge(checks: readonly ConsulCheck[]): Judgement {
  for (const verdict of WORST_FIRST) {
    const [check, ...rest] = checks.filter((one) => verdictOf(one) === verdict);
    if (check) return { verdict, check, more: rest.length };
  }
  return { verdict: 'unchecked', more: 0 };
}

const stateOf: Record<Verdict, OwnHealth['state']> = {
  maintenance: 'maintenance',
  critical: 'down',
  odd: 'unknown',
  warning: 'degraded',
  passing: 'healthy',
  unchecked: 'unknown',
};

export interface InstanceHealth {
  readonly verdict: Verdict;
  readonly health: OwnHealth;
}

/**
 * Health of an instance from its own checks (a sidecar's included) and those of its node, which count for every instance
 * on it. Without a check of its own an instance is not known to work, though Consul would call it passing: its node
 * being alive says nothing of it. `nodeIsEnough`: for Consul's own service, whose check is the node's.
 */
export function instanceHealth(
  own: readonly ConsulCheck[],
  node: readonly ConsulCheck[],
  nodeIsEnough: boolean,
): InstanceHealth {
  const judged = judge([...own, ...node]);
  if (judged.verdict === 'passing' && own.length === 0 && !nodeIsEnough) {
    const reason = 'no check of its own; the checks of its node pass';
    return { verdict: 'unchecked', health: { state: 'unknown', reason } };
  }
  if (judged.verdict === 'unchecked') {
    return { verdict: 'unchecked', health: { state: 'unknown', reason: 'no checks registered' } };
  }
  return { verdict: judged.verdict, health: healthOf(judged, 'node check ') };
}

/** Health of a node from the checks that belong to no service. */
export function nodeHealth(checks: readonly ConsulCheck[]): OwnHealth {
  const judged = judge(checks);
  if (judged.verdict === 'unchecked')
    return { state: 'unknown', reason: 'no checks registered on this node' };
  return healthOf(judged, 'check ');
}

function healthOf(judged: Judgement, nodePrefix: string): OwnHealth {
  const { verdict, check, more } = judged;
  const state = stateOf[verdict];
  if (check === undefined || verdict === 'passing') return { state };
  const others = more === 0 ? '' : ` (and ${more} more)`;
  return { state, reason: `${reasonOf(verdict, check, nodePrefix)}${others}` };
}

function reasonOf(verdict: Verdict, check: ConsulCheck, nodePrefix: string): string {
  if (verdict === 'maintenance') {
    const whose = check.serviceId === '' ? 'node' : 'service';
    return withText(`${whose} maintenance`, check.notes || check.output);
  }
  const name = cut(oneLine(check.name || check.id), 120);
  const title = `${check.serviceId === '' ? nodePrefix : 'check '}${name}`;
  if (verdict === 'odd')
    return withText(`${title} has status "${cut(oneLine(check.status), 40)}"`, check.output);
  return withText(`${title} ${verdict}`, check.output);
}

function withText(title: string, text: string): string {
  const line = oneLine(text);
  return line === '' ? title : `${title}: ${cut(line, OUTPUT_LENGTH)}`;
}

/** An instance as its service's health sees it. */
export interface ServiceMember {
  readonly name: string;
  readonly verdict: Verdict;
}

/**
 * Health of a service from its instances. Down: none works. Degraded: some do not, or warn. Instances in maintenance are
 * out on purpose, so they neither degrade a service nor carry it.
 */
export function serviceHealth(members: readonly ServiceMember[]): OwnHealth {
  if (members.length === 0) return { state: 'unknown', reason: 'no instance is visible' };
  const named = (verdict: Verdict) =>
    members.filter((member) => member.verdict === verdict).map((member) => member.name);
  const critical = named('critical');
  const maintenance = named('maintenance');
  const unknown = [...named('odd'), ...named('unchecked')];
  const warning = named('warning');
  const part = (names: readonly string[], word: string) =>
    names.length === 0 ? [] : [`${names.length} of ${countOf(members)} ${word}: ${listed(names)}`];
  const inMaintenance = part(maintenance, 'in maintenance');
  if (maintenance.length === members.length) return withReason('maintenance', inMaintenance);
  const criticals = part(critical, 'critical');
  if (critical.length > 0) {
    const none = critical.length + maintenance.length === members.length;
    return withReason(none ? 'down' : 'degraded', [
      ...criticals,
      ...part(warning, 'warning'),
      ...inMaintenance,
    ]);
  }
  if (warning.length > 0) return withReason('degraded', [...part(warning, 'warning'), ...inMaintenance]);
  if (unknown.length > 0) return withReason('unknown', [...part(unknown, 'not checked'), ...inMaintenance]);
  return withReason('healthy', inMaintenance);
}

function withReason(state: OwnHealth['state'], parts: readonly string[]): OwnHealth {
  return parts.length === 0 ? { state } : { state, reason: cut(parts.join('; '), 1_000) };
}

function countOf(members: readonly ServiceMember[]): string {
  return members.length === 1 ? '1 instance' : `${members.length} instances`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).map((name) => cut(name, 80));
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** At most `max` characters, an ellipsis included; never half a character pair. */
export function cut(text: string, max: number): string {
  return text.length <= max
    ? text
    : `${text
        .slice(0, max - 1)
        .toWellFormed()
        .replace(/\uFFFD$/, '')}…`;
}
