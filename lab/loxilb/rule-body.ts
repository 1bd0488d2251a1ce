import { isIPv4, isIPv6 } from 'node:net';
import { canonicalIp, networkOf } from './address.ts';
import { flagOf, listOf, numberOf, objectOf, textOf, type Body, type Fields } from './body.ts';
import { CoreError } from './reply.ts';

export interface LabEndpoint {
  readonly ip: string;
  readonly port: number;
  weight: number;
  packets: number;
  bytes: number;
}

/** A rule as the core holds it: everything that was posted, defaults filled in. */
export interface LabRule {
  readonly ip: string;
  readonly port: number;
  /** Equals `port` where there is no range. */
  readonly portMax: number;
  readonly protocol: string;
  readonly host: string;
  readonly block: number;
  readonly name: string;
  readonly privateIp: string;
  sel: number;
  mode: number;
  readonly security: number;
  readonly bgp: boolean;
  readonly monitor: boolean;
  probeType: string;
  probePort: number;
  probeRequest: string;
  probeResponse: string;
  probeTimeoutSeconds: number;
  probeRetries: number;
  inactiveTimeoutSeconds: number;
  readonly managed: boolean;
  proxyProtocolV2: boolean;
  readonly egress: boolean;
  readonly secondaryIps: readonly string[];
  allowedSources: readonly string[];
  endpoints: LabEndpoint[];
}

export const ruleFields: Fields = {
  serviceArguments: {
    type: 'object',
    required: true,
    fields: {
      externalIP: { type: 'string', required: true },
      privateIP: { type: 'string' },
      port: { type: 'integer', required: true },
      portMax: { type: 'integer' },
      protocol: { type: 'string', required: true, enum: ['tcp', 'udp', 'sctp', 'icmp'] },
      sel: { type: 'integer', enum: [0, 1, 2, 3, 4, 5, 6] },
      mode: { type: 'integer', enum: [0, 1, 2, 3, 4, 5] },
      security: { type: 'integer', enum: [0, 1, 2] },
      host: { type: 'string' },
      name: { type: 'string' },
      block: { type: 'integer' },
      bgp: { type: 'boolean' },
      monitor: { type: 'boolean' },
      probetype: { type: 'string', enum: ['tcp', 'udp', 'sctp', 'http', 'https', 'ping', 'none'] },
      probeport: { type: 'integer' },
      probereq: { type: 'string' },
      proberesp: { type: 'string' },
      probeTimeout: { type: 'integer' },
      probeRetries: { type: 'integer' },
      inactiveTimeOut: { type: 'integer' },
      managed: { type: 'boolean' },
      proxyprotocolv2: { type: 'boolean' },
      egress: { type: 'boolean' },
      oper: { type: 'integer', enum: [0, 1, 2] },
    },
  },
  endpoints: {
    type: 'array',
    required: true,
    items: {
      type: 'object',
      fields: {
        endpointIP: { type: 'string', required: true },
        targetPort: { type: 'integer', required: true },
        weight: { type: 'integer', required: true },
      },
    },
  },
  secondaryIPs: { type: 'array', items: { type: 'object', fields: { secondaryIP: { type: 'string' } } } },
  allowedSources: { type: 'array', items: { type: 'object', fields: { prefix: { type: 'string' } } } },
};

