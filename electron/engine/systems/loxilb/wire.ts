import { z } from 'zod';

/**
 * What LoxiLB says, normalised. Every quirk of its JSON ends here:
 * optional fields that are 0, false or "" are left out of answers; lists may be null; `counter` is text; delays are Go
 * durations; a failure may come with status 200.
 */

/** A list, or the failure text that versions up to 0.9.8.4 send with status 200 in its place. */
export type ListAnswer<T> =
  { readonly ok: true; readonly items: readonly T[] } | { readonly ok: false; readonly failure: string };

export interface TrafficCounter {
  readonly packets: number;
  readonly bytes: number;
}

export interface RuleEndpoint {
  readonly ip: string;
  readonly port: number;
  readonly weight: number;
  /** "active" or "inactive"; always "active" when the rule does not monitor. */
  readonly state: string;
  /** Since the end point was added or the process started; undefined when it does not parse. */
  readonly counter: TrafficCounter | undefined;
}

export interface Rule {
  readonly ip: string;
  readonly port: number;
  /** Set for a range only. */
  readonly portMax: number | undefined;
  readonly protocol: string;
  readonly sel: number;
  readonly mode: number;
  readonly security: number;
  readonly host: string;
  readonly name: string;
  readonly block: number;
  readonly bgp: boolean;
  readonly monitor: boolean;
  readonly probeType: string;
  readonly probePort: number;
  readonly managed: boolean;
  readonly egress: boolean;
  /** Made by LoxiLB itself for a firewall rule, not by an operator. */
  readonly internal: boolean;
  readonly endpoints: readonly RuleEndpoint[];
}

/** A health probe ("endpoint" in LoxiLB's API). One may feed many rules. */
export interface Probe {
  readonly ip: string;
  readonly name: string;
  readonly type: string;
  readonly port: number;
  /** "ok", "nok", or "red": forced down by an operator. */
  readonly state: string;
  /** Ping probes only. */
  readonly averageDelayMs: number | undefined;
}

export interface NetworkPort {
  readonly name: string;
  readonly index: number | undefined;
  readonly type: string | undefined;
  readonly mac: string | undefined;
  readonly mtu: number | undefined;
  readonly link: boolean;
  readonly enabled: boolean;
  readonly ips: readonly string[];
  readonly received: TrafficCounter;
  readonly sent: TrafficCounter;
  readonly errors: number;
  /** Data plane sync: 0 ok, 1 create error, 2 remove error, 3 change error, 4 unknown, 5 in progress. */
  readonly sync: number;
}

export interface DeviceAddress {
  readonly device: string;
  readonly ips: readonly string[];
}

export interface HaInstance {
  readonly instance: string;
  readonly state: string;
  readonly vip: string;
}

export interface Version {
  readonly version: string;
  /** "loxilb-inference-gateway" for that flavour; plain LoxiLB sends none. */
  readonly product: string | undefined;
}

export interface Device {
  readonly hostName: string | undefined;
  readonly uptimeSeconds: number | undefined;
}

// Omitted means zero (Go's omit-empty); null is met where a Go pointer or slice was never set.
const number = z
  .number()
  .nullish()
  .transform((value) => value ?? 0);
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
const string = z
  .string()
  .nullish()
  .transform((value) => value ?? '');
const optionalNumber = z
  .number()
  .nullish()
  .transform((value) => value ?? undefined);
const optionalString = z
  .string()
  .nullish()
  .transform((value) => value?.trim() || undefined);

const RuleEndpointSchema = z
  .object({
    // Pointers in the server: present even when zero, so their absence is a malformed answer.
    endpointIP: z.string(),
    targetPort: z.number(),
    weight: z.number(),
    state: string,
    counter: string,
  })
  .transform((raw): RuleEndpoint => ({
    ip: raw.endpointIP,
    port: raw.targetPort,
    weight: raw.weight,
    state: raw.state,
    counter: parseCounter(raw.counter),
  }));

