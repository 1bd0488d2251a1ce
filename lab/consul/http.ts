import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { AclStore, Authorizer } from './acl.ts';
import { ConsulFailure } from './errors.ts';

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Printed as JSON. */
  readonly json?: unknown;
  readonly text?: string;
  readonly bytes?: Buffer;
  /** Of `text` and `bytes`; default plain text. */
  readonly contentType?: string;
}

/** One request, with everything a handler may ask of it. */
export interface Call {
  readonly method: Method;
  readonly query: URLSearchParams;
  /** Decoded segments by name; a trailing `*` takes the rest of the path. */
  readonly params: Readonly<Record<string, string>>;
  /** Name of the node whose agent was asked. */
  readonly agentNode: string;
  /** Aborted when the client went away. */
  readonly signal: AbortSignal;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Resolves the token. Throws 403 for one that is not known. */
  acl(): Authorizer;
  body(): Promise<Buffer>;
  /** Throws 400 when the body is no JSON. An empty one is `{}`. */
  json(): Promise<Record<string, unknown>>;
}

/** undefined: the handler has answered by itself (streams). */
export type Handler = (call: Call) => Answer | undefined | Promise<Answer | undefined>;

export interface Route {
  readonly method: Method;
  /** `/v1/catalog/node/:node`, `/v1/kv/*` */
  readonly pattern: string;
  readonly handler: Handler;
}

const MAX_BODY_BYTES = 8 * 2 ** 20;
const GZIP_FROM_BYTES = 1_400;
const JSON_TYPE = 'application/json';

/** Finds the route, checks method and parameters, and writes what the handler answers, or its failure as plain text. */
export async function dispatch(
  routes: readonly Route[],
  acl: AclStore,
  agentNode: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [rawPath = '/', search = ''] = (request.url ?? '/').split(/\?(.*)/s);
  const query = new URLSearchParams(search);
  try {
    const answer = await answerTo(routes, acl, agentNode, { request, response, rawPath, search, query });
    if (answer !== undefined) write(request, response, query, answer);
  } catch (thrown) {
    if (response.headersSent || response.destroyed) return;
    if (!(thrown instanceof ConsulFailure)) throw thrown;
    // The meta headers of a failed list say nothing true.
    const headers = thrown.withMeta
      ? { 'X-Consul-Index': '1', 'X-Consul-Knownleader': 'false', 'X-Consul-Lastcontact': '0' }
      : {};
    write(request, response, query, { status: thrown.status, text: thrown.message, headers });
  }
}

interface Raw {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly rawPath: string;
  readonly search: string;
  readonly query: URLSearchParams;
}

async function answerTo(
  routes: readonly Route[],
  acl: AclStore,
  agentNode: string,
  raw: Raw,
): Promise<Answer | undefined> {
  const { request, rawPath, search, query } = raw;
  if (rawPath === '/') return redirect('/ui/');
  const clean = rawPath.replace(/\/{2,}/g, '/');
  if (clean !== rawPath || /\/\.{1,2}(\/|$)/.test(rawPath)) {
    return redirect(new URL(clean, 'http://x').pathname + (search === '' ? '' : `?${search}`));
  }
  const path = decodePath(rawPath);
  const matches = routes.flatMap((route) => {
    const params = match(route.pattern, rawPath);
    return params === undefined ? [] : [{ route, params }];
  });
  if (matches.length === 0) {
    if (routes.some((route) => match(route.pattern, `${rawPath}/`) && route.pattern.endsWith('/*'))) {
      return redirect(`${rawPath}/${search === '' ? '' : `?${search}`}`);
    }
    throw new ConsulFailure(404, unknownPath(path));
  }
  const allow = ['OPTIONS', ...new Set(matches.map(({ route }) => route.method))].join(',');
  if (request.method === 'OPTIONS') return { headers: { Allow: allow }, text: '' };
  const found = matches.find(({ route }) => route.method === request.method);
  if (!found) {
    return { status: 405, headers: { Allow: allow }, text: `method ${request.method} not allowed` };
  }
  refuseEnterprise(request, query);
  return found.route.handler(callOf(acl, agentNode, raw, found.route.method, found.params));
}

