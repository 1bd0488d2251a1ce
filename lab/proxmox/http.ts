import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Caller } from './access.ts';
import { checkParams } from './params.ts';
import { badParameter, PveError } from './pve-error.ts';
import { Listed, type Method, type Route } from './route.ts';
import type { Cluster } from './state.ts';

const MAX_BODY_BYTES = 512 * 1_024;
const COMPRESS_FROM_BYTES = 1_024;

/** The API's way with HTTP: formatters, envelopes, reason phrases, what it refuses before looking closer. */
export function createApi(cluster: Cluster, routes: readonly Route[]) {
  const table = routes.map((route) => ({ route, segments: route.path.split('/').slice(1) }));
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let format: Format = 'json';
    try {
      const body = await readBody(request);
      const url = new URL(request.url ?? '/', 'http://lab');
      const [, api, wanted = '', ...segments] = url.pathname.split('/');
      if (api !== 'api2') throw new PveError(404, `no such file '${url.pathname}'`);
      if (wanted !== 'json' && wanted !== 'extjs')
        throw new PveError(501, `no formatter for uri ${url.pathname}`);
      format = wanted;
      const path = segments.map(decodeSegment);
      const found = find(table, request.method as Method, path);
      const caller = identify(cluster, request, found?.route);
      if (!found)
        throw new PveError(501, `Method '${request.method} /${segments.join('/')}' not implemented`);
      const values = checkParams(found.route.params, merge(found.params, url, request, body));
      authorize(cluster, found.route, caller, values);
      const result: unknown = await found.route.run({ cluster, caller, values });
      answer(request, response, success(format, result));
    } catch (thrown) {
      await refuse(cluster, request, response, format, thrown);
    }
  };
}

type Format = 'json' | 'extjs';

interface Found {
  readonly route: Route;
  readonly params: Record<string, string>;
}

