import { randomBytes } from 'node:crypto';
import { BalancerError } from './errors.ts';
import { isoTime } from './python-json.ts';
import type { BlockRow, Database, EndpointRow, Settings, TokenRow } from './rows.ts';

/** Outcome of one call to an endpoint. */
export interface CallResult {
  readonly ok: boolean;
  readonly latencyMs: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export interface CooldownRule {
  readonly failThreshold: number;
  readonly cooldownSeconds: number;
}

type Editable<Row> = Partial<Omit<Row, 'id' | 'created_at' | 'updated_at'>>;
/** A position may come before the object that it places. */
type NewEndpoint = Editable<EndpointRow> & { name: string; base_url: string };
type NewToken = Editable<TokenRow> & { name: string };
type NewBlock = Editable<BlockRow> & { name: string };

const LATENCY_WEIGHT = 0.1;

/**
 * The balancer's database: what survives its restart. Held in memory; `onWrite` is told after every change, so that an
 * owner may save `database`. Ids are never reused. Refusals are `BalancerError`s with the original's texts.
 */
export class BalancerStore {
  readonly database: Database;
  readonly #now: () => number;
  #onWrite: () => void = () => {};

  constructor(now: () => number, database: Database = emptyDatabase()) {
    this.#now = now;
    this.database = database;
    if (database.incoming_blocks.length === 0) this.createBlock({ name: 'Incoming 1' });
  }

  /** One listener; a later one replaces it. */
  onWrite(listener: () => void): void {
    this.#onWrite = listener;
  }

  get settings(): Settings {
    return this.database.settings;
  }

  get endpoints(): readonly EndpointRow[] {
    return this.database.endpoints;
  }

  get tokens(): readonly TokenRow[] {
    return this.database.client_tokens;
  }

  get blocks(): readonly BlockRow[] {
    return this.database.incoming_blocks;
  }

  findToken(token: string): TokenRow | undefined {
    return this.tokens.find((row) => row.token === token);
  }

  // Endpoints

  endpoint(id: number): EndpointRow {
    return this.endpoints.find((row) => row.id === id) ?? refuse(404, 'endpoint not found');
  }

