/** The stored rows, in the shape in which Consul prints them. Keys that it leaves out when empty are optional. */

export interface Indexes {
  CreateIndex: number;
  ModifyIndex: number;
}

export interface NodeRow extends Indexes {
  ID: string;
  Node: string;
  Address: string;
  Datacenter: string;
  TaggedAddresses: Record<string, string> | null;
  Meta: Record<string, string> | null;
}

export interface AddressPort {
  Address: string;
  Port: number;
}

export interface ServiceProxy {
  DestinationServiceName?: string;
  DestinationServiceID?: string;
  LocalServiceAddress?: string;
  LocalServicePort?: number;
  Upstreams?: { DestinationName: string; DestinationType?: string; LocalBindPort?: number }[];
  Config?: Record<string, unknown>;
  MeshGateway?: Record<string, unknown>;
  Expose?: Record<string, unknown>;
}

export interface ServiceRow extends Indexes {
  Node: string;
  Kind: string;
  ID: string;
  Service: string;
  Tags: string[];
  Address: string;
  TaggedAddresses: Record<string, AddressPort> | null;
  Meta: Record<string, string> | null;
  Port: number;
  Weights: { Passing: number; Warning: number };
  EnableTagOverride: boolean;
  Proxy: ServiceProxy | null;
  Connect: { Native?: boolean } | null;
}

export interface CheckRow extends Indexes {
  Node: string;
  CheckID: string;
  Name: string;
  Status: string;
  Notes: string;
  Output: string;
  ServiceID: string;
  ServiceName: string;
  ServiceTags: string[];
  Type: string;
  Interval: string;
  Timeout: string;
  ExposedPort: number;
  Definition: Record<string, unknown>;
}

export type New<T> = Omit<T, keyof Indexes>;

export function aggregate(checks: readonly CheckRow[]): string {
  let warning = false;
  let critical = false;
  let maintenance = false;
  for (const { CheckID, Status } of checks) {
    if (CheckID === '_node_maintenance' || CheckID.startsWith('_service_maintenance:')) maintenance = true;
    else if (Status === 'critical') critical = true;
    else if (Status === 'warning') warning = true;
    else if (Status !== 'passing') return '';
  }
  return maintenance ? 'maintenance' : critical ? 'critical' : warning ? 'warning' : 'passing';
}
