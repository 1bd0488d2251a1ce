import type { Entity, Metrics } from '../../../../shared/model/entity.ts';
import type { FreshnessState, Source } from '../../../../shared/model/freshness.ts';
import {
  formatAge,
  formatBytes,
  formatCount,
  formatFraction,
  formatRate,
  plural,
} from '../../../ui/format.ts';
import { visibleText } from '../../../ui/hostile.ts';
import { freshnessWords, healthWords, kindWords } from '../../../ui/words.ts';
import { freshnessOf, type Freshness } from '../../../world/freshness.ts';
import type { TopoNode } from './graph.ts';

/** The words of the map: what stands in a node's box, in its name for a screen reader and in the table twin. */

/** First line: the name as operators say it. */
export function titleOf(node: TopoNode): string {
  return visibleText(node.group ? `${node.group.key} × ${node.group.count}` : entityTitle(node.entity));
}

function entityTitle(entity: Entity): string {
  switch (entity.kind) {
    case 'virtual-ip':
      return socketText(entity.attrs.ip, entity.attrs.port, entity.attrs.portMax);
    case 'member':
      return socketText(entity.attrs.ip, entity.attrs.port);
    default:
      return entity.name;
  }
}

function socketText(ip: string, port: number, portMax?: number): string {
  const host = ip.includes(':') ? `[${ip}]` : ip;
  return portMax === undefined || portMax === port ? `${host}:${port}` : `${host}:${port}–${portMax}`;
}

/** Second line: where it is or how much it does, the fact one looks for at this kind of thing. Never empty. */
export function detailOf(node: TopoNode): string {
  if (node.group) return groupDetail(node);
  if (node.state === 'down' && node.entity.kind === 'guest') return visibleText(node.entity.attrs.status);
  return visibleText(joined(entityDetail(node)) || kindWords[node.kind].one);
}

function groupDetail(node: TopoNode): string {
  const { count, states } = node.group!;
  const { one, many } = kindWords[node.kind];
  const unusual = (['unknown', 'maintenance'] as const)
    .filter((state) => states[state] > 0)
    .map((state) => `${states[state]} ${healthWords[state]}`);
  return joined([plural(count, one, many), ...unusual]);
}

function entityDetail(node: TopoNode): (string | undefined)[] {
  const { entity } = node;
  const { metrics } = entity;
  switch (entity.kind) {
    case 'virtual-ip': {
      const { ruleName, protocol, security } = entity.attrs;
      return [
        ruleName ?? (entity.name.includes(entity.attrs.ip) ? undefined : entity.name),
        security ?? protocol,
      ];
    }
    case 'service':
      return [rateOf(metrics) ?? plural(entity.attrs.instances, 'instance')];
    case 'instance':
      return [socketText(entity.attrs.address, entity.attrs.port), rateOfNode(node)];
    case 'member':
      return [`weight ${entity.attrs.weight}`, rateOf(metrics)];
    case 'guest':
      return [
        entity.attrs.cpus === undefined ? undefined : `${entity.attrs.cpus} vCPU`,
        metrics.cpuFraction === undefined ? entity.attrs.status : formatFraction(metrics.cpuFraction),
      ];
    case 'host':
      return [
        share('cpu', metrics.cpuFraction, 1),
        share('mem', metrics.memoryBytes, metrics.memoryLimitBytes),
      ];
    case 'node':
      return [entity.attrs.address];
    case 'storage':
      return [share('used', metrics.diskBytes, metrics.diskLimitBytes), entity.attrs.pluginType];
    case 'llm-balancer':
      return [
        entity.sockets[0] ?? instanceSocket(node),
        `${entity.attrs.usableEndpoints} of ${entity.attrs.totalEndpoints} usable`,
      ];
    case 'llm-endpoint':
      return [
        metrics.tokensPerSecond === undefined
          ? entity.attrs.state
          : formatRate(metrics.tokensPerSecond, 'tok'),
        metrics.inFlight === undefined ? undefined : `${formatCount(metrics.inFlight)} in flight`,
      ];
    case 'llm-client':
      return [rateOf(metrics) ?? `priority ${entity.attrs.requestPriority}`];
    case 'load-balancer':
      return [entity.attrs.haState, entity.attrs.version];
    case 'port':
      return [entity.attrs.ips[0] ?? entity.attrs.portType, rateOf(metrics)];
  }
}

function instanceSocket(node: TopoNode): string | undefined {
  const instance = node.parts.find((part) => part.kind === 'instance');
  return instance && socketText(instance.attrs.address, instance.attrs.port);
}

function share(word: string, used: number | undefined, limit: number | undefined): string | undefined {
  return used === undefined || !limit ? undefined : `${word} ${formatFraction(used / limit)}`;
}

function joined(words: readonly (string | undefined)[]): string {
  return words.filter((word) => word !== undefined && word !== '').join(' · ');
}

/** Requests a second where they are counted, else tokens, else bytes. */
export function rateOf(metrics: Metrics): string | undefined {
  if (metrics.requestsPerSecond !== undefined) return formatRate(metrics.requestsPerSecond, 'req');
  if (metrics.tokensPerSecond !== undefined) return formatRate(metrics.tokensPerSecond, 'tok');
  if (metrics.bytesPerSecond !== undefined) return `${formatBytes(metrics.bytesPerSecond)}/s`;
  return undefined;
}

/** The rate that any part of a node knows: an instance's traffic is counted by its member. */
export function rateOfNode(node: TopoNode): string | undefined {
  if (node.group) return undefined;
  for (const part of node.parts) {
    const rate = rateOf(part.metrics);
    if (rate !== undefined) return rate;
  }
  return undefined;
}

/** How far a node can be trusted: as the most doubtful of the sources that vouch for its parts. */
export function nodeFreshness(
  node: TopoNode,
  sources: ReadonlyMap<string, Source>,
  engineLive: boolean,
): Freshness {
  let worst: Freshness | null = null;
  for (const part of node.parts) {
    const freshness = freshnessOf(sources.get(part.sourceId), engineLive);
    if (!worst || doubt[freshness.state] > doubt[worst.state]) worst = freshness;
  }
  return worst!;
}

/** From least to most doubtful. */
export const doubt: Readonly<Record<FreshnessState, number>> = {
  live: 0,
  partial: 1,
  late: 2,
  stale: 3,
  never: 4,
};

/** "4 m old", "late 12 s", "partial", "never seen"; empty when live. `now` on the engine's clock. */
export function freshnessText({ state, asOf }: Freshness, now: number): string {
  const age = asOf === null ? '' : formatAge(now - asOf);
  switch (state) {
    case 'live':
      return '';
    case 'late':
      return age ? `late ${age}` : 'late';
    case 'stale':
      return age ? `${age} old` : 'stale';
    case 'partial':
    case 'never':
      return freshnessWords[state];
  }
}

/** What a screen reader says: kind, name, state, reason, age. */
export function spokenName(node: TopoNode, freshness: Freshness, now: number): string {
  const kind = node.group ? `group of ${kindWords[node.kind].many}` : kindWords[node.kind].one;
  const reason = node.reason ? `: ${visibleText(node.reason)}` : '';
  const age = freshnessText(freshness, now);
  return [`${kind} ${titleOf(node)}`, `${healthWords[node.state]}${reason}`, detailOf(node), age]
    .filter(Boolean)
    .join(', ');
}
