import { randomUUID } from 'node:crypto';
import { requireLeader } from './blocking.ts';
import { required, route, TRUE, type ConsulLab } from './context.ts';
import { parseDuration } from './duration.ts';
import { ConsulFailure } from './errors.ts';
import { eventIndex } from './event-log.ts';
import type { Answer, Call, Route } from './http.ts';
import { Fields } from './registration.ts';
import { waitFor } from './waiting.ts';

const DEFAULT_LOCK_DELAY_MS = 15_000;
const MAX_LOCK_DELAY_MS = 60_000;
const EVENT_WAIT_MS = 600_000;

/** Sessions' writes, and events. */
export function sessionRoutes(lab: ConsulLab): Route[] {
  return [
    route('PUT', '/v1/session/create', (call) => create(lab, call)),
    route('PUT', '/v1/session/destroy/:id', (call) => {
      const id = required(call.params['id'], 'Missing session');
      requireLeader(lab.cluster);
      call.acl().require('session', 'write', lab.sessions.get(id)?.Node ?? '');
      lab.sessions.destroy(id);
      return TRUE;
    }),
    route('PUT', '/v1/session/renew/:id', (call) => {
      const id = required(call.params['id'], 'Missing session');
      const row = lab.sessions.get(id);
      if (!row) throw new ConsulFailure(404, `Session id '${id}' not found`);
      call.acl().require('session', 'write', row.Node);
      lab.sessions.renew(id, row.TTL === '' ? undefined : parseDuration(row.TTL));
      return { json: [row] };
    }),
    route('PUT', '/v1/event/fire/:name', (call) => fire(lab, call)),
    route('GET', '/v1/event/list', (call) => listEvents(lab, call)),
  ];
}

async function create(lab: ConsulLab, call: Call): Promise<Answer> {
  const fields = new Fields(await call.json());
  const node = fields.text('Node') || call.agentNode;
  requireLeader(lab.cluster);
  call.acl().require('session', 'write', node);
  if (!lab.state.nodes.has(node))
    throw new ConsulFailure(500, 'rpc error making call: Missing node registration');
  const nodeChecks = fields.raw('NodeChecks') ?? fields.raw('Checks');
  const checks = Array.isArray(nodeChecks) ? (nodeChecks as string[]) : ['serfHealth'];
  const serviceChecks = fields.list('ServiceChecks').map((one) => ({
    ID: new Fields(one).text('ID'),
    Namespace: new Fields(one).text('Namespace'),
  }));
  for (const id of [...checks, ...serviceChecks.map((check) => check.ID)]) {
    const check = lab.state.checks.get(`${node}\n${id}`);
    if (!check) throw new ConsulFailure(500, `rpc error making call: Missing check '${id}' registration`);
    if (check.Status === 'critical') {
      throw new ConsulFailure(500, `rpc error making call: Check '${id}' is in critical state`);
    }
  }
  const ttl = fields.text('TTL');
  const ttlMs = ttl === '' ? undefined : parseDuration(ttl);
  if (ttl !== '' && !(ttlMs !== undefined && ttlMs >= 10_000 && ttlMs <= 86_400_000)) {
    throw new ConsulFailure(
      500,
      `rpc error making call: Invalid Session TTL '${ttl}', must be between [10s=24h0m0s]`,
    );
  }
  const behavior = fields.text('Behavior') || 'release';
  if (behavior !== 'release' && behavior !== 'delete') {
    throw new ConsulFailure(500, `rpc error making call: Invalid Behavior setting '${behavior}'`);
  }
  const session = {
    ID: randomUUID(),
    Name: fields.text('Name'),
    Node: node,
    LockDelay: lockDelayMs(fields) * 1_000_000,
    Behavior: behavior,
    TTL: ttl,
    NodeChecks: checks,
    ServiceChecks: serviceChecks.length === 0 ? null : serviceChecks,
  } as const;
  lab.sessions.create(session, ttlMs);
  return { json: { ID: session.ID } };
}

/** Text with a unit, or a number of seconds or nanoseconds. */
function lockDelayMs(fields: Fields): number {
  const raw = fields.raw('LockDelay');
  if (raw === undefined || raw === '') return DEFAULT_LOCK_DELAY_MS;
  const ms =
    typeof raw === 'number'
      ? raw < 1_000
        ? raw * 1_000
        : raw / 1_000_000
      : parseDuration(fields.text('LockDelay'));
  if (ms === undefined) throw new ConsulFailure(400, 'Request decode failed: invalid LockDelay');
  return Math.min(ms, MAX_LOCK_DELAY_MS);
}

async function fire(lab: ConsulLab, call: Call): Promise<Answer> {
  const name = required(call.params['name'], 'Missing name');
  call.acl().require('event', 'write', name);
  if (call.query.get('tag') && !call.query.get('service')) {
    throw new ConsulFailure(400, 'Cannot provide tag filter without service filter');
  }
  const payload = await call.body();
  const event = lab.events.fire({
    ID: randomUUID(),
    Name: name,
    Payload: payload.length === 0 ? null : payload.toString('base64'),
    NodeFilter: call.query.get('node') ?? '',
    ServiceFilter: call.query.get('service') ?? '',
    TagFilter: call.query.get('tag') ?? '',
  });
  return { json: event };
}

/** Waits while the index is equal to the given one; there is no order among event indexes, and no jitter. */
async function listEvents(lab: ConsulLab, call: Call): Promise<Answer> {
  const acl = call.acl();
  const name = call.query.get('name') ?? '';
  const text = call.query.get('index') ?? '';
  if (text !== '' && !/^\d{1,20}$/.test(text)) throw new ConsulFailure(400, 'Invalid index');
  const waitMs = parseDuration(call.query.get('wait') || '10m');
  if (waitMs === undefined) throw new ConsulFailure(400, 'Invalid wait time');
  const events = () => acl.visible(lab.events.list(name), (event) => acl.allows('event', 'read', event.Name));
  if (text !== '' && BigInt(text) === eventIndex(events())) {
    await waitFor({
      ms: Math.min(waitMs === 0 ? EVENT_WAIT_MS : waitMs, EVENT_WAIT_MS),
      signals: [call.signal, lab.signal],
      subscriptions: [(listener) => lab.events.onChange(listener)],
      until: () => BigInt(text) !== eventIndex(events()),
    });
  }
  const found = events();
  return { json: found, headers: { 'X-Consul-Index': String(eventIndex(found)) } };
}
