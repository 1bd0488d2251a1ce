import { createHash } from 'node:crypto';
import type { NodeAgent } from './agent.ts';
import { agentInfoRoutes } from './agent-info-routes.ts';
import { agentOf, filtered, OK, required, route, type ConsulLab } from './context.ts';
import { parseDuration } from './duration.ts';
import { ConsulFailure } from './errors.ts';
import type { Answer, Call, Route } from './http.ts';
import { Fields, readCheck, readService } from './registration.ts';
import { waitFor } from './waiting.ts';
import { printAgentService, printCheck } from './shapes.ts';

const SERVICE_SELECTORS = [
  'ID',
  'Service',
  'Kind',
  'Address',
  'Port',
  'Tags',
  'Meta',
  'EnableTagOverride',
  'Weights',
  'Proxy',
  'Connect',
  'TaggedAddresses',
];
const CHECK_SELECTORS = [
  'CheckID',
  'Name',
  'Node',
  'Notes',
  'Output',
  'ServiceID',
  'ServiceName',
  'ServiceTags',
  'Status',
  'Type',
];

const HEALTH_STATUS: Readonly<Record<string, number>> = {
  passing: 200,
  warning: 429,
  critical: 503,
  maintenance: 503,
};

/** `/v1/agent/*`: of the one agent that was asked, not of the cluster. Never blocking, but for `agent/service/:id`. */
export function agentRoutes(lab: ConsulLab): Route[] {
  return [
    ...agentInfoRoutes(lab),
    route('GET', '/v1/agent/services', (call) => {
      const acl = call.acl();
      const rows = acl
        .visible(agentOf(lab, call).services(), (row) => acl.allows('service', 'read', row.Service))
        .map((row) => printAgentService(row, lab.cluster.datacenter));
      const kept = filtered(call, rows, SERVICE_SELECTORS);
      return { json: Object.fromEntries(kept.map((row) => [row.ID, row])), headers: filteredHeader(call) };
    }),
    route('GET', '/v1/agent/service/:id', (call) => readOne(lab, call)),
    route('GET', '/v1/agent/checks', (call) => {
      const acl = call.acl();
      const rows = acl.visible(agentOf(lab, call).checks(), (row) =>
        row.ServiceName === ''
          ? acl.allows('node', 'read', row.Node)
          : acl.allows('service', 'read', row.ServiceName),
      );
      const kept = filtered(call, rows.map(printCheck), CHECK_SELECTORS);
      return {
        json: Object.fromEntries(kept.map((row) => [row.CheckID, row])),
        headers: filteredHeader(call),
      };
    }),
    route('GET', '/v1/agent/health/service/name/:name', (call) => healthByName(lab, call)),
    route('GET', '/v1/agent/health/service/id/:id', (call) => healthById(lab, call)),
    route('PUT', '/v1/agent/service/register', (call) => registerService(lab, call)),
    route('PUT', '/v1/agent/service/deregister/:id', (call) => deregisterService(lab, call)),
    route('PUT', '/v1/agent/service/maintenance/:id', (call) => serviceMaintenance(lab, call)),
    route('PUT', '/v1/agent/maintenance', (call) => {
      call.acl().require('node', 'write', call.agentNode);
      const { enable, reason } = maintenanceOptions(call);
      agentOf(lab, call).setMaintenance('', enable, reason);
      return OK;
    }),
    route('PUT', '/v1/agent/check/register', (call) => registerCheck(lab, call)),
    route('PUT', '/v1/agent/check/deregister/:id', (call) => {
      const id = required(call.params['id'], 'Missing check ID');
      requireCheckWrite(lab, call, id);
      if (!agentOf(lab, call).deregisterCheck(id)) throw unknownCheck(id);
      return OK;
    }),
    ...(['pass', 'warn', 'fail'] as const).map((verb) =>
      route('PUT', `/v1/agent/check/${verb}/:id`, (call) => {
        const id = required(call.params['id'], 'Missing check ID');
        requireCheckWrite(lab, call, id);
        const status = { pass: 'passing', warn: 'warning', fail: 'critical' }[verb];
        agentOf(lab, call).setTtl(id, status, call.query.get('note') ?? '');
        return OK;
      }),
    ),
    route('PUT', '/v1/agent/check/update/:id', async (call) => {
      const id = required(call.params['id'], 'Missing check ID');
      const fields = new Fields(await call.json());
      const status = fields.text('Status');
      if (!['passing', 'warning', 'critical'].includes(status)) {
        throw new ConsulFailure(400, `Invalid check status: '${status}'`);
      }
      requireCheckWrite(lab, call, id);
      agentOf(lab, call).setTtl(id, status, fields.text('Output'));
      return OK;
    }),
  ];
}

