import type { CheckRow, NodeRow, ServiceProxy, ServiceRow } from './rows.ts';

/** How rows are printed. Consul leaves some empty keys out and prints others, differently per endpoint. */

export function printProxy(proxy: ServiceProxy | null) {
  return { ...proxy, MeshGateway: proxy?.MeshGateway ?? {}, Expose: proxy?.Expose ?? {} };
}

/** In health lists, node lists and dumps. `tags`: null for none in the node dump. */
export function printService(row: ServiceRow, tags: string[] | null = row.Tags) {
  return {
    ...(row.Kind !== '' && { Kind: row.Kind }),
    ID: row.ID,
    Service: row.Service,
    Tags: tags,
    Address: row.Address,
    ...(row.TaggedAddresses !== null && { TaggedAddresses: row.TaggedAddresses }),
    Meta: row.Meta,
    Port: row.Port,
    Weights: row.Weights,
    EnableTagOverride: row.EnableTagOverride,
    Proxy: printProxy(row.Proxy),
    Connect: row.Connect ?? {},
    PeerName: '',
    CreateIndex: row.CreateIndex,
    ModifyIndex: row.ModifyIndex,
  };
}

/** On the agent itself: no indexes, and Meta is never null. */
export function printAgentService(row: Omit<ServiceRow, 'CreateIndex' | 'ModifyIndex'>, datacenter: string) {
  return {
    ...(row.Kind !== '' && { Kind: row.Kind }),
    ID: row.ID,
    Service: row.Service,
    Tags: row.Tags,
    Meta: row.Meta ?? {},
    Port: row.Port,
    Address: row.Address,
    ...(row.TaggedAddresses !== null && { TaggedAddresses: row.TaggedAddresses }),
    Weights: row.Weights,
    EnableTagOverride: row.EnableTagOverride,
    ...(row.Proxy !== null && { Proxy: row.Proxy }),
    ...(row.Connect !== null && { Connect: row.Connect }),
    Datacenter: datacenter,
  };
}

export function printCheck(row: Omit<CheckRow, 'CreateIndex' | 'ModifyIndex'> & Partial<CheckRow>) {
  return {
    Node: row.Node,
    CheckID: row.CheckID,
    Name: row.Name,
    Status: row.Status,
    Notes: row.Notes,
    Output: row.Output,
    ServiceID: row.ServiceID,
    ServiceName: row.ServiceName,
    ServiceTags: row.ServiceTags,
    Type: row.Type,
    Interval: row.Interval,
    Timeout: row.Timeout,
    ExposedPort: row.ExposedPort,
    Definition: row.Definition,
    CreateIndex: row.CreateIndex ?? 0,
    ModifyIndex: row.ModifyIndex ?? 0,
  };
}

/** Flat rows of `/catalog/service`. */
export function printCatalogRow(node: NodeRow, row: ServiceRow) {
  return {
    ID: node.ID,
    Node: node.Node,
    Address: node.Address,
    Datacenter: node.Datacenter,
    TaggedAddresses: node.TaggedAddresses,
    NodeMeta: node.Meta,
    ServiceKind: row.Kind,
    ServiceID: row.ID,
    ServiceName: row.Service,
    ServiceTags: row.Tags,
    ServiceAddress: row.Address,
    ...(row.TaggedAddresses !== null && { ServiceTaggedAddresses: row.TaggedAddresses }),
    ServiceWeights: row.Weights,
    ServiceMeta: row.Meta ?? {},
    ServicePort: row.Port,
    ServiceSocketPath: '',
    ServiceEnableTagOverride: row.EnableTagOverride,
    ServiceProxy: printProxy(row.Proxy),
    ServiceConnect: row.Connect ?? {},
    ServiceLocality: null,
    CreateIndex: row.CreateIndex,
    ModifyIndex: row.ModifyIndex,
  };
}
