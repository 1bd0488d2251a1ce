import { z } from 'zod';

/**
 * What Consul says, with its quirks taken out. Keys that are not used are dropped unread, so that newer versions may add
 * some. `?` and `|null` follow the field: Go leaves out or nulls empty lists, maps and texts, differently per endpoint
 * and version.
 */

/** Absent, null and "" all mean: nothing. */
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');

/** Tags are `[]` in catalogue rows, but null in the node dump. */
const texts = z
  .array(z.string())
  .nullish()
  .transform((value) => value ?? []);

/** Meta and TaggedAddresses are null for what was registered without. */
const textMap = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});

const port = z
  .number()
  .int()
  .nullish()
  .transform((value) => value ?? 0);

export interface ConsulNode {
  readonly name: string;
  readonly address: string;
  /** Own address first, then the tagged ones, each once. */
  readonly addresses: readonly string[];
  /** "" in the node dump of older versions. */
  readonly datacenter: string;
  readonly meta: Readonly<Record<string, string>>;
}

export interface ConsulInstance {
  readonly node: string;
  /** Unique on its node only. */
  readonly id: string;
  readonly service: string;
  /** "" for a typical service; "connect-proxy", "mesh-gateway", … */
  readonly kind: string;
  readonly tags: readonly string[];
  /** "" means: the node's address. */
  readonly address: string;
  readonly port: number;
  /** Further addresses in the local network. */
  readonly lan: readonly { readonly address: string; readonly port: number }[];
  readonly meta: Readonly<Record<string, string>>;
  /** For `connect-proxy`: the service that it stands in front of; the id is "" when the registration names none. */
  readonly proxyFor: { readonly service: string; readonly id: string } | null;
}

export interface ConsulCheck {
  readonly node: string;
  readonly id: string;
  readonly name: string;
  /** "passing", "warning", "critical"; Consul stores any other text that is registered through the catalogue. */
  readonly status: string;
  readonly notes: string;
  readonly output: string;
  /** "" for a check of the whole node. */
  readonly serviceId: string;
  readonly serviceName: string;
}

const nodeFields = {
  Node: z.string(),
  Address: text,
  Datacenter: text,
  TaggedAddresses: textMap,
  Meta: textMap,
};

const toNode = (row: z.infer<z.ZodObject<typeof nodeFields>>): ConsulNode => ({
  name: row.Node,
  address: row.Address,
  addresses: [...new Set([row.Address, ...Object.values(row.TaggedAddresses)])].filter(Boolean),
  datacenter: row.Datacenter,
  meta: row.Meta,
});

/** `/catalog/nodes` */
export const NodesSchema = z.array(z.object(nodeFields).transform(toNode));

/** `/catalog/services`: name → union of the instances' tags. */
export const ServicesSchema = z.record(z.string(), texts);

const checkFields = z.object({
  Node: z.string(),
  CheckID: z.string(),
  Name: text,
  Status: text,
  Notes: text,
  Output: text,
  ServiceID: text,
  ServiceName: text,
});

const CheckSchema = checkFields.transform((row): ConsulCheck => ({
  node: row.Node,
  id: row.CheckID,
  name: row.Name,
  status: row.Status,
  notes: row.Notes,
  output: row.Output,
  serviceId: row.ServiceID,
  serviceName: row.ServiceName,
}));

/** `/health/state/any` */
export const ChecksSchema = z.array(CheckSchema);

const serviceFields = z.object({
  ID: z.string(),
  Service: z.string(),
  Kind: text,
  Tags: texts,
  Address: text,
  Port: port,
  Meta: textMap,
  TaggedAddresses: z
    .record(z.string(), z.object({ Address: text, Port: port }))
    .nullish()
    .transform((value) => value ?? {}),
  // An ordinary service carries a proxy block of empty settings; only a destination makes it a proxy's.
  Proxy: z
    .object({ DestinationServiceName: text, DestinationServiceID: text })
    .nullish()
    .transform((value) => value ?? { DestinationServiceName: '', DestinationServiceID: '' }),
});

const toInstance = (node: string, row: z.infer<typeof serviceFields>): ConsulInstance => ({
  node,
  id: row.ID,
  service: row.Service,
  kind: row.Kind,
  tags: row.Tags,
  address: row.Address,
  port: row.Port,
  lan: Object.entries(row.TaggedAddresses)
    .filter(([name]) => name.startsWith('lan'))
    .map(([, at]) => ({ address: at.Address, port: at.Port })),
  meta: row.Meta,
  proxyFor:
    row.Proxy.DestinationServiceName === ''
      ? null
      : { service: row.Proxy.DestinationServiceName, id: row.Proxy.DestinationServiceID },
});

export interface NodeDump {
  readonly node: ConsulNode;
  readonly instances: readonly ConsulInstance[];
  readonly checks: readonly ConsulCheck[];
}

/** `/internal/ui/nodes`: every node with its instances and checks, of one moment. Lists are null when empty. */
export const DumpSchema = z.array(
  z
    .object({
      ...nodeFields,
      Services: z.array(serviceFields).nullish(),
      Checks: z.array(CheckSchema).nullish(),
    })
    .transform((row): NodeDump => ({
      node: toNode(row),
      instances: (row.Services ?? []).map((service) => toInstance(row.Node, service)),
      checks: row.Checks ?? [],
    })),
);

/** `/catalog/node/<name>`: 200 with null for a node that is gone or hidden. */
export const NodeServicesSchema = z
  .object({
    Node: z.object({ Node: z.string() }),
    Services: z
      .record(z.string(), serviceFields)
      .nullish()
      .transform((value) => value ?? {}),
  })
  .nullable()
  .transform((row): readonly ConsulInstance[] =>
    row === null ? [] : Object.values(row.Services).map((service) => toInstance(row.Node.Node, service)),
  );

/** `/agent/self`, of which only the sure part is used: the rest differs with every version. */
export const AgentSelfSchema = z.object({
  Config: z.object({
    Datacenter: text,
    NodeName: text,
    Server: z
      .boolean()
      .nullish()
      .transform((value) => value ?? false),
    Version: text,
  }),
});
export type AgentSelf = z.infer<typeof AgentSelfSchema>;

/** `/status/leader`: "" while there is none. */
export const LeaderSchema = z.string();
