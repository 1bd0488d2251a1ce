import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authenticator } from './auth.ts';
import { checkBody } from './body.ts';
import type { Profile } from './profile.ts';
import { CoreError, coreFailure, frameworkFailure, FrameworkError, type Reply } from './reply.ts';
import type { Route } from './route.ts';

const BASE = '/netlox/v1';
const MAX_BODY_BYTES = 2 ** 20;

export interface Dispatcher {
  readonly profile: Profile;
  readonly routes: readonly Route[];
  readonly authenticator: Authenticator;
}

/** Answers one request as the framework in front of LoxiLB's core does: path, verb, credentials, body, core. */
export async function dispatch(
  dispatcher: Dispatcher,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('access-control-allow-methods', 'GET, POST, PUT, DELETE, OPTIONS');
  response.setHeader('access-control-allow-headers', 'Content-Type, Authorization');
  // Before any check of credentials.
  if (request.method === 'OPTIONS') {
    send(response, { status: 200 });
    return;
  }
  send(response, await replyTo(dispatcher, request));
}

async function replyTo(dispatcher: Dispatcher, request: IncomingMessage): Promise<Reply> {
  try {
    return await run(dispatcher, request);
  } catch (thrown) {
    if (thrown instanceof FrameworkError) return frameworkFailure(thrown);
    if (thrown instanceof CoreError) return coreFailure(dispatcher.profile, thrown.message);
    throw thrown;
  }
}

async function run({ routes, authenticator }: Dispatcher, request: IncomingMessage): Promise<Reply> {
  const url = new URL(request.url ?? '/', 'http://lab');
  const method = request.method ?? 'GET';
  const { route, parameters } = find(routes, method, url.pathname);
  const token = request.headers.authorization;
  if (!route.open) await authenticator.admit(token, method, route.path);
  checkMediaTypes(request);
  const body = route.fields ? checkBody(route.fields, await readBody(request)) : {};
  if (!route.fields) request.resume();
  return route.run({ parameters, query: url.searchParams, body, token });
}

function find(routes: readonly Route[], method: string, pathname: string) {
  const notFound = new FrameworkError(404, `path ${pathname} was not found`);
  if (!pathname.startsWith(`${BASE}/`)) throw notFound;
  const segments = pathname.slice(BASE.length + 1).split('/');
  const hits = routes.filter(({ path }) => fits(path, segments));
  if (hits.length === 0) throw notFound;
  const best = hits.find((route) => route.method === method);
  if (!best) {
    const allowed = [...new Set(hits.map((route) => route.method))].join(',');
    throw new FrameworkError(405, `method ${method} is not allowed, but [${allowed}] are`);
  }
  const pattern = best.path.slice(1).split('/');
  return { route: best, parameters: segments.filter((_, index) => pattern[index] === '*').map(decode) };
}

function fits(path: string, segments: readonly string[]): boolean {
  const pattern = path.slice(1).split('/');
  return (
    pattern.length === segments.length &&
    pattern.every((part, index) => (part === '*' ? segments[index] !== '' : part === segments[index]))
  );
}

/** Percent-decoded per segment, so `%2F` may stand in a name. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new FrameworkError(400, `invalid URL escape in "${segment}"`);
  }
}

function checkMediaTypes({ headers }: IncomingMessage): void {
  const contentType = headers['content-type'];
  if (contentType !== undefined && !contentType.startsWith('application/json')) {
    throw new FrameworkError(
      415,
      `unsupported media type "${contentType}", only [application/json] are allowed`,
    );
  }
  const accept = headers.accept ?? '*/*';
  if (!/\*\/\*|application\/(json|\*)|text\/plain|octet-stream/.test(accept)) {
    throw new FrameworkError(406, 'unsupported media type requested, only [application/json] are available');
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES)
      throw new FrameworkError(400, 'parsing body failed: http: request body too large');
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new FrameworkError(400, 'parsing body failed: invalid character');
  }
}

function send(response: ServerResponse, reply: Reply): void {
  const isJson = reply.json !== undefined;
  const text = isJson ? `${JSON.stringify(reply.json)}\n` : (reply.text ?? '');
  if (text !== '') {
    response.setHeader('content-type', isJson ? 'application/json' : (reply.contentType ?? 'text/plain'));
  }
  response.writeHead(reply.status);
  response.end(text);
}
