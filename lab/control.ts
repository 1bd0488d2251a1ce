import type { IncomingMessage, ServerResponse } from 'node:http';
import { isFaultMode } from './kit/faults.ts';
import { startLabServer, type LabServer } from './kit/server.ts';
import type { Lab } from './lab.ts';

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

const ok: Reply = { status: 200, body: { ok: true } };

/**
 * The lab's own API, by which people and tests break things:
 *
 *     GET    /                          servers with address, fault and requests seen; guests; instances
 *     PUT    /faults/<server>           {"mode": "hang"} or {"mode": "slow", "ms": 5000}
 *     DELETE /faults/<server>           (or /faults: all)
 *     POST   /instances/<id>/kill       and /restore
 *     POST   /guests/<vmid>/stop        and /start
 *     POST   /hosts/<name>/offline      and /online
 *
 * Loopback only. A request with an Origin header comes from a web page and is refused.
 */
export function startControl(lab: Lab, now: () => number, port = 0): Promise<LabServer> {
  return startLabServer({
    name: 'control',
    port,
    handler: async (request, response) => {
      const reply = await route(lab, now, request);
      send(response, reply);
    },
  });
}

async function route(lab: Lab, now: () => number, request: IncomingMessage): Promise<Reply> {
  if (request.headers.origin !== undefined) return { status: 403, body: { error: 'not for web pages' } };
  const [area = '', name = '', verb = ''] = new URL(request.url ?? '/', 'http://lab').pathname
    .split('/')
    .slice(1)
    .map(decodeURIComponent);
  const method = request.method ?? 'GET';
  if (method === 'GET' && area === '') return { status: 200, body: describe(lab) };
  if (area === 'faults' && method === 'DELETE') return clearFaults(lab, name);
  if (area === 'faults' && method === 'PUT') return setFault(lab, name, await readJson(request));
  if (method !== 'POST') return { status: 404, body: { error: 'no such path' } };
  const done = act(lab, now, `${area}/${verb}`, name);
  if (done === undefined) return { status: 404, body: { error: 'no such path' } };
  return done ? ok : { status: 404, body: { error: `no ${area} "${name}"` } };
}

/** undefined: no such action; false: no such thing. */
function act(lab: Lab, now: () => number, action: string, name: string): boolean | undefined {
  switch (action) {
    case 'instances/kill':
      return lab.world.setProcess(name, 'killed');
    case 'instances/restore':
      return lab.world.setProcess(name, 'up');
    case 'guests/stop':
      return lab.world.setGuestStatus(Number(name), 'stopped', now());
    case 'guests/start':
      return lab.world.setGuestStatus(Number(name), 'running', now());
    case 'hosts/offline':
      return lab.world.setHostOnline(name, false);
    case 'hosts/online':
      return lab.world.setHostOnline(name, true);
    default:
      return undefined;
  }
}

function describe(lab: Lab) {
  return {
    servers: [...lab.servers.values()].map((server) => ({
      name: server.name,
      origin: server.origin,
      fault: server.fault,
      requests: server.requestCount(),
    })),
    hosts: [...lab.world.hosts.values()].map(({ name, online }) => ({ name, online })),
    guests: [...lab.world.guests.values()].map(({ vmid, name, status }) => ({ vmid, name, status })),
    instances: [...lab.world.instances.values()].map(({ id, service, process }) => ({
      id,
      service,
      process,
    })),
  };
}

async function setFault(lab: Lab, name: string, body: unknown): Promise<Reply> {
  const server = lab.servers.get(name);
  if (!server) return { status: 404, body: { error: `no server "${name}"` } };
  const { mode, ms } = (typeof body === 'object' && body !== null ? body : {}) as {
    mode?: unknown;
    ms?: unknown;
  };
  if (!isFaultMode(mode)) return { status: 400, body: { error: `no fault "${String(mode)}"` } };
  if (ms !== undefined && (typeof ms !== 'number' || !(ms >= 0 && ms <= 600_000))) {
    return { status: 400, body: { error: 'ms must be a number from 0 to 600000' } };
  }
  try {
    await server.setFault(ms === undefined ? { mode } : { mode, ms });
  } catch (thrown) {
    return { status: 409, body: { error: thrown instanceof Error ? thrown.message : 'refused' } };
  }
  return ok;
}

async function clearFaults(lab: Lab, name: string): Promise<Reply> {
  const servers = name === '' ? [...lab.servers.values()] : [lab.servers.get(name)];
  for (const server of servers) {
    if (!server) return { status: 404, body: { error: `no server "${name}"` } };
    await server.setFault({ mode: 'none' });
  }
  return ok;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > 65_536) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(reply.body)}\n`);
}
