import { randomUUID } from 'node:crypto';
import { readOptions, requireLeader } from './blocking.ts';
import { listing, OK, route, type ConsulLab } from './context.ts';
import { ConsulFailure } from './errors.ts';
import { entries } from './health-routes.ts';
import type { Answer, Call, Route } from './http.ts';
import { printEntry } from './kv-routes.ts';
import type { PreparedQuery } from './query-store.ts';
import { Fields } from './registration.ts';

const MAX_OPERATIONS = 128;

/** Prepared queries and transactions. */
export function queryRoutes(lab: ConsulLab): Route[] {
  return [
    listing(lab, 'GET', '/v1/query', (call) => {
      const acl = call.acl();
      return {
        index: () => lab.state.indexOf('queries'),
        read: () => acl.visible(lab.queries.all(), (row) => acl.allows('query', 'read', row.Name)),
      };
    }),
    route('POST', '/v1/query', async (call) => {
      const id = randomUUID();
      await save(lab, call, id);
      return { json: { ID: id } };
    }),
    route('GET', '/v1/query/:id', (call) => ({ json: [found(lab, call, 'read')] })),
    route('PUT', '/v1/query/:id', async (call) => {
      const { ID } = found(lab, call, 'write');
      await save(lab, call, ID);
      return OK;
    }),
    route('DELETE', '/v1/query/:id', (call) => {
      requireLeader(lab.cluster);
      lab.queries.delete(found(lab, call, 'write').ID);
      return OK;
    }),
    route('GET', '/v1/query/:id/execute', (call) => execute(lab, call)),
    route('GET', '/v1/query/:id/explain', (call) => ({
      json: { Query: found(lab, call, 'read'), KnownLeader: true, LastContact: 0, Index: 0 },
    })),
    route('PUT', '/v1/txn', (call) => transact(lab, call)),
  ];
}

function found(lab: ConsulLab, call: Call, access: 'read' | 'write'): PreparedQuery {
  const query = lab.queries.find(call.params['id'] ?? '');
  if (!query) throw new ConsulFailure(404, 'Query not found');
  call.acl().require('query', access, query.Name);
  return query;
}

async function save(lab: ConsulLab, call: Call, id: string): Promise<void> {
  const fields = new Fields(await call.json());
  const service = fields.object<PreparedQuery['Service'] | undefined>('Service', undefined);
  const name = fields.text('Name');
  requireLeader(lab.cluster);
  call.acl().require('query', 'write', name);
  if (!service?.Service)
    throw new ConsulFailure(500, 'rpc error making call: Must provide a Service name to query');
  lab.queries.put({
    ID: id,
    Name: name,
    Session: fields.text('Session'),
    Token: fields.text('Token'),
    Service: service,
    DNS: fields.object('DNS', { TTL: '' }),
    Template: fields.object('Template', {
      Type: '',
      Regexp: '',
      RemoveEmptyTags: false,
    }),
  });
}

function execute(lab: ConsulLab, call: Call): Answer {
  const query = lab.queries.find(call.params['id'] ?? '');
  if (!query) throw new ConsulFailure(404, 'Query not found');
  requireLeader(lab.cluster, readOptions(call.query).consistency);
  const rows = lab.state.instancesOf(query.Service.Service);
  // Critical instances are never in it; warnings are, unless only passing ones are wanted.
  const all = entries(lab, call, rows, query.Service.OnlyPassing === true);
  const nodes = all.filter((entry) => entry.Checks.every((check) => check.Status !== 'critical'));
  const limit = Number(call.query.get('limit') ?? 0);
  return {
    json: {
      Service: query.Service.Service,
      Nodes: limit > 0 ? nodes.slice(0, limit) : nodes,
      DNS: query.DNS,
      Datacenter: lab.cluster.datacenter,
      Failovers: 0,
      Index: 0,
      LastContact: 0,
      KnownLeader: true,
      ConsistencyLevel: '',
      NotModified: false,
      Backend: 0,
      ResultsFilteredByACLs: false,
    },
  };
}

type Result = { KV: Record<string, unknown> };

/** KV operations, all or none. Catalogue verbs are refused. */
async function transact(lab: ConsulLab, call: Call): Promise<Answer> {
  const body: unknown = await call.json();
  const operations = Array.isArray(body) ? body : [];
  if (operations.length > MAX_OPERATIONS) {
    throw new ConsulFailure(
      413,
      `Transaction contains too many operations (${operations.length} > ${MAX_OPERATIONS})`,
    );
  }
  requireLeader(lab.cluster);
  const steps = operations.map((one) => new Fields(new Fields(one).raw('KV')));
  const errors = steps.flatMap((step, OpIndex) => {
    const What = refusal(lab, call, step);
    return What === undefined ? [] : [{ OpIndex, What }];
  });
  if (errors.length > 0) return { status: 409, json: { Results: null, Errors: errors } };
  return { json: { Results: steps.flatMap((step) => apply(lab, step)), Errors: null } };
}

function refusal(lab: ConsulLab, call: Call, step: Fields): string | undefined {
  const verb = step.text('Verb');
  const key = step.text('Key');
  const entry = lab.kv.get(key);
  const reads = ['get', 'get-or-empty', 'get-tree', 'check-index', 'check-not-exists', 'check-session'];
  call.acl().require('key', reads.includes(verb) ? 'read' : 'write', key);
  const index = step.number('Index');
  switch (verb) {
    case 'set':
    case 'delete':
    case 'delete-tree':
    case 'get-tree':
    case 'get-or-empty':
      return undefined;
    case 'get':
      return entry ? undefined : `key "${key}" doesn't exist`;
    case 'cas':
    case 'delete-cas':
      return (entry?.modifyIndex ?? 0) === index
        ? undefined
        : `failed to ${verb === 'cas' ? 'set' : 'delete'} key "${key}", index is stale`;
    case 'check-index':
      return entry?.modifyIndex === index
        ? undefined
        : `current modify index ${entry?.modifyIndex ?? 0} does not match ${index}`;
    case 'check-not-exists':
      return entry ? `key "${key}" exists` : undefined;
    default:
      return `unknown KV verb "${verb}"`;
  }
}

function apply(lab: ConsulLab, step: Fields): Result[] {
  const key = step.text('Key');
  const shown = (withValue: boolean): Result[] => {
    const entry = lab.kv.get(key);
    if (!entry) return [];
    return [{ KV: { ...printEntry(entry), ...(!withValue && { Value: null }) } }];
  };
  switch (step.text('Verb')) {
    case 'set':
    case 'cas':
      lab.kv.put(key, Buffer.from(step.text('Value'), 'base64'), BigInt(step.number('Flags')));
      return shown(false);
    case 'delete':
    case 'delete-cas':
      lab.kv.delete(key);
      return [];
    case 'delete-tree':
      lab.kv.deleteUnder(key);
      return [];
    case 'get-tree':
      return lab.kv.under(key).map((entry) => ({ KV: printEntry(entry) }));
    case 'get':
    case 'get-or-empty':
      return shown(true);
    default:
      return shown(false);
  }
}
