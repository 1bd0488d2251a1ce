import { z } from 'zod';
import { guestTypes } from './vocabulary.ts';

/**
 * What Proxmox says, with its quirks taken out. Objects are open (every release adds keys), so unknown keys pass; what is
 * used is checked exactly.
 */

/** Numbers come as numbers or as text, depending on the call and the release. */
const decimal = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i)
    .transform(Number),
]);

/** Names that look like a number may come as one: the server's language does not tell them apart. */
const word = (max: number) =>
  z.union([z.string(), z.number().transform(String)]).transform((text) => text.slice(0, max));

const BOOLEANS: Readonly<Record<string, boolean>> = {
  1: true,
  on: true,
  yes: true,
  true: true,
  0: false,
  off: false,
  no: false,
  false: false,
};

/** 0 and 1, as number or text; in configurations also words. */
const flag = z.union([z.number(), z.boolean(), z.string()]).transform((value, context) => {
  const known = BOOLEANS[String(value).toLowerCase()];
  if (known === undefined) context.addIssue({ code: 'custom', message: 'not a truth value' });
  return known ?? false;
});

/** Zero, empty and not applicable values are often left out, and sometimes null. */
const maybe = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);

const MAX_NAME = 200;
const MAX_LIST = 64;

/** `{"data": …}` around everything; other keys (`total`, `changes`) beside it are not used. */
function envelope<T>(data: z.ZodType<T>): z.ZodType<T> {
  return z.object({ data }).transform((answer) => answer.data);
}

/** Tags are stored with `;`; old entries have commas or spaces. */
const tags = maybe(word(4_000)).transform((text) => words(text, /[;,\s]+/));

function words(text: string | undefined, separator: RegExp): string[] {
  return (text ?? '')
    .split(separator)
    .filter((part) => part !== '')
    .slice(0, MAX_LIST)
    .sort();
}

const nodeName = word(MAX_NAME);

/** Numbers that move; for a guest counted since its start. */
const usage = {
  cpu: maybe(decimal),
  maxcpu: maybe(decimal),
  mem: maybe(decimal),
  maxmem: maybe(decimal),
  disk: maybe(decimal),
  maxdisk: maybe(decimal),
  uptime: maybe(decimal),
  netin: maybe(decimal),
  netout: maybe(decimal),
};

const guestRow = z.object({
  type: z.enum(guestTypes),
  // A text in old container lists.
  vmid: decimal.pipe(z.number().int().min(1).max(999_999_999)),
  node: nodeName,
  name: maybe(word(MAX_NAME)),
  status: maybe(word(MAX_NAME)).transform((status) => status ?? 'unknown'),
  template: maybe(flag).transform((value) => value ?? false),
  pool: maybe(word(MAX_NAME)),
  tags,
  lock: maybe(word(MAX_NAME)),
  hastate: maybe(word(MAX_NAME)),
  ...usage,
});
export type GuestRow = z.infer<typeof guestRow>;

const hostRow = z.object({
  type: z.literal('node'),
  node: nodeName,
  status: maybe(word(MAX_NAME)).transform((status) => status ?? 'unknown'),
  ...usage,
});
export type HostRow = z.infer<typeof hostRow>;

const storageRow = z.object({
  type: z.literal('storage'),
  storage: word(MAX_NAME),
  node: nodeName,
  status: maybe(word(MAX_NAME)).transform((status) => status ?? 'unknown'),
  shared: maybe(flag).transform((value) => value ?? false),
  plugintype: maybe(word(MAX_NAME)),
  // A comma list in no particular order.
  content: maybe(word(4_000)).transform((text) => words(text, /[,\s]+/).slice(0, 32)),
  disk: usage.disk,
  maxdisk: usage.maxdisk,
});
export type StorageRow = z.infer<typeof storageRow>;

export interface Resources {
  readonly guests: readonly GuestRow[];
  readonly hosts: readonly HostRow[];
  readonly storages: readonly StorageRow[];
  /** Rows of a known type that could not be read. */
  readonly unreadable: number;
}

/** Types of rows that are of no use here; types of later releases are as silently left out. */
const rowSchemas: Readonly<Record<string, z.ZodType<GuestRow | HostRow | StorageRow>>> = {
  lxc: guestRow,
  qemu: guestRow,
  node: hostRow,
  storage: storageRow,
};

/**
 * `/cluster/resources`: one list of everything, in no particular order. One bad row must not hide the others: it is counted
 * instead.
 */
export const resourcesSchema = envelope(z.array(z.looseObject({ type: z.string() }))).transform(
  (rows): Resources => {
    const guests = new Map<number, GuestRow>();
    const hosts = new Map<string, HostRow>();
    const storages = new Map<string, StorageRow>();
    let unreadable = 0;
    for (const row of rows) {
      const schema = Object.hasOwn(rowSchemas, row.type) ? rowSchemas[row.type] : undefined;
      if (!schema) continue;
      const read = schema.safeParse(row);
      if (!read.success) {
        unreadable++;
        continue;
      }
      const { data } = read;
      if (data.type === 'node') hosts.set(data.node, data);
      else if (data.type === 'storage') storages.set(`${data.node}/${data.storage}`, data);
      else guests.set(data.vmid, data);
    }
    return {
      guests: [...guests.values()],
      hosts: [...hosts.values()],
      storages: [...storages.values()],
      unreadable,
    };
  },
);

export interface ClusterStatus {
  /** undefined: a single host, which has no quorum to lose. */
  readonly quorate: boolean | undefined;
  /** Node name → its address in the cluster's network. */
  readonly addresses: ReadonlyMap<string, string>;
}