function find(
  table: readonly { route: Route; segments: readonly string[] }[],
  method: Method,
  path: readonly string[],
): Found | undefined {
  const wanted = path.at(-1) === '' ? path.slice(0, -1) : path;
  for (const { route, segments } of table) {
    if (route.method !== method || segments.length !== wanted.length) continue;
    const params: Record<string, string> = {};
    const fits = segments.every((segment, index) => {
      const given = wanted[index] ?? '';
      if (!segment.startsWith('{')) return segment === given;
      params[segment.slice(1, -1)] = given;
      return given !== '';
    });
    if (fits) return { route, params };
  }
  return undefined;
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function identify(cluster: Cluster, request: IncomingMessage, route: Route | undefined): Caller {
  if (route?.permission === 'world') return { user: '' };
  return cluster.access.authenticate(request.headers, request.method !== 'GET');
}

function authorize(
  cluster: Cluster,
  route: Route,
  caller: Caller,
  values: Readonly<Record<string, unknown>>,
): void {
  for (const [name, param] of Object.entries(route.params)) {
    if (param.rootOnly && name in values && !cluster.access.isRoot(caller))
      throw badParameter(name, 'Only root may use this option.');
  }
  if (typeof route.permission === 'string') return;
  const { path, privileges, any } = route.permission;
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
  cluster.access.require(caller, filled, privileges, any);
}

/** Path, query and body together. The query wins over the body; neither may contradict the path. */
function merge(
  path: Readonly<Record<string, string>>,
  url: URL,
  request: IncomingMessage,
  body: string,
): Record<string, unknown> {
  const sent: Record<string, unknown> = { ...parseBody(request, body) };
  for (const name of new Set(url.searchParams.keys())) {
    const values = url.searchParams.getAll(name);
    sent[name] = values.length > 1 ? values : values[0];
  }
  delete sent['_dc'];
  for (const [name, value] of Object.entries(path)) {
    if (name in sent && String(sent[name]) !== value)
      throw badParameter(name, 'duplicate parameter (already defined in URI) with conflicting values!');
    sent[name] = value;
  }
  return sent;
}

function parseBody(request: IncomingMessage, body: string): Record<string, unknown> {
  if (body === '') return {};
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim();
  if (type === 'application/json') {
    try {
      const parsed: unknown = JSON.parse(body);
      if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
        return parsed as Record<string, unknown>;
    } catch {
      // said below
    }
    throw new PveError(400, 'unable to parse json body');
  }
  if (type !== 'application/x-www-form-urlencoded')
    throw new PveError(506, `upload '${type ?? ''}' not supported`);
  const form = new URLSearchParams(body);
  return Object.fromEntries(
    [...new Set(form.keys())].map((name) => {
      const values = form.getAll(name);
      return [name, values.length > 1 ? values : values[0]];
    }),
  );
}

async function readBody(request: IncomingMessage): Promise<string> {
  const method = request.method ?? '';
  if (!['GET', 'POST', 'PUT', 'DELETE'].includes(method)) {
    request.resume();
    throw new PveError(501, `method '${method}' not available`);
  }
  if (request.headers['transfer-encoding'] !== undefined) {
    request.resume();
    throw new PveError(501, 'chunked transfer encoding not supported');
  }
  const length = Number(request.headers['content-length'] ?? 0);
  if (length > 0 && (method === 'GET' || method === 'DELETE')) {
    request.resume();
    throw new PveError(501, `Unexpected content for method '${method}'`);
  }
  if (length > MAX_BODY_BYTES) {
    request.resume();
    throw new PveError(501, `for data too large`);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

interface Reply {
  readonly status: number;
  readonly reason: string;
  /** undefined: no body. */
  readonly body?: unknown;
}

function success(format: Format, result: unknown): Reply {
  const envelope =
    result instanceof Listed ? { data: result.data, total: result.total } : { data: result ?? null };
  return { status: 200, reason: 'OK', body: format === 'extjs' ? { success: 1, ...envelope } : envelope };
}

async function refuse(
  cluster: Cluster,
  request: IncomingMessage,
  response: ServerResponse,
  format: Format,
  thrown: unknown,
): Promise<void> {
  const error =
    thrown instanceof PveError
      ? thrown
      : new PveError(500, `lab defect: ${thrown instanceof Error ? thrown.message : 'unknown'}`);
  // A refused login is kept waiting on purpose, so that guessing is slow.
  if (error.status === 401) await cluster.tasks.pause(cluster.options.refusalDelayMs / cluster.options.pace);
  answer(request, response, failed(format, error));
}

function failed(format: Format, error: PveError): Reply {
  const { status, message, errors } = error;
  const reason = phrase(message);
  // Authentication and node-to-node proxying fail before any formatter.
  if (status === 401 || status >= 595) return { status, reason };
  const told = { ...(errors ? { errors } : {}), message: `${message}\n`, data: null };
  if (format === 'extjs') return { status: 200, reason: 'OK', body: { success: 0, status, ...told } };
  return { status, reason, body: told };
}

/** The reason phrase holds the first line only, in characters a status line may carry. */
function phrase(message: string): string {
  return (message.split('\n', 1)[0] ?? '').replace(/[^\x20-\x7e]/g, '?');
}

function answer(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  const text = reply.body === undefined ? '' : JSON.stringify(reply.body);
  const headers: Record<string, string | number> = {
    'cache-control': 'max-age=0',
    pragma: 'no-cache',
    server: 'pve-api-daemon/3.0',
  };
  if (text !== '') headers['content-type'] = 'application/json;charset=UTF-8';
  if (reply.status >= 400) headers['connection'] = 'close';
  let bytes: Buffer = Buffer.from(text);
  if (bytes.length > COMPRESS_FROM_BYTES && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
    bytes = gzipSync(bytes);
    headers['content-encoding'] = 'gzip';
  }
  headers['content-length'] = bytes.length;
  response.writeHead(reply.status, reply.reason, headers);
  response.end(bytes);
}