  createEndpoint(fields: NewEndpoint): EndpointRow {
    this.#requireFreeName(fields.name);
    const at = isoTime(this.#now());
    const row: EndpointRow = {
      ...endpointDefaults,
      ...fields,
      id: this.database.next_ids.endpoint++,
      created_at: at,
      updated_at: at,
    };
    this.database.endpoints.push(row);
    this.#onWrite();
    return row;
  }

  patchEndpoint(id: number, fields: Editable<EndpointRow>): EndpointRow {
    const row = this.endpoint(id);
    if (fields.name !== undefined && fields.name !== row.name) this.#requireFreeName(fields.name);
    if (Object.keys(fields).length > 0) Object.assign(row, fields, { updated_at: isoTime(this.#now()) });
    this.#onWrite();
    return row;
  }

  /** Tokens mapped to it go back to general routing. */
  deleteEndpoint(id: number): void {
    remove(this.database.endpoints, this.endpoint(id));
    for (const token of this.tokens) {
      if (token.preferred_endpoint_id === id) token.preferred_endpoint_id = null;
    }
    this.#onWrite();
  }

  #requireFreeName(name: string): void {
    // The original hands out its database's own words.
    if (this.endpoints.some((row) => row.name === name)) {
      refuse(409, 'UNIQUE constraint failed: endpoints.name');
    }
  }

  /** Counts one finished call. The endpoint may have been deleted meanwhile: then nothing is counted. */
  recordCall(id: number, result: CallResult, rule: CooldownRule): void {
    const row = this.endpoints.find((endpoint) => endpoint.id === id);
    if (!row) return;
    row.avg_latency_ms = round2(
      row.total_requests === 0
        ? result.latencyMs
        : LATENCY_WEIGHT * result.latencyMs + (1 - LATENCY_WEIGHT) * row.avg_latency_ms,
    );
    row.total_requests++;
    row.prompt_tokens_total += result.promptTokens;
    row.completion_tokens_total += result.completionTokens;
    if (result.ok) {
      row.total_success++;
      row.consecutive_failures = 0;
      row.cooldown_until = 0;
    } else {
      row.total_failures++;
      row.consecutive_failures++;
      if (row.consecutive_failures >= rule.failThreshold) {
        row.cooldown_until = this.#now() / 1_000 + rule.cooldownSeconds;
      }
    }
    row.updated_at = isoTime(this.#now());
    this.#onWrite();
  }

  // Client tokens

  token(id: number): TokenRow {
    return this.tokens.find((row) => row.id === id) ?? refuse(404, 'token not found');
  }

  createToken(fields: NewToken): TokenRow {
    const token = fields.token || `ct-${randomBytes(32).toString('base64url')}`;
    if (this.findToken(token)) refuse(409, 'token already exists');
    this.#requireReferences(fields);
    const row: TokenRow = {
      ...tokenDefaults,
      incoming_block_id: this.firstBlock().id,
      ...fields,
      token,
      id: this.database.next_ids.token++,
      created_at: isoTime(this.#now()),
    };
    this.database.client_tokens.push(row);
    this.#onWrite();
    return row;
  }

  patchToken(id: number, fields: Editable<TokenRow>): TokenRow {
    const row = this.token(id);
    if (Object.keys(fields).length === 0) refuse(400, 'nothing to update');
    this.#requireReferences(fields);
    Object.assign(row, fields);
    this.#onWrite();
    return row;
  }

  /** A routing setting that names this token keeps naming it. */
  deleteToken(id: number): void {
    remove(this.database.client_tokens, this.token(id));
    this.#onWrite();
  }

  recordTokenUse(id: number, promptTokens: number, completionTokens: number): void {
    const row = this.tokens.find((token) => token.id === id);
    if (!row) return;
    row.total_requests++;
    row.prompt_tokens_total += promptTokens;
    row.completion_tokens_total += completionTokens;
    this.#onWrite();
  }

  #requireReferences(fields: Editable<TokenRow>): void {
    const { incoming_block_id: block, preferred_endpoint_id: endpoint } = fields;
    if (block !== undefined && !this.blocks.some((row) => row.id === block)) {
      refuse(404, 'incoming block not found');
    }
    if (typeof endpoint === 'number' && !this.endpoints.some((row) => row.id === endpoint)) {
      refuse(404, 'preferred endpoint not found');
    }
  }

  // Incoming blocks

  block(id: number): BlockRow {
    return this.blocks.find((row) => row.id === id) ?? refuse(404, 'incoming block not found');
  }

  firstBlock(): BlockRow {
    return this.blocks[0] ?? refuse(404, 'incoming block not found');
  }

  createBlock(fields: NewBlock): BlockRow {
    const at = isoTime(this.#now());
    const row: BlockRow = {
      pos_x: 256,
      pos_y: 300,
      ...fields,
      id: this.database.next_ids.block++,
      created_at: at,
      updated_at: at,
    };
    this.database.incoming_blocks.push(row);
    this.#onWrite();
    return row;
  }

  patchBlock(id: number, fields: Editable<BlockRow>): BlockRow {
    const row = this.block(id);
    if (Object.keys(fields).length === 0) refuse(400, 'nothing to update');
    Object.assign(row, fields, { updated_at: isoTime(this.#now()) });
    this.#onWrite();
    return row;
  }

  /** Its tokens move to the remaining block with the lowest id. */
  deleteBlock(id: number): void {
    const row = this.block(id);
    if (this.blocks.length === 1) refuse(409, 'cannot delete last incoming block');
    remove(this.database.incoming_blocks, row);
    const heir = this.firstBlock().id;
    for (const token of this.tokens) if (token.incoming_block_id === id) token.incoming_block_id = heir;
    this.#onWrite();
  }

  // Settings and statistics

  set(fields: Partial<Settings>): void {
    Object.assign(this.database.settings, fields);
    this.#onWrite();
  }

  resetStats(): void {
    for (const row of this.endpoints) Object.assign(row, zeroedEndpoint);
    for (const row of this.tokens) Object.assign(row, zeroedToken);
    this.#onWrite();
  }
}

const zeroedEndpoint = {
  cooldown_until: 0,
  consecutive_failures: 0,
  total_requests: 0,
  total_success: 0,
  total_failures: 0,
  avg_latency_ms: 0,
  prompt_tokens_total: 0,
  completion_tokens_total: 0,
};

const zeroedToken = { total_requests: 0, prompt_tokens_total: 0, completion_tokens_total: 0 };

const endpointDefaults = {
  ...zeroedEndpoint,
  api_key: '',
  timeout_seconds: 120,
  verify_tls: true,
  enabled: true,
  connected: false,
  role: 'percentage',
  token_quota_percent: 0,
  priority_order: 10,
  max_concurrent: 0,
  pos_x: 500,
  pos_y: 200,
};

const tokenDefaults = {
  ...zeroedToken,
  pos_x: 80,
  pos_y: 100,
  preferred_endpoint_id: null,
  request_priority: 0,
  min_traffic_percent: 0,
};

function emptyDatabase(): Database {
  return {
    endpoints: [],
    client_tokens: [],
    incoming_blocks: [],
    settings: {
      routing_mode: 'percentage',
      priority_input_token_id: null,
      incoming_pos_x: 256,
      incoming_pos_y: 300,
    },
    next_ids: { endpoint: 1, token: 1, block: 1 },
  };
}

function refuse(status: number, detail: string): never {
  throw new BalancerError(status, detail);
}

function remove<T>(list: T[], item: T): void {
  list.splice(list.indexOf(item), 1);
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
