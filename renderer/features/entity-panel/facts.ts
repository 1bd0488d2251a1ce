import { metricNames, type Entity } from '../../../shared/model/entity.ts';
import { metricFormats, formatBytes, formatFraction } from '../../ui/format.ts';
import { visibleText } from '../../ui/hostile.ts';

/** One line of what is known. `hostile` text comes from the system; `mono` is for addresses, ids and code. */
export interface Fact {
  readonly label: string;
  readonly text: string;
  readonly mono?: boolean;
}

/** What a system says of an entity, in the order an operator asks; empty values are left out. */
export function attributeFacts(entity: Entity): Fact[] {
  return rawFacts(entity).flatMap(([label, value, mono]): Fact[] => {
    const text = asText(value);
    if (text === '') return [];
    return [mono === true ? { label, text, mono } : { label, text }];
  });
}

type RawValue = string | number | boolean | readonly string[] | undefined;
type Raw = readonly [label: string, value: RawValue, mono?: true];

function asText(value: RawValue): string {
  if (value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  return value.join(', ');
}

/** The kind of thing it is, for the line under its name: "LXC container on pve-2". */
export function subtitleOf(entity: Entity): string {
  switch (entity.kind) {
    case 'guest': {
      const { type, hostName, template } = entity.attrs;
      const what = type === 'lxc' ? 'LXC container' : 'QEMU virtual machine';
      return `${what}${template ? ' template' : ''} on ${hostName}`;
    }
    case 'instance':
      return `Instance of ${entity.attrs.serviceName} on ${entity.attrs.nodeName}`;
    case 'virtual-ip':
      return `Virtual IP, ${entity.attrs.protocol} ${entity.attrs.mode}`;
    case 'member':
      return 'Member of a virtual IP';
    case 'load-balancer':
      return 'Load balancer';
    case 'port':
      return 'Interface of a load balancer';
    case 'service':
      return 'Service';
    case 'node':
      return 'Node of the service catalogue';
    case 'host':
      return 'Host';
    case 'storage':
      return entity.attrs.hostName === undefined ? 'Storage' : `Storage on ${entity.attrs.hostName}`;
    case 'llm-balancer':
      return 'LLM balancer';
    case 'llm-endpoint':
      return 'LLM endpoint';
    case 'llm-client':
      return 'Client of the LLM balancer';
  }
}

function rawFacts(entity: Entity): readonly Raw[] {
  switch (entity.kind) {
    case 'virtual-ip': {
      const { ip, port, portMax, protocol, ruleName, algorithm, mode, monitored, host, security, bgp } =
        entity.attrs;
      const ports = portMax === undefined || portMax === port ? `${port}` : `${port}–${portMax}`;
      return [
        ['Address', ip, true],
        ['Port', `${ports} ${protocol}`],
        ['Rule', ruleName],
        ['Spreads by', algorithm],
        ['Mode', mode],
        ['Members probed', monitored],
        ['Host name', host, true],
        ['Security', security],
        ['Announced by BGP', bgp],
      ];
    }
    case 'member': {
      const { ip, port, weight, state, monitored } = entity.attrs;
      return [
        ['Address', `${ip}:${port}`, true],
        ['Weight', weight],
        ['State', monitored ? state : `${state} (not probed, so not proven)`],
      ];
    }
    case 'load-balancer': {
      const { version, haState, haInstance, hostName } = entity.attrs;
      return [
        ['Version', version],
        ['HA state', haState],
        ['HA instance', haInstance],
        ['Host name', hostName, true],
      ];
    }
    case 'port': {
      const { index, mac, mtu, link, ips, portType } = entity.attrs;
      return [
        ['Link', link ? 'up' : 'down'],
        ['Addresses', ips, true],
        ['MAC', mac, true],
        ['MTU', mtu],
        ['Type', portType],
        ['Index', index],
      ];
    }
    case 'service': {
      const { tags, serviceKind, instances, datacenter } = entity.attrs;
      return [
        ['Instances', instances],
        ['Tags', tags],
        ['Kind', serviceKind],
        ['Datacenter', datacenter],
      ];
    }
    case 'instance': {
      const { serviceName, nodeName, address, port, tags, meta } = entity.attrs;
      return [
        ['Address', `${address}:${port}`, true],
        ['Service', serviceName],
        ['Node', nodeName],
        ['Tags', tags],
        ...Object.entries(meta ?? {}).map(([key, value]): Raw => [`meta ${visibleText(key)}`, value]),
      ];
    }
    case 'node': {
      const { address, role, datacenter } = entity.attrs;
      return [
        ['Address', address, true],
        ['Role', role],
        ['Datacenter', datacenter],
      ];
    }
    case 'guest': {
      const { vmid, hostName, status, ips, addressNote, cpus, tags, pool, haState, lock } = entity.attrs;
      return [
        ['Status', status],
        ['Addresses', ips, true],
        ['Address note', addressNote],
        ['Host', hostName],
        ['VM id', vmid],
        ['vCPUs', cpus],
        ['Tags', tags],
        ['Pool', pool],
        ['HA state', haState],
        ['Lock', lock],
      ];
    }
    case 'host': {
      const { status, ips, cpus, version } = entity.attrs;
      return [
        ['Status', status],
        ['Addresses', ips, true],
        ['CPUs', cpus],
        ['Version', version],
      ];
    }
    case 'storage': {
      const { status, shared, pluginType, content, hostName } = entity.attrs;
      return [
        ['Status', status],
        ['Shared', shared],
        ['Type', pluginType],
        ['Holds', content],
        ['Host', hostName],
      ];
    }
    case 'llm-balancer': {
      const { version, routingMode, usableEndpoints, totalEndpoints } = entity.attrs;
      return [
        ['Routing', routingMode],
        ['Usable endpoints', `${usableEndpoints} of ${totalEndpoints}`],
        ['Version', version],
      ];
    }
    case 'llm-endpoint': {
      const { baseUrl, enabled, connected, quotaPercent, priorityOrder, maxConcurrent, state, hasApiKey } =
        entity.attrs;
      return [
        ['State', state],
        ['URL', baseUrl, true],
        ['Enabled', enabled],
        ['Connected', connected],
        ['Quota', `${quotaPercent}\u202f%`],
        ['Priority', priorityOrder],
        ['Most at once', maxConcurrent],
        ['Has an API key', hasApiKey],
      ];
    }
    case 'llm-client': {
      const { tokenPreview, preferredEndpoint, requestPriority, maxLiveSharePercent } = entity.attrs;
      return [
        ['Token', tokenPreview, true],
        ['Prefers', preferredEndpoint],
        ['Priority', requestPriority],
        ['Largest share', `${maxLiveSharePercent}\u202f%`],
      ];
    }
  }
}

/** The numbers that move, with units, in the model's order; used and limit as one: "1.2 GiB of 2.0 GiB, 60 %". */
export function metricFacts({ metrics }: Entity): Fact[] {
  const { memoryBytes, memoryLimitBytes, diskBytes, diskLimitBytes } = metrics;
  const paired = new Set<string>();
  const facts: Fact[] = [];
  for (const name of metricNames) {
    const value = metrics[name];
    if (value === undefined || paired.has(name)) continue;
    const { label, format } = metricFormats[name];
    if (name === 'memoryBytes' && memoryLimitBytes !== undefined) {
      paired.add('memoryLimitBytes');
      facts.push({ label, text: share(memoryBytes ?? 0, memoryLimitBytes) });
    } else if (name === 'diskBytes' && diskLimitBytes !== undefined) {
      paired.add('diskLimitBytes');
      facts.push({ label, text: share(diskBytes ?? 0, diskLimitBytes) });
    } else facts.push({ label, text: format(value) });
  }
  return facts;
}

function share(used: number, limit: number): string {
  if (limit <= 0) return formatBytes(used);
  return `${formatBytes(used)} of ${formatBytes(limit)}, ${formatFraction(used / limit)}`;
}
