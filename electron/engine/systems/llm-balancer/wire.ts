import { z } from 'zod';

/**
 * What the LLM balancer (3.x and 4.x) says, checked and put into Gantry's words. Unknown keys are dropped here: should a
 * server ever put a clear-text token or key into its state, it does not get past this file.
 */

const count = z.number().nonnegative();
const ownId = z.int().nonnegative();

/** One upstream of the balancer. Counters are of the time since the last reset by anyone. */
export interface BalancerEndpoint {
  readonly id: number;
  readonly name: string;
  readonly baseUrl: string;
  readonly hasApiKey: boolean;
  readonly enabled: boolean;
  /** Wired to the balancer's input; false for new endpoints. */
  readonly connected: boolean;
  readonly quotaPercent: number;
  readonly priorityOrder: number;
  /** 0: unlimited. */
  readonly maxConcurrent: number;
  /** Per phase of a call, not for the whole. */
  readonly timeoutSeconds: number;
  readonly cooldownRemainingSeconds: number;
  readonly consecutiveFailures: number;
  readonly requestsTotal: number;
  readonly successTotal: number;
  readonly failuresTotal: number;
  /** null: no call since the last reset. */
  readonly latencyMs: number | null;
  readonly promptTokensTotal: number;
  readonly completionTokensTotal: number;
  /** Prompt and completion together. */
  readonly tokensTotal: number;
  readonly inFlight: number;
}

/** One client token, of which only a preview is known. */
export interface BalancerClient {
  readonly id: number;
  readonly name: string;
  readonly preview: string;
  readonly preferredEndpointId: number | null;
  readonly preferredEndpointName: string | null;
  readonly requestPriority: number;
  /** The field is called `min_traffic_percent`, but caps the share of live requests; 0: no cap. */
  readonly maxLiveSharePercent: number;
  readonly requestsTotal: number;
  readonly promptTokensTotal: number;
  readonly completionTokensTotal: number;
  readonly requestsPerSecond: number;
}

export interface BalancerStats {
  /** Mean of the last 60 s, rounded to 0.1. */
  readonly tokensPerSecond: number;
  readonly requestsPerSecond: number;
  readonly inFlight: number;
  readonly requestsTotal: number;
  readonly errorsTotal: number;
  readonly uptimeSeconds: number;
}

export interface BalancerState {
  readonly version: string;
  readonly routingMode: string;
  readonly endpoints: readonly BalancerEndpoint[];
  readonly clients: readonly BalancerClient[];
  readonly stats: BalancerStats;
}

/** `/health`: its own status only says whether any endpoint is wired, so it is not kept. */
export interface BalancerHealth {
  readonly version: string;
  readonly routingMode: string;
  readonly endpoints: number;
  readonly connected: number;
  readonly stats: BalancerStats;
}

const endpointSchema = z
  .object({
    id: ownId,
    name: z.string(),
    base_url: z.string(),
    has_api_key: z.boolean(),
    enabled: z.boolean(),
    connected: z.boolean(),
    token_quota_percent: z.number(),
    priority_order: z.number(),
    max_concurrent: count,
    timeout_seconds: count,
    /** By the balancer's clock already; `cooldown_until` would need ours to agree with it. */
    cooldown_remaining_s: z.number(),
    consecutive_failures: count,
    total_requests: count,
    total_success: count,
    total_failures: count,
    avg_latency_ms: count,
    prompt_tokens_total: count,
    completion_tokens_total: count,
    inflight: z.number(),
  })
  .transform((row): BalancerEndpoint => ({
    id: row.id,
    name: row.name,
    baseUrl: withoutCredentials(row.base_url),
    hasApiKey: row.has_api_key,
    enabled: row.enabled,
    connected: row.connected,
    quotaPercent: row.token_quota_percent,
    priorityOrder: row.priority_order,
    maxConcurrent: row.max_concurrent,
    timeoutSeconds: row.timeout_seconds,
    cooldownRemainingSeconds: Math.max(0, row.cooldown_remaining_s),
    consecutiveFailures: row.consecutive_failures,
    requestsTotal: row.total_requests,
    successTotal: row.total_success,
    failuresTotal: row.total_failures,
    // 0 stands for "never measured": no answer takes no time.
    latencyMs: row.total_requests === 0 ? null : row.avg_latency_ms,
    promptTokensTotal: row.prompt_tokens_total,
    completionTokensTotal: row.completion_tokens_total,
    tokensTotal: row.prompt_tokens_total + row.completion_tokens_total,
    inFlight: Math.max(0, row.inflight),
  }));

