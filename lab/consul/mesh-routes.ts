import { requireLeader } from './blocking.ts';
import { CONFIG_KINDS, type ConfigEntry } from './config-store.ts';
import { filtered, listing, required, route, TRUE, type ConsulLab } from './context.ts';
import { ConsulFailure } from './errors.ts';
import type { Answer, Call, Route } from './http.ts';
import { Fields } from './registration.ts';
import { uuidOf } from './uuid.ts';

const INTENTION_SELECTORS = [
  'ID',
  'Action',
  'Description',
  'SourceNS',
  'SourceName',
  'DestinationNS',
  'DestinationName',
  'SourceType',
  'Meta',
  'Precedence',
];
const MESH_KINDS: ReadonlySet<string> = new Set(
  'proxy-defaults ingress-gateway terminating-gateway api-gateway http-route tcp-route inline-certificate file-system-certificate mesh exported-services jwt-provider'.split(
    ' ',
  ),
);
const HTTP_PROTOCOLS: ReadonlySet<unknown> = new Set(['http', 'http2', 'grpc']);

/** Certificate authority, intentions, configuration entries, discovery chains. */
export function meshRoutes(lab: ConsulLab): Route[] {
  return [
    listing(lab, 'GET', '/v1/connect/ca/roots', () => ({ index: () => 9, read: () => caRoots(lab) })),
    route('GET', '/v1/connect/ca/configuration', (call) => {
      call.acl().require('operator', 'write');
      return {
        json: {
          Provider: 'consul',
          Config: { IntermediateCertTTL: '8760h', LeafCertTTL: '72h', RootCertTTL: '87600h' },
          State: null,
          ForceWithoutCrossSigning: false,
          CreateIndex: 8,
          ModifyIndex: 8,
        },
      };
    }),
    listing(lab, 'GET', '/v1/connect/intentions', (call) => ({
      index: () => lab.state.indexOf('intentions'),
      read: () => {
        const rows = filtered(call, visibleIntentions(lab, call), INTENTION_SELECTORS);
        // No intentions are null, not an empty list.
        return rows.length === 0 ? null : rows;
      },
    })),
    listing(lab, 'GET', '/v1/connect/intentions/match', (call) => ({
      index: () => lab.state.indexOf('intentions'),
      read: () => matchIntentions(lab, call),
    })),
    route('GET', '/v1/connect/intentions/check', (call) => {
      const source = parameter(call, 'source');
      const destination = parameter(call, 'destination');
      call.acl().require('intention', 'read', destination);
      return { json: { Allowed: lab.intentions.allows(source, destination, false) } };
    }),
    listing(lab, 'GET', '/v1/connect/intentions/exact', (call) => {
      const source = parameter(call, 'source');
      const destination = parameter(call, 'destination');
      call.acl().require('intention', 'read', destination);
      return {
        index: () => lab.state.indexOf('intentions'),
        read: () => {
          const row = lab.intentions.get(source, destination);
          if (!row) throw new ConsulFailure(404, 'Intention not found');
          return row;
        },
      };
    }),
    route('PUT', '/v1/connect/intentions/exact', (call) => putIntention(lab, call)),
    route('DELETE', '/v1/connect/intentions/exact', (call) => {
      const destination = parameter(call, 'destination');
      requireLeader(lab.cluster);
      call.acl().require('intention', 'write', destination);
      lab.intentions.delete(parameter(call, 'source'), destination);
      return TRUE;
    }),
    route('PUT', '/v1/config', (call) => putConfig(lab, call)),
    listing(lab, 'GET', '/v1/config/:kind', (call) => {
      const kind = kindOf(call);
      if (call.query.has('filter') && kind !== 'service-defaults') {
        throw new ConsulFailure(500, `filtering not supported for config entry kind=${kind}`, true);
      }
      return {
        index: () => lab.state.indexOf('config'),
        read: () =>
          filtered(call, visibleEntries(lab, call, kind), ['Kind', 'Name', 'Protocol', 'Meta', 'Mode']),
      };
    }),
    listing(lab, 'GET', '/v1/config/:kind/:name', (call) => {
      const kind = kindOf(call);
      const name = call.params['name'] ?? '';
      return {
        index: () => lab.state.indexOf('config'),
        read: () => {
          const entry = visibleEntries(lab, call, kind).find((one) => one.Name === name);
          if (!entry) throw new ConsulFailure(404, `Config entry not found for "${kind}" / "${name}"`);
          return entry;
        },
      };
    }),
    route('DELETE', '/v1/config/:kind/:name', (call) => deleteConfig(lab, call)),
    listing(lab, 'GET', '/v1/discovery-chain/:service', (call) => discoveryChain(lab, call)),
    listing(lab, 'GET', '/v1/exported-services', () => ({
      index: () => lab.state.indexOf('config'),
      read: () => [],
    })),
  ];
}