function filteredHeader(call: Call): Record<string, string> {
  const acl = call.acl();
  return acl.filtered && !acl.anonymous ? { 'X-Consul-Results-Filtered-By-Acls': 'true' } : {};
}

function serviceOf(lab: ConsulLab, call: Call): NonNullable<ReturnType<NodeAgent['service']>> {
  const id = required(call.params['id'], 'Missing service ID');
  const row = agentOf(lab, call).service(id);
  if (!row) throw new ConsulFailure(404, `unknown service ID: ${id}`);
  return row;
}

/** Waits by content hash, unlike everything else; a service that is not there answers at once. */
async function readOne(lab: ConsulLab, call: Call): Promise<Answer> {
  const printed = () => {
    const row = serviceOf(lab, call);
    call.acl().require('service', 'read', row.Service);
    const body = printAgentService(row, lab.cluster.datacenter);
    const hash = createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 16);
    return { body: { ...body, ContentHash: hash }, hash };
  };
  const wanted = call.query.get('hash') ?? '';
  const waitMs = parseDuration(call.query.get('wait') || '5m') ?? 300_000;
  if (wanted !== '' && printed().hash === wanted) {
    await waitFor({
      ms: waitMs,
      signals: [call.signal, lab.signal],
      subscriptions: [(listener) => lab.state.onChange(listener)],
      until: () => {
        const gone = agentOf(lab, call).service(call.params['id'] ?? '') === undefined;
        return gone || printed().hash !== wanted;
      },
    });
  }
  const { body, hash } = printed();
  return { json: body, headers: { 'X-Consul-Contenthash': hash } };
}

function healthOf(agent: NodeAgent, id: string, datacenter: string) {
  const row = agent.service(id);
  if (!row) return undefined;
  const checks = agent.checks().filter((check) => check.ServiceID === '' || check.ServiceID === id);
  return {
    AggregatedStatus: agent.statusOf(id),
    Service: printAgentService(row, datacenter),
    Checks: checks.map(printCheck),
  };
}

function healthByName(lab: ConsulLab, call: Call): Answer {
  const name = required(call.params['name'], 'Missing service Name');
  call.acl().require('service', 'read', name);
  const agent = agentOf(lab, call);
  const found = agent
    .services()
    .filter((row) => row.Service === name)
    .flatMap((row) => healthOf(agent, row.ID, lab.cluster.datacenter) ?? []);
  if (found.length === 0) {
    const reason = `ServiceName ${name} Not Found`;
    return textOr(call, { status: 404, json: [], headers: { 'X-Consul-Reason': reason } }, reason);
  }
  const worst = ['critical', 'maintenance', 'warning', 'passing'].find((status) =>
    found.some((one) => one.AggregatedStatus === status),
  );
  return healthAnswer(call, worst ?? 'critical', found);
}

