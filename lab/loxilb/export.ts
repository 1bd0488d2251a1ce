import type { LoxilbNode } from './node.ts';
import { haState } from './tables.ts';
import { versionAnswer } from './profile.ts';
import { omitEmpty } from './reply.ts';

/** The export file: the core's own names, not those of the API. */
export function exported(node: LoxilbNode): Record<string, unknown> {
  return {
    timestamp: new Date(node.context.now()).toISOString(),
    version: versionAnswer(node.profile).version,
    loadbalancer: node.rules.all().map((rule) => ({
      serviceArguments: {
        externalIP: rule.ip,
        port: rule.port,
        ...omitEmpty({
          protocol: rule.protocol,
          sel: rule.sel,
          mode: rule.mode,
          lbsec: rule.security,
          path: rule.host,
          name: rule.name,
          block: rule.block,
          bgp: rule.bgp,
          monitor: rule.monitor,
          probetype: rule.probeType,
          probeport: rule.probePort,
          probereq: rule.probeRequest,
          proberesp: rule.probeResponse,
          probeTimeout: rule.probeTimeoutSeconds,
          probeRetries: rule.probeRetries,
          inactiveTimeout: rule.inactiveTimeoutSeconds,
          persistTimeout: rule.sel === 3 ? 10_800 : 0,
          managed: rule.managed,
        }),
      },
      endpoints: rule.endpoints.map((endpoint) => ({
        endpointIP: endpoint.ip,
        targetPort: endpoint.port,
        weight: endpoint.weight,
        counters: `${endpoint.packets}:${endpoint.bytes}`,
      })),
    })),
    cluster: haState(node).map(({ instance, state, vip }) => ({ instance, haState: state, Addr: vip })),
    endpoint: node.probes.render(),
    firewall: node.firewall.render(),
    mirror: [],
    policy: [],
  };
}
