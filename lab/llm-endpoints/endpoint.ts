import type { IncomingMessage, ServerResponse } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { Handler } from '../kit/server.ts';
import type { LlmBehaviour } from './behaviour.ts';
import { answerWords, ChatError, completionBody, readChatRequest, sse, streamEvents } from './chat.ts';
import type { ChatRequest, Completion } from './chat.ts';

export interface EndpointOptions {
  readonly model: string;
  readonly behaviour: LlmBehaviour;
  readonly now: () => number;
  readonly random: () => number;
}

const MAX_BODY_BYTES = 4 * 2 ** 20;
const WINDOW_MS = 60_000;
/** Share of an answer's time that passes before its first token. */
const FIRST_TOKEN_SHARE = 0.25;
/** Epoch seconds; what `/v1/models` says of the model's age. */
const MODEL_CREATED = 1_735_689_600;

/** An OpenAI-compatible server of one model: `GET /v1/models`, `GET /v1/models/{id}` and `POST /v1/chat/completions`. */
export function llmEndpointHandler(options: EndpointOptions): Handler {
  const recent: number[] = [];
  return async (request, response) => {
    const requestId = `req_${randomUUID().replaceAll('-', '')}`;
    response.setHeader('x-request-id', requestId);
    try {
      authorize(request, options.behaviour.apiKey);
      await route(options, recent, request, response);
    } catch (thrown) {
      if (!(thrown instanceof ChatError)) throw thrown;
      if (!response.headersSent && !response.destroyed) sendJson(response, thrown.status, thrown.body);
    }
  };
}

async function route(
  options: EndpointOptions,
  recent: number[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = ''] = (request.url ?? '').split('?');
  const model = { id: options.model, object: 'model', created: MODEL_CREATED, owned_by: 'lab' };
  if (request.method === 'GET' && path === '/v1/models') {
    sendJson(response, 200, { object: 'list', data: [model] });
  } else if (request.method === 'GET' && path === `/v1/models/${encodeURIComponent(options.model)}`) {
    sendJson(response, 200, model);
  } else if (request.method === 'POST' && path === '/v1/chat/completions') {
    takeFromBudget(options, recent, response);
    await chat(
      options,
      readChatRequest(await readBody(request), options.model, options.behaviour.strictModel),
      response,
    );
  } else {
    throw new ChatError(404, `Unknown request URL: ${request.method} ${path}`, { code: 'unknown_url' });
  }
}

function authorize(request: IncomingMessage, apiKey: string): void {
  const [scheme, key] = (request.headers.authorization ?? '').split(' ');
  if (scheme?.toLowerCase() === 'bearer' && key === apiKey) return;
  throw new ChatError(401, 'Incorrect API key provided.', { code: 'invalid_api_key' });
}

/** Counts the request against the minute and says so in headers; throws ChatError 429 when there is none left. */
function takeFromBudget(
  { behaviour, now }: EndpointOptions,
  recent: number[],
  response: ServerResponse,
): void {
  const limit = behaviour.requestsPerMinute;
  if (limit <= 0) return;
  while (recent[0] !== undefined && recent[0] <= now() - WINDOW_MS) recent.shift();
  const resetSeconds = Math.ceil(((recent[0] ?? now()) + WINDOW_MS - now()) / 1_000);
  response.setHeader('x-ratelimit-limit-requests', limit);
  response.setHeader('x-ratelimit-remaining-requests', Math.max(0, limit - recent.length - 1));
  response.setHeader('x-ratelimit-reset-requests', `${resetSeconds}s`);
  if (recent.length >= limit) {
    response.setHeader('retry-after', resetSeconds);
    throw new ChatError(429, 'Rate limit reached for requests', {
      type: 'requests',
      code: 'rate_limit_exceeded',
    });
  }
  recent.push(now());
}

async function chat(options: EndpointOptions, request: ChatRequest, response: ServerResponse): Promise<void> {
  const { behaviour, random } = options;
  const wanted = request.maxTokens ?? Infinity;
  const natural = Math.max(1, Math.round(behaviour.answerTokens * (0.6 + 0.8 * random())));
  const length = Math.min(natural, wanted);
  if (request.promptTokens + (request.maxTokens ?? 1) > behaviour.contextTokens) {
    throw new ChatError(
      400,
      `This model's maximum context length is ${behaviour.contextTokens} tokens; the request needs ${request.promptTokens + (request.maxTokens ?? 1)}.`,
      { param: 'messages', code: 'context_length_exceeded' },
    );
  }
  const duration = behaviour.latencyMs * (0.7 + 0.9 * random() ** 2.2);
  const fails = random() < behaviour.failureFraction;
  const completion: Completion = {
    id: `chatcmpl-${randomUUID()}`,
    created: Math.floor(options.now() / 1_000),
    model: request.model,
    words: answerWords(length, Math.floor(random() * 1_000)),
    promptTokens: request.promptTokens,
    finishReason: natural > wanted ? 'length' : 'stop',
  };
  const wait = waiter(response);
  if (fails) {
    await wait(duration * FIRST_TOKEN_SHARE);
    throw new ChatError(behaviour.failureStatus, 'The server had an error while processing your request.', {
      type: 'server_error',
    });
  }
  if (request.stream) await sendStream(behaviour, request, completion, duration, wait, response);
  else if (await wait(duration)) sendJson(response, 200, completionBody(completion));
}

/** Waits; false when the caller went away (or the lab stopped, which cuts all connections). */
function waiter(response: ServerResponse): (ms: number) => Promise<boolean> {
  return (ms) =>
    new Promise((resolve) => {
      if (ms <= 0 || response.destroyed) {
        resolve(!response.destroyed);
        return;
      }
      const done = () => {
        clearTimeout(timer);
        response.off('close', done);
        resolve(!response.destroyed);
      };
      const timer = setTimeout(done, ms);
      response.on('close', done);
    });
}

async function sendStream(
  behaviour: LlmBehaviour,
  request: ChatRequest,
  completion: Completion,
  durationMs: number,
  wait: (ms: number) => Promise<boolean>,
  response: ServerResponse,
): Promise<void> {
  if (!(await wait(durationMs * FIRST_TOKEN_SHARE))) return;
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
  });
  const events = streamEvents(completion, request.includeUsage);
  const pauseMs = (durationMs * (1 - FIRST_TOKEN_SHARE)) / completion.words.length;
  const last = events.length - 1;
  for (const [n, event] of events.entries()) {
    const isWord = n > 0 && n <= completion.words.length;
    if (isWord && !(await wait(pauseMs))) return;
    if (n === last && behaviour.usageWithDone) {
      response.write(sse(event) + sse('[DONE]'));
    } else if (!response.write(sse(event))) {
      await drained(response);
    }
  }
  if (!behaviour.usageWithDone) response.write(sse('[DONE]'));
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new ChatError(413, 'The request body is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
