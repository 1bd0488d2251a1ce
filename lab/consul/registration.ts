import { parseDuration } from './duration.ts';
import { ConsulFailure } from './errors.ts';
import type { CheckRow, New, ServiceProxy, ServiceRow } from './rows.ts';

/** Bodies may be written in PascalCase or snake_case: keys are looked up without case and underscores. */
export class Fields {
  readonly #values = new Map<string, unknown>();

  constructor(body: unknown) {
    if (typeof body !== 'object' || body === null) return;
    for (const [key, value] of Object.entries(body)) this.#values.set(plain(key), value);
  }

  raw(name: string): unknown {
    return this.#values.get(plain(name));
  }

  text(name: string): string {
    const value = this.raw(name);
    if (value === undefined || value === null) return '';
    if (typeof value !== 'string') throw decodeFailure(name, 'string');
    return value;
  }

  number(name: string): number {
    const value = this.raw(name) ?? 0;
    if (typeof value !== 'number') throw decodeFailure(name, 'int');
    return value;
  }

  flag(name: string): boolean {
    return this.raw(name) === true;
  }

  texts(name: string): string[] {
    const value = this.raw(name) ?? [];
    if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
      throw decodeFailure(name, '[]string');
    }
    return value as string[];
  }

  textMap(name: string): Record<string, string> {
    const value = this.raw(name) ?? {};
    const fits = typeof value === 'object' && Object.values(value).every((item) => typeof item === 'string');
    if (!fits) throw decodeFailure(name, 'map[string]string');
    return { ...(value as Record<string, string>) };
  }

  list(name: string): unknown[] {
    const value = this.raw(name) ?? [];
    if (!Array.isArray(value)) throw decodeFailure(name, '[]struct');
    return value;
  }

  /** An object, kept as it was sent. */
  object<T>(name: string, otherwise: T): T {
    const value = this.raw(name);
    return typeof value === 'object' && value !== null ? (value as T) : otherwise;
  }
}

function plain(key: string): string {
  return key.replaceAll('_', '').toLowerCase();
}

function decodeFailure(name: string, type: string): ConsulFailure {
  return new ConsulFailure(400, `Request decode failed: '${name}' expected type '${type}'`);
}

/** How an agent runs a check, besides the row that it shows. */
export interface CheckSetup {
  readonly row: New<CheckRow>;
  /** Set for `ttl`. */
  readonly ttlMs?: number;
  /** `ip:port` that an HTTP, TCP, UDP or gRPC check calls. */
  readonly target?: string;
  /** Service id whose checks an alias mirrors. */
  readonly alias?: string;
}

const CHECK_TYPES = [
  ['TTL', 'ttl'],
  ['HTTP', 'http'],
  ['TCP', 'tcp'],
  ['UDP', 'udp'],
  ['GRPC', 'grpc'],
  ['H2PING', 'h2ping'],
  ['DockerContainerID', 'docker'],
  ['OSService', 'os-service'],
] as const;

export interface CheckOwner {
  readonly node: string;
  readonly serviceId: string;
  readonly serviceName: string;
  readonly serviceTags: readonly string[];
}

/** Reads a check registration. `defaultId`: for a service's checks without one. */
export function readCheck(
  body: unknown,
  owner: CheckOwner,
  defaultId?: string,
  defaultName?: string,
): CheckSetup {
  const fields = new Fields(body);
  const name = fields.text('Name') || defaultName || '';
  if (name === '') throw new ConsulFailure(400, 'Missing check name');
  const status = fields.text('Status') || 'critical';
  if (!['passing', 'warning', 'critical'].includes(status)) throw new ConsulFailure(400, 'Bad check status');
  const type = typeOf(fields);
  const ttl = fields.text('TTL');
  const ttlMs = ttl === '' ? undefined : parseDuration(ttl);
  if (ttl !== '' && !((ttlMs ?? 0) > 0))
    throw new ConsulFailure(400, 'Invalid check: TTL must be > 0 for TTL checks');
  const interval = fields.text('Interval');
  if (!['ttl', 'alias'].includes(type) && !((parseDuration(interval) ?? 0) > 0)) {
    throw new ConsulFailure(
      400,
      'Invalid check: Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService checks',
    );
  }
  const target = targetOf(fields);
  return {
    row: {
      Node: owner.node,
      CheckID: fields.text('CheckID') || fields.text('ID') || defaultId || name,
      Name: name,
      Status: status,
      Notes: fields.text('Notes'),
      Output: '',
      ServiceID: owner.serviceId,
      ServiceName: owner.serviceName,
      ServiceTags: [...owner.serviceTags],
      Type: type,
      Interval: interval,
      Timeout: fields.text('Timeout'),
      ExposedPort: 0,
      Definition: {},
    },
    ...(ttlMs !== undefined && { ttlMs }),
    ...(target !== undefined && { target }),
    ...(type === 'alias' && { alias: fields.text('AliasService') }),
  };
}

function typeOf(fields: Fields): string {
  if (fields.text('AliasNode') !== '' || fields.text('AliasService') !== '') return 'alias';
  if (fields.texts('Args').length > 0 || fields.texts('ScriptArgs').length > 0) {
    throw new ConsulFailure(
      400,
      "Invalid check: Scripts are disabled on this agent; to enable, configure 'enable_script_checks' or 'enable_local_script_checks' to true",
    );
  }
  const type = CHECK_TYPES.find(([name]) => fields.text(name) !== '')?.[1];
  if (type === undefined) throw new ConsulFailure(400, 'Invalid check: no check type given');
  return type;
}

