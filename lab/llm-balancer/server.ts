import type { Handler } from '../kit/server.ts';
import * as admin from './admin.ts';
import { authorizeAdmin } from './auth.ts';
import { chat } from './chat.ts';
import { FrameworkError } from './errors.ts';
import {
  answerPreflight,
  guardDeclaredSize,
  requestIdOf,
  send,
  sendError,
  sendJson,
  type Exchange,
} from './exchange.ts';
import { METRICS_CONTENT_TYPE, metricsText } from './metrics.ts';
import { models } from './models.ts';
import { adminPage, docsPage, openApi, toAdmin } from './pages.ts';
import type { BalancerProcess } from './process.ts';
import { healthView } from './views.ts';

type Answer = (exchange: Exchange) => void | Promise<void>;
type Methods = Readonly<Record<string, Answer>>;

function guarded(answer: Answer): Answer {
  return (exchange) => {
    authorizeAdmin(exchange.process, exchange.request);
    return answer(exchange);
  };
}

function health(exchange: Exchange): void {
  const view = healthView(exchange.process);
  sendJson(exchange, view, view.status === 'ok' ? 200 : 503);
}

function metrics(exchange: Exchange): void {
  send(exchange, 200, METRICS_CONTENT_TYPE, metricsText(exchange.process));
}

/** `{x}` stands for one segment of the path. Fixed paths come before those with a variable part. */
const routes: readonly (readonly [path: string, methods: Methods])[] = [
  ['/v1/chat/completions', { POST: chat }],
  ['/chat/completions', { POST: chat }],
  ['/v1/models', { GET: models }],
  ['/models', { GET: models }],
  ['/', { GET: toAdmin }],
  ['/health', { GET: health, HEAD: health }],
  ['/metrics', { GET: metrics }],
  ['/admin', { GET: adminPage }],
  ['/docs', { GET: docsPage }],
  ['/redoc', { GET: docsPage }],
  ['/openapi.json', { GET: (exchange) => openApi(exchange, publishedPaths()) }],
  ['/admin/api/state', { GET: guarded(admin.getState) }],
  ['/admin/api/endpoints', { POST: guarded(admin.createEndpoint) }],
  ['/admin/api/routing', { PATCH: guarded(admin.patchRouting) }],
  ['/admin/api/reset-stats', { POST: guarded(admin.resetStats) }],
  ['/admin/api/cache/clear', { POST: guarded(admin.clearCache) }],
  ['/admin/api/db/vacuum', { POST: guarded(admin.vacuum) }],
  ['/admin/api/tokens', { GET: guarded(admin.listTokens), POST: guarded(admin.createToken) }],
  ['/admin/api/incoming-blocks', { GET: guarded(admin.listBlocks), POST: guarded(admin.createBlock) }],
  ['/admin/api/incoming-pos', { PATCH: guarded(admin.patchIncomingPosition) }],
  [
    '/admin/api/endpoints/{id}',
    { PATCH: guarded(admin.patchEndpoint), DELETE: guarded(admin.deleteEndpoint) },
  ],
  ['/admin/api/tokens/{id}', { PATCH: guarded(admin.patchToken), DELETE: guarded(admin.deleteToken) }],
  [
    '/admin/api/incoming-blocks/{id}',
    { PATCH: guarded(admin.patchBlock), DELETE: guarded(admin.deleteBlock) },
  ],
  ['/v1/{pool}/chat/completions', { POST: chat }],
  ['/v1/{pool}/models', { GET: models }],
];

/** Version 4 only, and without a login. */
const configRoute: Methods = {
  GET: (exchange) =>
    sendJson(exchange, { supabase_url: 'https://supabase.lab.internal', supabase_anon_key: 'lab-anon-key' }),
};

const fixed = new Map(routes.filter(([path]) => !path.includes('{')));
const variable = routes
  .filter(([path]) => path.includes('{'))
  .map(([path, methods]) => ({ pattern: new RegExp(`^${path.replace(/\{\w+\}/, '([^/]+)')}$`), methods }));

function publishedPaths(): Record<string, string[]> {
  return Object.fromEntries(routes.map(([path, methods]) => [path, Object.keys(methods)]));
}

/** Answers as the balancer does. `current` gives the process of the moment: a restart brings a new one. */
export function balancerHandler(current: () => BalancerProcess): Handler {
  return async (request, response) => {
    const process = current();
    const [path = ''] = (request.url ?? '').split('?');
    const found = find(process, path);
    const exchange: Exchange = {
      process,
      request,
      response,
      requestId: requestIdOf(request),
      params: found?.params ?? [],
    };
    try {
      guardDeclaredSize(exchange);
      if (answerPreflight(exchange)) return;
      if (!found) throw new FrameworkError(404);
      const answer = found.methods[request.method ?? ''];
      if (!answer) throw new FrameworkError(405, Object.keys(found.methods).join(', '));
      await answer(exchange);
    } catch (thrown) {
      sendError(exchange, thrown);
    }
  };
}

function find(process: BalancerProcess, path: string): { methods: Methods; params: string[] } | undefined {
  const methods = fixed.get(path);
  if (methods) return { methods, params: [] };
  if (path === '/admin/api/config' && process.options.version === '4.0.0') {
    return { methods: configRoute, params: [] };
  }
  for (const { pattern, methods } of variable) {
    const match = pattern.exec(path);
    if (match) return { methods, params: match.slice(1) };
  }
  return undefined;
}