function callOf(
  acl: AclStore,
  agentNode: string,
  { request, response, query }: Raw,
  method: Method,
  params: Record<string, string>,
): Call {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  let authorizer: Authorizer | undefined;
  let read: Promise<Buffer> | undefined;
  const body = () => (read ??= readBody(request));
  return {
    method,
    query,
    params,
    agentNode,
    signal: gone.signal,
    request,
    response,
    acl: () => (authorizer ??= acl.authorize(secretOf(request, query))),
    body,
    async json() {
      const text = (await body()).toString('utf8');
      if (text.trim() === '') return {};
      try {
        const value: unknown = JSON.parse(text);
        if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
      } catch {
        // Told below, as for any other value that is no object.
      }
      throw new ConsulFailure(400, 'Request decode failed: invalid JSON');
    },
  };
}

/** `?token=` wins over the headers. */
function secretOf(request: IncomingMessage, query: URLSearchParams): string | undefined {
  const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const header = request.headers['x-consul-token'];
  return query.get('token') || (typeof header === 'string' && header) || bearer || undefined;
}

function decodePath(raw: string): string {
  let path: string;
  try {
    path = decodeURIComponent(raw);
  } catch {
    throw new ConsulFailure(400, 'Bad request: invalid URL escape');
  }
  if (/[^\P{C}]/u.test(path)) throw new ConsulFailure(400, 'Bad request: path has non-printable characters');
  return path;
}

function unknownPath(path: string): string {
  return path.startsWith('/v1/')
    ? 'Invalid URL path: not a recognized HTTP API endpoint'
    : "Invalid URL path: if attempting to use the HTTP API, ensure the path starts with '/v1/'";
}

/** undefined: does not fit. A trailing named segment may be empty, as in `/v1/health/service/`. */
function match(pattern: string, rawPath: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = rawPath.split('/');
  const params: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    if (part === '*') {
      if (given.length <= at) return undefined;
      params['rest'] = given.slice(at).map(decodeURIComponent).join('/');
      return params;
    }
    const segment = given[at];
    if (segment === undefined) return undefined;
    if (part.startsWith(':')) params[part.slice(1)] = decodeURIComponent(segment);
    else if (part !== segment) return undefined;
  }
  return given.length === wanted.length ? params : undefined;
}

function refuseEnterprise(request: IncomingMessage, query: URLSearchParams): void {
  const named = [
    ['ns', 'Namespaces are a Consul Enterprise feature'],
    ['partition', 'Partitions are a Consul Enterprise feature'],
  ] as const;
  for (const [name, text] of named) {
    if (query.get(name)) throw new ConsulFailure(400, `Invalid query parameter: "${name}" - ${text}`);
  }
  for (const header of ['X-Consul-Namespace', 'X-Consul-Partition']) {
    if (request.headers[header.toLowerCase()]) {
      throw new ConsulFailure(400, `Invalid header: "${header}" - a Consul Enterprise feature`);
    }
  }
}

function redirect(location: string): Answer {
  return {
    status: 301,
    headers: { Location: location },
    text: `<a href="${location.replace(/[<>"&]/g, '')}">Moved Permanently</a>.\n\n`,
    contentType: 'text/html; charset=utf-8',
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new ConsulFailure(413, `Request body too large`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function write(
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
  answer: Answer,
): void {
  request.resume();
  const isJson = 'json' in answer;
  const printed = isJson ? JSON.stringify(answer.json, null, query.has('pretty') ? 4 : undefined) : undefined;
  const plain =
    printed !== undefined ? Buffer.from(`${printed}${query.has('pretty') ? '\n' : ''}`) : answer.bytes;
  const body = plain ?? Buffer.from(answer.text ?? '');
  const zip = body.length >= GZIP_FROM_BYTES && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  const sent = zip ? gzipSync(body) : body;
  const type = isJson ? JSON_TYPE : (answer.contentType ?? 'text/plain; charset=utf-8');
  response.writeHead(answer.status ?? 200, {
    ...(body.length > 0 && { 'Content-Type': type }),
    ...(zip && { 'Content-Encoding': 'gzip' }),
    Vary: 'Accept-Encoding',
    'X-Consul-Default-Acl-Policy': 'deny',
    ...answer.headers,
    'Content-Length': sent.length,
  });
  response.end(sent);
}
