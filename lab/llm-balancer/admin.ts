import { BalancerError, UnhandledError, ValidationError } from './errors.ts';
import { readBody, sendJson, type Exchange } from './exchange.ts';
import { fieldsOf } from './fields.ts';
import type { BlockRow, EndpointRow, RoutingMode, TokenRow } from './rows.ts';
import { pathId, validate, type Fields } from './validation.ts';
import { blockView, endpointView, stateView, tokenListView, tokenView } from './views.ts';

/** Handlers of `/admin/api`, each called after the limiter and the token let the call through. */

export function getState(exchange: Exchange): void {
  sendJson(exchange, stateView(exchange.process));
}

// Endpoints

export async function createEndpoint(exchange: Exchange): Promise<void> {
  const fields = await checkedBody<Partial<EndpointRow>>(exchange, fieldsOf.endpointCreate);
  const { name = '', base_url = '', ...rest } = fields;
  const url = checkedBaseUrl(exchange, base_url);
  const row = exchange.process.store.createEndpoint({ ...rest, name, base_url: url });
  exchange.process.audit('endpoint_created', exchange.requestId, { name: row.name, id: row.id });
  sendJson(exchange, endpointView(row));
}

export async function patchEndpoint(exchange: Exchange): Promise<void> {
  const { process, requestId } = exchange;
  const id = pathId('endpoint_id', exchange.params[0] ?? '');
  const fields = await checkedBody<Partial<EndpointRow>>(exchange, fieldsOf.endpointPatch, true);
  process.store.endpoint(id);
  if (fields.base_url !== undefined) fields.base_url = checkedBaseUrl(exchange, fields.base_url);
  const row = process.store.patchEndpoint(id, fields);
  process.audit('endpoint_updated', requestId, { id, fields: Object.keys(fields) });
  sendJson(exchange, endpointView(row));
}

export function deleteEndpoint(exchange: Exchange): void {
  const id = pathId('endpoint_id', exchange.params[0] ?? '');
  exchange.process.store.deleteEndpoint(id);
  exchange.process.audit('endpoint_deleted', exchange.requestId, { id });
  sendJson(exchange, { ok: true });
}

/** Version 3 has no answer for a URL that is neither http nor https and breaks; version 4 refuses it. */
function checkedBaseUrl({ process }: Exchange, url: string): string {
  if (!/^https?:\/\//.test(url)) {
    const problem = 'base_url must start with http:// or https://';
    throw process.options.version === '3.0.0' ? new UnhandledError(problem) : new BalancerError(422, problem);
  }
  return url.replace(/\/+$/, '');
}

// Routing and statistics

export async function patchRouting(exchange: Exchange): Promise<void> {
  const { process, requestId } = exchange;
  const { store, options } = process;
  const fields = await checkedBody<{ routing_mode?: RoutingMode; priority_input_token_id?: number }>(
    exchange,
    fieldsOf.routing,
    true,
  );
  const { routing_mode: mode, priority_input_token_id: tokenId } = fields;
  // The mode is stored first: an unknown token leaves it changed behind a 404.
  if (mode !== undefined) store.set({ routing_mode: mode });
  if (tokenId !== undefined) {
    if (tokenId !== 0 && !store.tokens.some((row) => row.id === tokenId)) {
      throw new BalancerError(404, 'priority input token not found');
    }
    store.set({ priority_input_token_id: tokenId === 0 ? null : tokenId });
  }
  const details = { mode: mode ?? null, priority_input: tokenId ?? null };
  process.audit('routing_updated', requestId, options.version === '3.0.0' ? details : {});
  const { routing_mode, priority_input_token_id } = store.settings;
  sendJson(exchange, { routing_mode, priority_input_token_id });
}

export function resetStats(exchange: Exchange): void {
  exchange.process.resetStats();
  exchange.process.audit('stats_reset', exchange.requestId);
  sendJson(exchange, { ok: true });
}

