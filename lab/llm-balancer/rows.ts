/** What the balancer keeps in its database, in its own words and units. */

export interface EndpointRow {
  readonly id: number;
  name: string;
  base_url: string;
  api_key: string;
  timeout_seconds: number;
  verify_tls: boolean;
  enabled: boolean;
  connected: boolean;
  role: string;
  token_quota_percent: number;
  priority_order: number;
  max_concurrent: number;
  /** Epoch seconds; 0: none. */
  cooldown_until: number;
  consecutive_failures: number;
  total_requests: number;
  total_success: number;
  total_failures: number;
  avg_latency_ms: number;
  prompt_tokens_total: number;
  completion_tokens_total: number;
  pos_x: number;
  pos_y: number;
  readonly created_at: string;
  updated_at: string;
}

export interface TokenRow {
  readonly id: number;
  name: string;
  readonly token: string;
  readonly created_at: string;
  pos_x: number;
  pos_y: number;
  incoming_block_id: number;
  total_requests: number;
  prompt_tokens_total: number;
  completion_tokens_total: number;
  preferred_endpoint_id: number | null;
  request_priority: number;
  min_traffic_percent: number;
}

export interface BlockRow {
  readonly id: number;
  name: string;
  pos_x: number;
  pos_y: number;
  readonly created_at: string;
  updated_at: string;
}

export type RoutingMode = 'percentage' | 'priority';

export interface Settings {
  routing_mode: RoutingMode;
  priority_input_token_id: number | null;
  incoming_pos_x: number;
  incoming_pos_y: number;
}

/** The whole database, as written to a file. */
export interface Database {
  readonly endpoints: EndpointRow[];
  readonly client_tokens: TokenRow[];
  readonly incoming_blocks: BlockRow[];
  readonly settings: Settings;
  /** Ids are never used twice. */
  readonly next_ids: { endpoint: number; token: number; block: number };
}

/** A secret as lists show it: nothing, the first 2 characters, or the first and last 4. */
export function preview(secret: string): string {
  if (secret === '') return '';
  return secret.length <= 8 ? `${secret.slice(0, 2)}***` : `${secret.slice(0, 4)}...${secret.slice(-4)}`;
}