function healthById(lab: ConsulLab, call: Call): Answer {
  const id = required(call.params['id'], 'Missing serviceID');
  const found = healthOf(agentOf(lab, call), id, lab.cluster.datacenter);
  if (!found) {
    const reason = `ServiceId ${id} not found`;
    const json = { AggregatedStatus: 'critical', Service: null, Checks: null };
    return textOr(call, { status: 404, json, headers: { 'X-Consul-Reason': reason } }, reason);
  }
  call.acl().require('service', 'read', found.Service.Service);
  return healthAnswer(call, found.AggregatedStatus, found);
}

function healthAnswer(call: Call, status: string, json: unknown): Answer {
  const headers = { 'X-Consul-Reason': status };
  return textOr(call, { status: HEALTH_STATUS[status] ?? 503, json, headers }, status);
}

function textOr(call: Call, answer: Answer, text: string): Answer {
  if (call.query.get('format') !== 'text') return answer;
  return {
    ...(answer.status !== undefined && { status: answer.status }),
    headers: answer.headers ?? {},
    text,
  };
}

async function registerService(lab: ConsulLab, call: Call): Promise<Answer> {
  const setup = readService(await call.json(), call.agentNode);
  call.acl().require('service', 'write', setup.row.Service);
  const flag = call.query.get('replace-existing-checks');
  agentOf(lab, call).registerService(setup, flag !== null && flag !== 'false');
  return OK;
}

function deregisterService(lab: ConsulLab, call: Call): Answer {
  const id = required(call.params['id'], 'Missing service ID');
  const agent = agentOf(lab, call);
  const row = agent.service(id);
  if (!row) throw unknownService(id);
  call.acl().require('service', 'write', row.Service);
  agent.deregisterService(id);
  return OK;
}

function serviceMaintenance(lab: ConsulLab, call: Call): Answer {
  const id = required(call.params['id'], 'Missing service ID');
  const { enable, reason } = maintenanceOptions(call);
  const agent = agentOf(lab, call);
  const row = agent.service(id);
  if (!row) throw unknownService(id);
  call.acl().require('service', 'write', row.Service);
  agent.setMaintenance(id, enable, reason);
  const instance = lab.world.instances.get(id);
  if (instance && instance.maintenance !== enable) {
    instance.maintenance = enable;
    lab.world.changed();
  }
  return OK;
}

function maintenanceOptions(call: Call): { enable: boolean; reason: string } {
  const text = call.query.get('enable') ?? '';
  if (text === '') throw new ConsulFailure(400, 'Missing value for enable');
  if (!['true', 'false', '1', '0', 't', 'f'].includes(text)) {
    throw new ConsulFailure(400, `Invalid value for enable: "${text}"`);
  }
  return { enable: ['true', '1', 't'].includes(text), reason: call.query.get('reason') ?? '' };
}

async function registerCheck(lab: ConsulLab, call: Call): Promise<Answer> {
  const body = await call.json();
  const agent = agentOf(lab, call);
  const serviceId = new Fields(body).text('ServiceID');
  const service = agent.service(serviceId);
  const setup = readCheck(body, {
    node: call.agentNode,
    serviceId,
    serviceName: service?.Service ?? '',
    serviceTags: service?.Tags ?? [],
  });
  if (service) call.acl().require('service', 'write', service.Service);
  else call.acl().require('node', 'write', call.agentNode);
  agent.registerCheck(setup);
  return OK;
}

function requireCheckWrite(lab: ConsulLab, call: Call, id: string): void {
  const check = agentOf(lab, call)
    .checks()
    .find((row) => row.CheckID === id);
  if (!check) throw unknownCheck(id);
  if (check.ServiceName !== '') call.acl().require('service', 'write', check.ServiceName);
  else call.acl().require('node', 'write', call.agentNode);
}

function unknownService(id: string): ConsulFailure {
  return new ConsulFailure(
    404,
    `Unknown service ID "${id}". Ensure that the service ID is passed, not the service name.`,
  );
}

function unknownCheck(id: string): ConsulFailure {
  return new ConsulFailure(
    404,
    `Unknown check ID "${id}". Ensure that the check ID is passed, not the check name.`,
  );
}