function targetOf(fields: Fields): string | undefined {
  const http = fields.text('HTTP');
  if (http !== '' && URL.canParse(http)) {
    const { hostname, port, protocol } = new URL(http);
    return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
  }
  const socket = fields.text('TCP') || fields.text('UDP') || fields.text('GRPC') || fields.text('H2PING');
  return socket === '' ? undefined : socket.split('/')[0];
}

export interface ServiceSetup {
  readonly row: New<ServiceRow>;
  readonly checks: readonly CheckSetup[];
  /** From `Connect.SidecarService`. */
  readonly sidecar?: ServiceSetup;
}

const MAX_META_PAIRS = 64;

/** Reads a service registration of an agent. Throws 400 in Consul's words. */
export function readService(body: unknown, node: string): ServiceSetup {
  const fields = new Fields(body);
  const name = fields.text('Name');
  if (name === '') throw new ConsulFailure(400, 'Missing service name');
  const address = fields.text('Address');
  if (address === '0.0.0.0' || address === '::' || address === '[::]') {
    throw new ConsulFailure(400, 'Invalid service address');
  }
  const id = fields.text('ID') || name;
  const tags = fields.texts('Tags');
  const connect = new Fields(fields.raw('Connect'));
  const row: New<ServiceRow> = {
    Node: node,
    Kind: fields.text('Kind'),
    ID: id,
    Service: name,
    Tags: tags,
    Address: address,
    TaggedAddresses: taggedAddresses(fields, address),
    Meta: readMeta(fields),
    Port: fields.number('Port'),
    Weights: readWeights(fields),
    EnableTagOverride: fields.flag('EnableTagOverride'),
    Proxy: fields.object<ServiceProxy | null>('Proxy', null),
    Connect: connect.flag('Native') ? { Native: true } : null,
  };
  if (row.Kind === 'connect-proxy' && !row.Proxy?.DestinationServiceName) {
    throw new ConsulFailure(
      400,
      'Invalid service: Proxy.DestinationServiceName must be non-empty for Connect proxy services',
    );
  }
  const sidecar = connect.raw('SidecarService');
  return {
    row,
    checks: readServiceChecks(fields, { node, serviceId: id, serviceName: name, serviceTags: tags }),
    ...(sidecar !== undefined && sidecar !== null && { sidecar: sidecarOf(row) }),
  };
}

function readServiceChecks(fields: Fields, owner: CheckOwner): CheckSetup[] {
  const single = fields.raw('Check');
  const bodies = [...(single ? [single] : []), ...fields.list('Checks')];
  return bodies.map((body, at) => {
    const id = `service:${owner.serviceId}${bodies.length > 1 ? `:${at + 1}` : ''}`;
    return readCheck(body, owner, id, `Service '${owner.serviceName}' check`);
  });
}

function taggedAddresses(fields: Fields, address: string): ServiceRow['TaggedAddresses'] {
  const given = fields.object<ServiceRow['TaggedAddresses']>('TaggedAddresses', null);
  if (address === '') return given ?? null;
  const own = { Address: address, Port: fields.number('Port') };
  return { lan_ipv4: own, wan_ipv4: own, ...given };
}

function readMeta(fields: Fields): Record<string, string> {
  const meta = fields.textMap('Meta');
  const entries = Object.entries(meta);
  if (entries.length > MAX_META_PAIRS) {
    throw new ConsulFailure(
      400,
      `Invalid Service Meta: Node metadata cannot contain more than ${MAX_META_PAIRS} key/value pairs`,
    );
  }
  for (const [key, value] of entries) {
    if (!/^[A-Za-z0-9_-]{1,128}$/.test(key) || key.startsWith('consul-') || value.length > 512) {
      throw new ConsulFailure(
        400,
        `Invalid Service Meta: Couldn't load metadata pair ('${key}', '${value.slice(0, 40)}')`,
      );
    }
  }
  return meta;
}

function readWeights(fields: Fields): ServiceRow['Weights'] {
  const given = fields.raw('Weights');
  if (given === undefined || given === null) return { Passing: 1, Warning: 1 };
  const weights = new Fields(given);
  const Passing = weights.number('Passing');
  const Warning = weights.number('Warning');
  if (Passing < 1 || Passing > 65_535 || Warning < 0 || Warning > 65_535) {
    throw new ConsulFailure(400, `Invalid Weights: Passing must be between 1 and 65535`);
  }
  return { Passing, Warning };
}

const SIDECAR_PORT = 21_000;

/** The second instance that `SidecarService: {}` registers, with its two standard checks. */
function sidecarOf(row: New<ServiceRow>): ServiceSetup {
  const id = `${row.ID}-sidecar-proxy`;
  const name = `${row.Service}-sidecar-proxy`;
  const owner: CheckOwner = { node: row.Node, serviceId: id, serviceName: name, serviceTags: row.Tags };
  const socket = `127.0.0.1:${SIDECAR_PORT}`;
  return {
    row: {
      ...row,
      Kind: 'connect-proxy',
      ID: id,
      Service: name,
      Port: SIDECAR_PORT,
      TaggedAddresses: null,
      Connect: null,
      Proxy: {
        DestinationServiceName: row.Service,
        DestinationServiceID: row.ID,
        LocalServiceAddress: '127.0.0.1',
        LocalServicePort: row.Port,
      },
    },
    checks: [
      readCheck(
        { Name: 'Connect Sidecar Listening', TCP: socket, Interval: '10s' },
        owner,
        `service:${id}:1`,
      ),
      readCheck(
        { Name: `Connect Sidecar Aliasing ${row.ID}`, AliasService: row.ID },
        owner,
        `service:${id}:2`,
      ),
    ],
  };
}