export function caRoots(lab: ConsulLab) {
  const id = uuidOf('ca root').replaceAll('-', '').match(/../g)?.join(':') ?? '';
  const domain = `${uuidOf('trust domain')}.consul`;
  return {
    ActiveRootID: id,
    TrustDomain: domain,
    Roots: [
      {
        ID: id,
        Name: 'Consul CA Primary Cert',
        SerialNumber: 10,
        SigningKeyID: id,
        ExternalTrustDomain: domain.split('.')[0],
        NotBefore: new Date(lab.startedAt).toISOString(),
        NotAfter: new Date(lab.startedAt + 3_650 * 86_400_000).toISOString(),
        RootCert: '-----BEGIN CERTIFICATE-----\nTEFC\n-----END CERTIFICATE-----\n',
        IntermediateCerts: null,
        Active: true,
        PrivateKeyType: 'ec',
        PrivateKeyBits: 256,
        CreateIndex: 9,
        ModifyIndex: 9,
      },
    ],
  };
}

/** A missing parameter of an intention is a 500. */
function parameter(call: Call, name: string): string {
  const text = call.query.get(name) ?? '';
  if (text === '') throw new ConsulFailure(500, `required query parameter '${name}' not set`);
  return text.replace(/^default\//, '');
}

function visibleIntentions(lab: ConsulLab, call: Call) {
  const acl = call.acl();
  return acl.visible(lab.intentions.all(), (row) => acl.allows('intention', 'read', row.DestinationName));
}

function matchIntentions(lab: ConsulLab, call: Call) {
  const by = call.query.get('by') ?? '';
  const names = call.query.getAll('name');
  if (by !== 'source' && by !== 'destination')
    throw new ConsulFailure(500, "required query parameter 'by' not set");
  if (names.length === 0) throw new ConsulFailure(500, "required query parameter 'name' not set");
  const rows = visibleIntentions(lab, call);
  const side = by === 'source' ? 'SourceName' : 'DestinationName';
  return Object.fromEntries(
    names.map((name) => [name, rows.filter((row) => row[side] === name || row[side] === '*')]),
  );
}

async function putIntention(lab: ConsulLab, call: Call): Promise<Answer> {
  const source = parameter(call, 'source');
  const destination = parameter(call, 'destination');
  if (source.startsWith('peer:')) throw new ConsulFailure(500, 'cannot specify a peer here');
  requireLeader(lab.cluster);
  call.acl().require('intention', 'write', destination);
  const fields = new Fields(await call.json());
  const action = fields.text('Action');
  const permissions = fields.list('Permissions');
  const invalid = intentionFault(lab, destination, source, action, permissions);
  if (invalid !== undefined) throw new ConsulFailure(500, `rpc error making call: ${invalid}`);
  const description = fields.text('Description');
  lab.intentions.put({
    source,
    destination,
    ...(action === 'allow' || action === 'deny' ? { action } : {}),
    ...(permissions.length > 0 && { permissions }),
    ...(description !== '' && { description }),
    ...(fields.raw('Meta') ? { meta: fields.textMap('Meta') } : {}),
  });
  return TRUE;
}

function intentionFault(
  lab: ConsulLab,
  destination: string,
  source: string,
  action: string,
  permissions: readonly unknown[],
): string | undefined {
  if ([source, destination].some((name) => name.includes('*') && name !== '*')) {
    return "Name: wildcard character '*' cannot be used with partial values";
  }
  if (permissions.length === 0) {
    return action === 'allow' || action === 'deny' ? undefined : "Action must be set to 'allow' or 'deny'";
  }
  if (action !== '') return 'Action must be omitted if Permissions are specified';
  if (destination === '*') return 'Permissions cannot be specified on wildcarded destinations';
  if (!HTTP_PROTOCOLS.has(lab.config.get('service-defaults', destination)?.['Protocol'])) {
    return `service "${destination}" has protocol "tcp", which is incompatible with L7 intentions permissions`;
  }
  const bad = permissions.some((one) => {
    const http = new Fields(one).object<Record<string, unknown> | undefined>('HTTP', undefined);
    const paths = ['PathExact', 'PathPrefix', 'PathRegex'].filter((form) => http?.[form]);
    return http === undefined || Object.keys(http).length === 0 || paths.length > 1;
  });
  return bad
    ? 'Permissions[0].HTTP is required and should contain at most one of PathExact, PathPrefix, or PathRegex.'
    : undefined;
}

function kindOf(call: Call): string {
  const kind = required(call.params['kind'], 'Must provide either a kind or both kind and name');
  if (!CONFIG_KINDS.has(kind)) throw new ConsulFailure(500, `invalid config entry kind: ${kind}`);
  return kind;
}

function visibleEntries(lab: ConsulLab, call: Call, kind: string): ConfigEntry[] {
  const acl = call.acl();
  return acl.visible(lab.config.ofKind(kind), (entry) =>
    MESH_KINDS.has(kind)
      ? acl.allows('mesh', 'read') || acl.allows('operator', 'read')
      : acl.allows('service', 'read', entry.Name),
  );
}

function requireConfigWrite(call: Call, kind: string, name: string): void {
  if (MESH_KINDS.has(kind)) call.acl().require('mesh', 'write');
  else if (kind === 'service-intentions') call.acl().require('intention', 'write', name);
  else call.acl().require('service', 'write', name);
}

async function putConfig(lab: ConsulLab, call: Call): Promise<Answer> {
  const body = await call.json();
  const fields = new Fields(body);
  const kind = fields.text('Kind');
  const name = fields.text('Name') || (kind === 'mesh' ? 'mesh' : '');
  if (!CONFIG_KINDS.has(kind))
    throw new ConsulFailure(400, `Request decoding failed: invalid config entry kind: ${kind}`);
  if (kind === 'bound-api-gateway') throw new ConsulFailure(500, 'bound-api-gateway cannot be written');
  if (name === '') throw new ConsulFailure(500, 'Name is required');
  requireLeader(lab.cluster);
  requireConfigWrite(call, kind, name);
  if (kind === 'service-splitter') checkSplitter(lab, name, fields);
  const { Kind: _kind, Name: _name, CreateIndex: _create, ModifyIndex: _modify, Hash: _hash, ...rest } = body;
  return { json: lab.config.put(kind, name, rest, casOf(call)) };
}

function checkSplitter(lab: ConsulLab, name: string, fields: Fields): void {
  const protocol = lab.config.get('service-defaults', name)?.['Protocol'];
  if (!HTTP_PROTOCOLS.has(protocol)) {
    throw new ConsulFailure(
      500,
      `rpc error making call: service "${name}" has protocol "tcp", which does not support splitting`,
    );
  }
  const weight = fields
    .list('Splits')
    .reduce<number>((sum, split) => sum + new Fields(split).number('Weight'), 0);
  if (Math.abs(weight - 100) > 0.001) {
    throw new ConsulFailure(500, 'rpc error making call: the sum of all split weights must be 100');
  }
}

function deleteConfig(lab: ConsulLab, call: Call): Answer {
  const kind = kindOf(call);
  const name = call.params['name'] ?? '';
  requireLeader(lab.cluster);
  requireConfigWrite(call, kind, name);
  const needed = kind === 'service-defaults' && lab.config.get('service-splitter', name) !== undefined;
  if (needed) {
    throw new ConsulFailure(
      500,
      `rpc error making call: service "${name}" has protocol "tcp", which does not support splitting`,
    );
  }
  const cas = casOf(call);
  const done = lab.config.delete(kind, name, cas);
  return { json: cas === undefined ? {} : done };
}

function casOf(call: Call): number | undefined {
  const text = call.query.get('cas');
  return text === null ? undefined : Number(text);
}

/** The chain of a service without router, splitter or failover: one resolver, one target. */
function discoveryChain(lab: ConsulLab, call: Call) {
  const name = required(call.params['service'], 'Missing chain name');
  call.acl().require('service', 'read', name);
  const { datacenter } = lab.cluster;
  const target = `${name}.default.default.${datacenter}`;
  const resolver = lab.config.get('service-resolver', name);
  return {
    index: () => lab.state.indexOf('config'),
    read: () => ({
      Chain: {
        ServiceName: name,
        Namespace: 'default',
        Partition: 'default',
        Datacenter: datacenter,
        Protocol: lab.config.get('service-defaults', name)?.['Protocol'] ?? 'tcp',
        ...(resolver === undefined && { Default: true }),
        StartNode: `resolver:${target}`,
        Nodes: {
          [`resolver:${target}`]: {
            Type: 'resolver',
            Name: target,
            Resolver: { Default: resolver === undefined, ConnectTimeout: '5s', Target: target },
            ...(resolver?.['LoadBalancer'] !== undefined && { LoadBalancer: resolver['LoadBalancer'] }),
          },
        },
        Targets: {
          [target]: {
            ID: target,
            Service: name,
            Namespace: 'default',
            Partition: 'default',
            Datacenter: datacenter,
            MeshGateway: {},
            Subset: {},
            ConnectTimeout: '5s',
            SNI: `${name}.default.${datacenter}.internal.${uuidOf('trust domain')}.consul`,
            Name: `${name}.default.${datacenter}.internal.${uuidOf('trust domain')}.consul`,
          },
        },
      },
    }),
  };
}