const clientSchema = z
  .object({
    id: ownId,
    name: z.string(),
    token_preview: z.string(),
    preferred_endpoint_id: ownId.nullable(),
    preferred_endpoint_name: z.string().nullable(),
    request_priority: z.number(),
    min_traffic_percent: z.number(),
    total_requests: count,
    prompt_tokens_total: count,
    completion_tokens_total: count,
    requests_per_second: count,
  })
  .transform((row): BalancerClient => ({
    id: row.id,
    name: row.name,
    preview: maskedPreview(row.token_preview),
    preferredEndpointId: row.preferred_endpoint_id,
    preferredEndpointName: row.preferred_endpoint_name,
    requestPriority: row.request_priority,
    maxLiveSharePercent: row.min_traffic_percent,
    requestsTotal: row.total_requests,
    promptTokensTotal: row.prompt_tokens_total,
    completionTokensTotal: row.completion_tokens_total,
    requestsPerSecond: row.requests_per_second,
  }));

/** Idle rates are the integer 0 in 3.x and 0.0 in 4.x, which JSON does not tell apart. */
const statsShape = {
  tokens_per_second: count,
  requests_per_second: count,
  total_inflight: z.number(),
  total_requests_served: count,
  total_errors: count,
  uptime_seconds: count,
};

const statsSchema = z.object(statsShape);

function statsOf(row: z.infer<typeof statsSchema>): BalancerStats {
  return {
    tokensPerSecond: row.tokens_per_second,
    requestsPerSecond: row.requests_per_second,
    inFlight: Math.max(0, row.total_inflight),
    requestsTotal: row.total_requests_served,
    errorsTotal: row.total_errors,
    uptimeSeconds: row.uptime_seconds,
  };
}

/** `GET /admin/api/state` */
export const StateSchema = z
  .object({
    version: z.string(),
    routing_mode: z.string(),
    endpoints: z.array(endpointSchema),
    client_tokens: z.array(clientSchema),
    stats: statsSchema,
  })
  .transform((state): BalancerState => ({
    version: state.version,
    routingMode: state.routing_mode,
    endpoints: state.endpoints,
    clients: state.client_tokens,
    stats: statsOf(state.stats),
  }));

/** `GET /health`, with status 200 or 503 */
export const HealthSchema = z
  .object({
    version: z.string(),
    routing_mode: z.string(),
    endpoints: count,
    connected: count,
    ...statsShape,
  })
  .transform((health): BalancerHealth => ({
    version: health.version,
    routingMode: health.routing_mode,
    endpoints: health.endpoints,
    connected: health.connected,
    stats: statsOf(health),
  }));

/** A base URL is free text to the balancer, and may hold a user, a password or a key in its query. */
function withoutCredentials(text: string): string {
  if (!URL.canParse(text)) return text.replace(/\/\/[^/]*@/, '//').replace(/[?#].*$/s, '');
  const url = new URL(text);
  url.username = url.password = url.search = url.hash = '';
  return url.href;
}

/** Masked by the balancer as `ct-A...x9Qe` or `ab***`. Anything longer is not a preview, and is masked here. */
function maskedPreview(text: string): string {
  return /^(.{4}\.{3}.{4}|.{0,2}\*{3}|)$/su.test(text) ? text : `${text.slice(0, 2)}***`;
}

/** Major versions that Gantry knows the surface of. */
const knownMajors: ReadonlySet<string> = new Set(['3', '4']);

export function isKnownVersion(version: string): boolean {
  return knownMajors.has(version.split('.', 1)[0] ?? '');
}
