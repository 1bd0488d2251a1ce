import type { BalancerProcess, ProcessStats } from './process.ts';
import { float, type PythonFloat } from './python-json.ts';
import { preview, type BlockRow, type EndpointRow, type TokenRow } from './rows.ts';

/** What the admin API and `/health` say of the balancer's objects: the JSON of the original, key for key. */

export function endpointView(row: EndpointRow) {
  const { api_key, created_at, updated_at, ...rest } = row;
  return {
    ...rest,
    timeout_seconds: float(row.timeout_seconds),
    token_quota_percent: float(row.token_quota_percent),
    cooldown_until: float(row.cooldown_until),
    avg_latency_ms: float(row.avg_latency_ms),
    pos_x: float(row.pos_x),
    pos_y: float(row.pos_y),
    created_at,
    updated_at,
    api_key_preview: preview(api_key),
    has_api_key: api_key !== '',
  };
}

function tokenBase(row: TokenRow) {
  const { token: _secret, ...rest } = row;
  return {
    ...rest,
    pos_x: float(row.pos_x),
    pos_y: float(row.pos_y),
    min_traffic_percent: float(row.min_traffic_percent),
  };
}

/** Answer to POST and PATCH: the token in clear text. */
export function tokenView(row: TokenRow) {
  return { ...tokenBase(row), token: row.token };
}

/** One line of the token list: clear text and preview. */
export function tokenListView(row: TokenRow) {
  return { ...tokenView(row), token_preview: preview(row.token) };
}

export function blockView(row: BlockRow) {
  return { ...row, pos_x: float(row.pos_x), pos_y: float(row.pos_y) };
}

export function stateView(process: BalancerProcess) {
  const { store, options } = process;
  const { settings } = store;
  return {
    routing_mode: settings.routing_mode,
    priority_input_token_id: settings.priority_input_token_id,
    endpoints: store.endpoints.map((row) => ({
      ...endpointView(row),
      inflight: process.inflightOf(row.id),
      cooldown_remaining_s: float(cooldownRemaining(row, process.now())),
    })),
    incoming_blocks: store.blocks.map((row) => ({
      id: row.id,
      name: row.name,
      pos_x: float(row.pos_x),
      pos_y: float(row.pos_y),
    })),
    incoming_pos: { x: float(settings.incoming_pos_x), y: float(settings.incoming_pos_y) },
    stats: statsView(process),
    client_tokens: store.tokens.map((row) => ({
      ...tokenBase(row),
      token_preview: preview(row.token),
      preferred_endpoint_name:
        store.endpoints.find((endpoint) => endpoint.id === row.preferred_endpoint_id)?.name ?? null,
      requests_per_second: rate(process, process.requestsPerSecondOf(row.id)),
    })),
    version: options.version,
  };
}

/** Seconds, one decimal. */
function cooldownRemaining(row: EndpointRow, nowMs: number): number {
  return Math.round(Math.max(0, row.cooldown_until - nowMs / 1_000) * 10) / 10;
}

function statsView(process: BalancerProcess) {
  const stats = process.stats();
  return {
    tokens_per_second: globalRate(process, stats, stats.tokensPerSecond),
    requests_per_second: globalRate(process, stats, stats.requestsPerSecond),
    total_inflight: process.totalInflight,
    inflight_per_endpoint: Object.fromEntries(process.inflight),
    total_requests_served: stats.totalRequestsServed,
    total_errors: stats.totalErrors,
    uptime_seconds: float(stats.uptimeSeconds),
  };
}

/** Version 3 writes the rates of an idle balancer as the integer 0, version 4 as 0.0. */
function globalRate(process: BalancerProcess, stats: ProcessStats, value: number): number | PythonFloat {
  return stats.isIdle && process.options.version === '3.0.0' ? 0 : float(value);
}

function rate(process: BalancerProcess, value: number): number | PythonFloat {
  return value === 0 && process.options.version === '3.0.0' ? 0 : float(value);
}

/** `ok` only means that some endpoint is wired, even if it is disabled or in cooldown. */
export function healthView(process: BalancerProcess) {
  const { store, options, cache } = process;
  const connected = store.endpoints.filter((row) => row.connected).length;
  return {
    status: connected > 0 ? 'ok' : 'degraded',
    version: options.version,
    endpoints: store.endpoints.length,
    connected,
    routing_mode: store.settings.routing_mode,
    priority_input_token_id: store.settings.priority_input_token_id,
    cache_size: cache.size,
    ...statsView(process),
  };
}
