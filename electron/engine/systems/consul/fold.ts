import { instanceKey } from './catalog.ts';
import type { ConsulInstance } from './wire.ts';

export interface Folded {
  /** Instances that are shown, by key. */
  readonly shown: ReadonlyMap<string, ConsulInstance>;
  /** Sidecars of a shown instance, by its key. */
  readonly sidecars: ReadonlyMap<string, readonly ConsulInstance[]>;
}

/**
 * Sidecar proxies are registered as services of their own, which doubles every list. A sidecar is folded into the
 * instance on the same node that it stands in front of; one whose instance is not there stays visible.
 */
export function foldSidecars(instances: ReadonlyMap<string, ConsulInstance>): Folded {
  const shown = new Map<string, ConsulInstance>();
  const sidecars = new Map<string, ConsulInstance[]>();
  const byService = new Map<string, string>();
  const proxies: [string, ConsulInstance][] = [];
  for (const [key, instance] of instances) {
    if (instance.kind === 'connect-proxy' && instance.proxyFor !== null) proxies.push([key, instance]);
    else {
      shown.set(key, instance);
      byService.set(serviceKey(instance.node, instance.service), key);
    }
  }
  for (const [key, proxy] of proxies) {
    const target = targetOf(proxy, shown, byService);
    if (target === undefined) shown.set(key, proxy);
    else sidecars.set(target, [...(sidecars.get(target) ?? []), proxy]);
  }
  return { shown, sidecars };
}

function targetOf(
  proxy: ConsulInstance,
  shown: ReadonlyMap<string, ConsulInstance>,
  byService: ReadonlyMap<string, string>,
): string | undefined {
  const { service = '', id = '' } = proxy.proxyFor ?? {};
  if (id !== '') {
    const key = instanceKey(proxy.node, id);
    return shown.has(key) ? key : undefined;
  }
  return byService.get(serviceKey(proxy.node, service));
}

/** Consul keeps the case of service names, but compares without it. */
function serviceKey(node: string, service: string): string {
  return `${node}\n${service.toLowerCase()}`;
}