/** `/cluster/status`: a cluster row, absent on a single host, and a row per node. */
export const clusterStatusSchema = envelope(
  z.array(
    z.looseObject({
      type: z.string(),
      name: maybe(word(MAX_NAME)),
      ip: maybe(word(100)),
      quorate: maybe(flag),
    }),
  ),
).transform((rows): ClusterStatus => {
  const addresses = new Map<string, string>();
  for (const { type, name, ip } of rows) {
    if (type === 'node' && name !== undefined && ip !== undefined) addresses.set(name, ip);
  }
  return { quorate: rows.find(({ type }) => type === 'cluster')?.quorate, addresses };
});

export const versionSchema = envelope(z.object({ version: word(MAX_NAME) })).transform(
  ({ version }) => version,
);

/** Path → privilege → handed down to what lies below. Presence is what grants. */
export type Permissions = Readonly<Record<string, Readonly<Record<string, boolean>>>>;
export const permissionsSchema = envelope(z.record(z.string(), z.record(z.string(), flag)));

/** A ticket stands for its user for two hours; writes need the other token beside it. Partial until a second factor is given. */
export const ticketSchema = envelope(
  z.object({ ticket: z.string(), CSRFPreventionToken: z.string(), NeedTFA: flag.optional() }),
);

/** An interface inside a guest, with bare addresses. */
export interface Interface {
  readonly name: string;
  readonly addresses: readonly string[];
}

/** `10.0.0.21/24` → `10.0.0.21` */
function bare(cidr: string): string {
  return cidr.split('/', 1)[0] ?? '';
}

interface Named {
  readonly name: string | undefined;
  readonly 'ip-addresses': readonly { 'ip-address': string | undefined }[] | undefined;
}

const addressEntries = maybe(z.array(z.looseObject({ 'ip-address': maybe(word(100)) })));

/** A container's interfaces. Null while it does not run. The list of addresses is newer than `inet` and `inet6`. */
export const containerInterfacesSchema = envelope(
  maybe(
    z.array(
      z.looseObject({
        name: maybe(word(MAX_NAME)),
        inet: maybe(word(100)),
        inet6: maybe(word(100)),
        'ip-addresses': addressEntries,
      }),
    ),
  ),
).transform((rows): Interface[] =>
  (rows ?? []).map((row) => ({
    name: row.name ?? '',
    addresses: unique([
      ...(row.inet === undefined ? [] : [bare(row.inet)]),
      ...(row.inet6 === undefined ? [] : [bare(row.inet6)]),
      ...addressesOf(row['ip-addresses']),
    ]),
  })),
);

/** What the guest agent reports, under `result`. An agent that lacks the command answers an object there: no interfaces. */
export const agentInterfacesSchema = envelope(
  z.object({
    result: z
      .union([
        z.array(z.looseObject({ name: maybe(word(MAX_NAME)), 'ip-addresses': addressEntries })),
        z.looseObject({}).transform((): Named[] => []),
      ])
      .transform((rows: readonly Named[]): Interface[] =>
        rows.map((row) => ({ name: row.name ?? '', addresses: unique(addressesOf(row['ip-addresses'])) })),
      ),
  }),
).transform(({ result }) => result);

function addressesOf(entries: readonly { 'ip-address': string | undefined }[] | undefined): string[] {
  return (entries ?? []).flatMap((entry) => entry['ip-address'] ?? []).map(bare);
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

/** What is used of a guest's configuration. */
export interface GuestConfig {
  /** Set to start with its node. */
  readonly onboot: boolean;
  /** QEMU: whether the option `agent` is on. */
  readonly agent: boolean;
  /** Addresses that the configuration gives: `net*` of containers, `ipconfig*` (cloud-init) of virtual machines. */
  readonly addresses: readonly string[];
  /** An interface gets its address from elsewhere, so `addresses` is not all. */
  readonly dynamic: boolean;
}

/** A flat object whose keys depend on the guest; numbers may be text, and property strings hold the rest. */
export const guestConfigSchema = envelope(z.record(z.string(), z.unknown())).transform(
  (config): GuestConfig => {
    const parts = Object.entries(config)
      .filter(([key]) => /^(net|ipconfig)\d+$/.test(key))
      .flatMap(([, value]) => propertiesOf(value).filter(([key]) => key === 'ip' || key === 'ip6'))
      .map(([, value]) => value);
    const isAddress = (value: string) => /[.:]/.test(value);
    return {
      onboot: isOn(config['onboot']),
      // The default key is `enabled`: `1`, `enabled=1,type=virtio`, `type=isa,enabled=1`.
      agent: propertiesOf(config['agent']).some(
        ([key, value]) => (key === 'enabled' || key === '') && isOn(value),
      ),
      addresses: unique(parts.filter(isAddress).map(bare)),
      dynamic: parts.some((value) => !isAddress(value)),
    };
  },
);

function isOn(value: unknown): boolean {
  return BOOLEANS[String(value).toLowerCase()] ?? false;
}

/** `a=1,b=2` as pairs; a part without `=` belongs to the default key, here ''. */
function propertiesOf(value: unknown): [string, string][] {
  if (typeof value !== 'string' && typeof value !== 'number') return [];
  return String(value)
    .split(',')
    .map((part) => {
      const at = part.indexOf('=');
      return at < 0 ? ['', part] : [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    });
}

/** `status/current` of a virtual machine: the state of its process, which lists do not tell. Absent on odd releases. */
export const machineStateSchema = envelope(z.object({ qmpstatus: maybe(word(MAX_NAME)) })).transform(
  ({ qmpstatus }) => qmpstatus,
);