const RuleSchema = z
  .object({
    serviceArguments: z.object({
      externalIP: z.string(),
      port: z.number(),
      portMax: optionalNumber,
      protocol: string,
      sel: number,
      mode: number,
      security: number,
      host: string,
      name: string,
      block: number,
      bgp: flag,
      monitor: flag,
      probetype: string,
      probeport: number,
      managed: flag,
      egress: flag,
      snat: flag,
    }),
    endpoints: z.array(RuleEndpointSchema).nullish(),
  })
  .transform(({ serviceArguments: raw, endpoints }): Rule => {
    return {
      ip: raw.externalIP,
      port: raw.port,
      // Sent only when it differs from `port`; an equal one would be no range.
      portMax: raw.portMax === raw.port || raw.portMax === 0 ? undefined : raw.portMax,
      protocol: raw.protocol,
      sel: raw.sel,
      mode: raw.mode,
      security: raw.security,
      host: raw.host,
      name: raw.name,
      block: raw.block,
      bgp: raw.bgp,
      monitor: raw.monitor,
      probeType: raw.probetype,
      probePort: raw.probeport,
      managed: raw.managed,
      egress: raw.egress,
      // `snat` and protocol "none" cannot be posted: only LoxiLB makes such rules.
      internal: raw.snat || raw.protocol === 'none',
      endpoints: endpoints ?? [],
    };
  });

const ProbeSchema = z
  .object({
    hostName: z.string(),
    name: string,
    probeType: string,
    probePort: number,
    currState: string,
    avgDelay: string,
  })
  .transform((raw): Probe => ({
    ip: raw.hostName,
    name: raw.name,
    type: raw.probeType,
    port: raw.probePort,
    state: raw.currState,
    averageDelayMs: raw.avgDelay === '' ? undefined : goDurationMs(raw.avgDelay),
  }));

const PortSchema = z
  .object({
    portName: z.string(),
    portNo: optionalNumber,
    portSoftwareInformation: z.object({ portType: number }).nullish(),
    portHardwareInformation: z
      .object({ macAddress: optionalString, mtu: optionalNumber, link: flag, state: flag })
      .nullish(),
    portStatisticInformation: z
      .object({
        rxBytes: number,
        txBytes: number,
        rxPackets: number,
        txPackets: number,
        rxErrors: number,
        txErrors: number,
      })
      .nullish(),
    portL3Information: z
      .object({
        IPv4Address: z.array(z.string()).nullish(),
        IPv6Address: z.array(z.string()).nullish(),
      })
      .nullish(),
    DataplaneSync: number,
  })
  .transform((raw): NetworkPort => {
    const hardware = raw.portHardwareInformation;
    const counters = raw.portStatisticInformation;
    const layer3 = raw.portL3Information;
    return {
      name: raw.portName,
      index: raw.portNo,
      type: portTypeName(raw.portSoftwareInformation?.portType ?? 0),
      mac: hardware?.macAddress,
      mtu: hardware?.mtu,
      link: hardware?.link ?? false,
      enabled: hardware?.state ?? false,
      ips: [...(layer3?.IPv4Address ?? []), ...(layer3?.IPv6Address ?? [])].flatMap(addressesIn),
      received: { packets: counters?.rxPackets ?? 0, bytes: counters?.rxBytes ?? 0 },
      sent: { packets: counters?.txPackets ?? 0, bytes: counters?.txBytes ?? 0 },
      errors: (counters?.rxErrors ?? 0) + (counters?.txErrors ?? 0),
      sync: raw.DataplaneSync,
    };
  });

const AddressSchema = z
  .object({ dev: z.string(), ipAddress: z.array(z.string()).nullish() })
  .transform((raw): DeviceAddress => ({ device: raw.dev, ips: (raw.ipAddress ?? []).flatMap(addressesIn) }));

const HaInstanceSchema = z.object({ instance: string, state: string, vip: string });

export const RulesAnswer = listAnswer('lbAttr', RuleSchema);
export const ProbesAnswer = listAnswer('Attr', ProbeSchema);
export const PortsAnswer = listAnswer('portAttr', PortSchema);
export const AddressesAnswer = listAnswer('ipAttr', AddressSchema);
export const HaAnswer: z.ZodType<ListAnswer<HaInstance>> = listAnswer('Attr', HaInstanceSchema);