const MAX_ENDPOINTS = 32;
const MAX_TIMEOUT_SECONDS = 86_400;
const ANY: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** A checked body as a rule. @throws CoreError with the core's text for what it refuses. */
export function toRule(body: Body): LabRule {
  const service = objectOf(body, 'serviceArguments');
  const endpoints = listOf(body, 'endpoints');
  const protocol = textOf(service, 'protocol');
  const ip = canonicalIp(textOf(service, 'externalIP'));
  if (ip === undefined) throw new CoreError('malformed-service externalIP error');
  // The server casts to unsigned 16 bit without a word.
  const port = numberOf(service, 'port') & 0xffff;
  const portMax = numberOf(service, 'portMax') & 0xffff || port;
  const mode = numberOf(service, 'mode');
  if (endpoints.length === 0 || endpoints.length > MAX_ENDPOINTS)
    throw new CoreError('endpoints-range error');
  if (portMax < port) throw new CoreError('serv-port-args range error');
  const probe = probeOf(service);
  const rule: LabRule = {
    ip,
    port,
    portMax,
    protocol,
    host: textOf(service, 'host'),
    block: numberOf(service, 'block') >>> 0,
    name: textOf(service, 'name'),
    privateIp: textOf(service, 'privateIP'),
    sel: numberOf(service, 'sel'),
    mode,
    security: numberOf(service, 'security'),
    bgp: flagOf(service, 'bgp'),
    // A probe type forces monitoring.
    monitor: flagOf(service, 'monitor') || (probe.probeType !== '' && probe.probeType !== 'none'),
    ...probe,
    inactiveTimeoutSeconds: numberOf(service, 'inactiveTimeOut') || defaultTimeout(protocol),
    managed: flagOf(service, 'managed'),
    proxyProtocolV2: flagOf(service, 'proxyprotocolv2'),
    egress: flagOf(service, 'egress'),
    secondaryIps: protocol === 'sctp' ? secondaryIps(listOf(body, 'secondaryIPs')) : [],
    allowedSources: listOf(body, 'allowedSources').map((source) => sourceNetwork(textOf(source, 'prefix'))),
    endpoints: endpoints.map((endpoint) => toEndpoint(endpoint, ip)),
  };
  checkTogether(rule);
  return rule;
}

function defaultTimeout(protocol: string): number {
  return protocol === 'tcp' || protocol === 'sctp' ? 240 : 20;
}

function probeOf(service: Body) {
  const probeType = textOf(service, 'probetype');
  const probePort = numberOf(service, 'probeport') & 0xffff;
  // The specification lists these two, the core does not take them in a rule.
  if (probeType === 'http' || probeType === 'https') throw new CoreError('malformed-service-ptype error');
  const wantsPort = probeType === 'tcp' || probeType === 'udp' || probeType === 'sctp';
  const retries = numberOf(service, 'probeRetries');
  const timeout = numberOf(service, 'inactiveTimeOut');
  if (wantsPort !== probePort > 0 || retries < 0 || timeout < 0 || timeout > MAX_TIMEOUT_SECONDS) {
    throw new CoreError('service-args error');
  }
  return {
    probeType,
    probePort,
    probeRequest: textOf(service, 'probereq'),
    probeResponse: textOf(service, 'proberesp'),
    probeTimeoutSeconds: numberOf(service, 'probeTimeout') || 60,
    probeRetries: retries || 2,
  };
}

function toEndpoint(endpoint: Body, vip: string): LabEndpoint {
  const ip = canonicalIp(textOf(endpoint, 'endpointIP'));
  if (ip === undefined) throw new CoreError('malformed-lbep error');
  // The other way round works: IPv6 in front of IPv4.
  if (isIPv4(vip) && isIPv6(ip)) throw new CoreError('malformed-service nat46 error');
  return {
    ip,
    port: numberOf(endpoint, 'targetPort') & 0xffff,
    // 256 becomes 0.
    weight: numberOf(endpoint, 'weight') & 0xff,
    packets: 0,
    bytes: 0,
  };
}

function secondaryIps(list: readonly Body[]): string[] {
  if (list.length > 3) throw new CoreError('secondaryIP-args range error');
  return list.map((item) => {
    const ip = canonicalIp(textOf(item, 'secondaryIP'));
    if (ip === undefined) throw new CoreError('malformed-secIP error');
    return ip;
  });
}

function sourceNetwork(prefix: string): string {
  const network = networkOf(prefix);
  if (network === undefined) throw new CoreError('malformed-service allowed-source error');
  return network;
}

function checkTogether(rule: LabRule): void {
  if (rule.protocol === 'icmp' && (rule.port > 0 || rule.endpoints.some(({ port }) => port > 0))) {
    throw new CoreError('malformed-service icmp port error');
  }
  if (rule.mode === 5 && !ANY.has(rule.ip)) throw new CoreError('hostarm-args error');
  if (rule.mode !== 5 && ANY.has(rule.ip)) throw new CoreError('malformed-service externalIP error');
  if (rule.proxyProtocolV2 && rule.protocol !== 'tcp') {
    throw new CoreError('proxy-proto-v2 not tcp service error');
  }
  if (rule.sel === 6 && rule.protocol !== 'udp') throw new CoreError('non-udp-n3-args error');
  if (rule.mode === 3 && rule.endpoints.some(({ port }) => port !== rule.port)) {
    throw new CoreError('malformed-service dsr-port error');
  }
}