export function clearCache(exchange: Exchange): void {
  exchange.process.cache.clear();
  exchange.process.audit('cache_cleared', exchange.requestId);
  sendJson(exchange, { ok: true, message: 'cache cleared' });
}

export function vacuum(exchange: Exchange): void {
  exchange.process.audit('db_vacuum', exchange.requestId);
  sendJson(exchange, { ok: true, message: 'database vacuumed' });
}

// Client tokens

export function listTokens(exchange: Exchange): void {
  sendJson(exchange, exchange.process.store.tokens.map(tokenListView));
}

export async function createToken(exchange: Exchange): Promise<void> {
  const { name = '', ...rest } = await checkedBody<Partial<TokenRow>>(exchange, fieldsOf.tokenCreate);
  const row = exchange.process.store.createToken({ ...rest, name });
  exchange.process.audit('token_created', exchange.requestId, { name: row.name, id: row.id });
  sendJson(exchange, tokenView(row));
}

export async function patchToken(exchange: Exchange): Promise<void> {
  const id = pathId('token_id', exchange.params[0] ?? '');
  const fields = await checkedBody<Partial<TokenRow>>(exchange, fieldsOf.tokenPatch, true);
  sendJson(exchange, tokenView(exchange.process.store.patchToken(id, fields)));
}

export function deleteToken(exchange: Exchange): void {
  const id = pathId('token_id', exchange.params[0] ?? '');
  exchange.process.store.deleteToken(id);
  exchange.process.audit('token_deleted', exchange.requestId, { id });
  sendJson(exchange, { ok: true });
}

// Incoming blocks: a grouping for the eye, without effect on routing

export function listBlocks(exchange: Exchange): void {
  sendJson(exchange, exchange.process.store.blocks.map(blockView));
}

export async function createBlock(exchange: Exchange): Promise<void> {
  const { name = '', ...rest } = await checkedBody<Partial<BlockRow>>(exchange, fieldsOf.block);
  sendJson(exchange, blockView(exchange.process.store.createBlock({ ...rest, name })));
}

export async function patchBlock(exchange: Exchange): Promise<void> {
  const id = pathId('block_id', exchange.params[0] ?? '');
  const fields = await checkedBody<Partial<BlockRow>>(exchange, fieldsOf.block, true);
  sendJson(exchange, blockView(exchange.process.store.patchBlock(id, fields)));
}

export function deleteBlock(exchange: Exchange): void {
  exchange.process.store.deleteBlock(pathId('block_id', exchange.params[0] ?? ''));
  sendJson(exchange, { ok: true });
}

/** Moves the first block, from the time when there was only one. */
export async function patchIncomingPosition(exchange: Exchange): Promise<void> {
  const { store } = exchange.process;
  const { x, y } = await checkedBody<{ x?: number; y?: number }>(exchange, fieldsOf.incomingPosition, true);
  const block = store.firstBlock();
  store.set({
    ...(x === undefined ? {} : { incoming_pos_x: x }),
    ...(y === undefined ? {} : { incoming_pos_y: y }),
  });
  if (x !== undefined || y !== undefined) {
    store.patchBlock(block.id, {
      ...(x === undefined ? {} : { pos_x: x }),
      ...(y === undefined ? {} : { pos_y: y }),
    });
  }
  sendJson(exchange, { ok: true, incoming_block_id: block.id });
}

/** The body as `fields` describe it. Throws ValidationError. */
async function checkedBody<T extends object>(exchange: Exchange, fields: Fields, patch = false): Promise<T> {
  const text = (await readBody(exchange)).toString('utf8');
  if (text === '') {
    throw new ValidationError([{ type: 'missing', loc: ['body'], msg: 'Field required', input: null }]);
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    const error = { type: 'json_invalid', loc: ['body', 0], msg: 'JSON decode error', input: {} };
    throw new ValidationError([{ ...error, ctx: { error: 'Expecting value' } }]);
  }
  return validate(body, fields, patch) as T;
}