export const VersionAnswer: z.ZodType<Version> = z
  .object({ version: z.string().min(1), product: optionalString })
  .transform(({ version, product }) => ({ version: version.trim(), product }));

/** All its fields are text with trailing newlines; `uptime` is "seconds idle-seconds". Every one may be missing. */
export const DeviceAnswer: z.ZodType<Device> = z
  .object({ hostName: optionalString, uptime: optionalString })
  .transform(({ hostName, uptime }) => {
    const seconds = Number(uptime?.split(/\s/, 1)[0] ?? Number.NaN);
    return { hostName, uptimeSeconds: Number.isFinite(seconds) ? seconds : undefined };
  });

/** A wrong password is answered with 200 and no token at all. */
export const LoginAnswer: z.ZodType<{ token: string | undefined }> = z.object({ token: optionalString });

/** What an error body holds: `result` is the internal text, `message` the fixed sentence of its class. Either may miss. */
export const ErrorBodySchema = z.object({
  result: z.string().optional(),
  message: z.string().optional(),
});

function listAnswer<T>(key: string, item: z.ZodType<T>): z.ZodType<ListAnswer<T>> {
  return z
    .object({ [key]: z.array(item).nullish(), result: z.unknown().optional() })
    .transform((raw, context): ListAnswer<T> => {
      const items = raw[key] as T[] | null | undefined;
      if (items !== undefined) return { ok: true, items: items ?? [] };
      const { result } = raw;
      if (typeof result === 'string' && result !== 'Success') return { ok: false, failure: result };
      // Something else answers here. Taking it for an empty list would make everything vanish from the screen.
      context.addIssue({ code: 'custom', message: `no "${key}" in the answer`, path: [key] });
      return z.NEVER;
    });
}

/** "packets:bytes". Beyond 2^53 the last digits are lost, which no screen shows. */
function parseCounter(text: string): TrafficCounter | undefined {
  const match = /^(\d{1,20}):(\d{1,20})$/.exec(text);
  return match ? { packets: Number(match[1]), bytes: Number(match[2]) } : undefined;
}

const durationUnitsMs: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  µs: 1e-3, // micro sign, as Go prints it
  μs: 1e-3, // Greek mu, which Go reads as well
  us: 1e-3,
  ns: 1e-6,
};

/** A Go duration ("1m2.5s", "310µs") in ms; undefined when it is none. */
export function goDurationMs(text: string): number | undefined {
  if (text === '0') return 0;
  const part = /(\d+(?:\.\d+)?)(ms|µs|μs|us|ns|h|m|s)/y;
  let total = 0;
  let position = 0;
  for (let match = part.exec(text); match; match = part.exec(text)) {
    total += Number(match[1]) * (durationUnitsMs[match[2] ?? ''] ?? 0);
    position = part.lastIndex;
  }
  return position > 0 && position === text.length ? total : undefined;
}

const MAX_ADDRESS_TEXT = 4_096;

/**
 * The IP addresses in a text such as "10.1.0.2/24": the port list packs all addresses of a port into one string, and
 * sends an empty one when there are none.
 */
export function addressesIn(text: string): string[] {
  return text
    .slice(0, MAX_ADDRESS_TEXT)
    .split(/[\s,;[\]()]+/)
    .map((word) => word.replace(/\/\d{1,3}$/, ''))
    .filter((word) => isIp(word));
}

const ipv4 = z.ipv4();
const ipv6 = z.ipv6();

export function isIp(text: string): boolean {
  return ipv4.safeParse(text).success || ipv6.safeParse(text).success;
}

const portTypes: readonly (readonly [number, string])[] = [
  [1, 'real'],
  [2, 'bond slave'],
  [4, 'bond'],
  [8, 'vlan sub-interface'],
  [16, 'vlan bridge'],
  [32, 'vxlan sub-interface'],
  [64, 'vxlan bridge'],
  [128, 'wireguard'],
  [256, 'vti'],
  [512, 'ipip'],
  [1024, 'gre'],
];

/** `portType` is a bit mask. */
function portTypeName(mask: number): string | undefined {
  const names = portTypes.filter(([bit]) => (mask & bit) !== 0).map(([, name]) => name);
  return names.length === 0 ? undefined : names.join(', ');
}
