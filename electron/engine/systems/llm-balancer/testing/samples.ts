import type { BalancerClient, BalancerEndpoint, BalancerState } from '../wire.ts';

/** An endpoint in good health, as `wire.ts` gives it; a test changes what it is about. */
export function endpointOf(changes: Partial<BalancerEndpoint> = {}): BalancerEndpoint {
  return {
    id: 1,
    name: 'llm-a',
    baseUrl: 'http://10.1.0.61:8000/v1',
    hasApiKey: true,
    enabled: true,
    connected: true,
    quotaPercent: 40,
    priorityOrder: 1,
    maxConcurrent: 8,
    timeoutSeconds: 30,
    cooldownRemainingSeconds: 0,
    consecutiveFailures: 0,
    requestsTotal: 10,
    successTotal: 10,
    failuresTotal: 0,
    latencyMs: 220,
    promptTokensTotal: 300,
    completionTokensTotal: 500,
    tokensTotal: 800,
    inFlight: 0,
    ...changes,
  };
}

export function clientOf(changes: Partial<BalancerClient> = {}): BalancerClient {
  return {
    id: 1,
    name: 'chat-ui',
    preview: 'ct-A...x9Qe',
    preferredEndpointId: null,
    preferredEndpointName: null,
    requestPriority: 0,
    maxLiveSharePercent: 0,
    requestsTotal: 10,
    promptTokensTotal: 300,
    completionTokensTotal: 500,
    requestsPerSecond: 0.5,
    ...changes,
  };
}

export function stateOf(changes: Partial<BalancerState> = {}): BalancerState {
  return {
    version: '3.0.0',
    routingMode: 'percentage',
    endpoints: [endpointOf()],
    clients: [clientOf()],
    stats: {
      tokensPerSecond: 41.5,
      requestsPerSecond: 1.2,
      inFlight: 2,
      requestsTotal: 1_520,
      errorsTotal: 9,
      uptimeSeconds: 8_123.4,
    },
    ...changes,
  };
}

/** The state as the balancer sends it, with a token and a key that must never get through. */
export function rawState() {
  return {
    routing_mode: 'percentage',
    priority_input_token_id: 99,
    endpoints: [
      {
        id: 4,
        name: 'edge-a',
        base_url: 'https://user:pass-word@llm-a.example/v1?key=query-secret',
        timeout_seconds: 120,
        verify_tls: true,
        enabled: true,
        connected: true,
        role: 'anything',
        token_quota_percent: 60,
        priority_order: 2,
        max_concurrent: 8,
        cooldown_until: 1_800_000_000,
        consecutive_failures: 1,
        total_requests: 0,
        total_success: 0,
        total_failures: 0,
        avg_latency_ms: 0,
        prompt_tokens_total: 7,
        completion_tokens_total: 5,
        pos_x: 500,
        pos_y: 200,
        created_at: '2026-03-01T09:15:00.120000+00:00',
        updated_at: '2026-03-01T09:15:00.120000+00:00',
        api_key_preview: 'sk-d...0011',
        api_key: 'sk-clear-secret',
        has_api_key: true,
        inflight: 2,
        cooldown_remaining_s: 12.5,
      },
    ],
    incoming_blocks: [{ id: 1, name: 'Incoming 1', pos_x: 256, pos_y: 300 }],
    incoming_pos: { x: 256, y: 300 },
    stats: {
      tokens_per_second: 0,
      requests_per_second: 0,
      total_inflight: 2,
      inflight_per_endpoint: { 4: 2, 9: 0 },
      total_requests_served: 1_520,
      total_errors: 9,
      uptime_seconds: 8_123.4,
    },
    client_tokens: [
      {
        id: 7,
        name: 'chat-ui',
        token: 'ct-clear-secret-token',
        token_preview: 'ct-A...x9Qe',
        created_at: '2026-03-01T09:20:11.000004+00:00',
        pos_x: 80,
        pos_y: 100,
        incoming_block_id: 1,
        total_requests: 312,
        prompt_tokens_total: 80_123,
        completion_tokens_total: 22_110,
        preferred_endpoint_id: 4,
        preferred_endpoint_name: 'edge-a',
        request_priority: 5,
        min_traffic_percent: 25,
        requests_per_second: 0.4,
      },
    ],
    version: '3.0.0',
    something_new: { deep: true },
  };
}
