import type { Fields } from './validation.ts';

/** What the admin API takes for each object. PATCH is laxer than POST, as in the original. */

const position = { pos_x: { kind: 'float' }, pos_y: { kind: 'float' } } as const satisfies Fields;
const name = { kind: 'text', required: true, minLength: 1, maxLength: 120, trim: true } as const;

const endpointPatchFields = {
  name,
  base_url: { kind: 'text', required: true, minLength: 8, maxLength: 2_000, trim: true },
  api_key: { kind: 'text', maxLength: 4_000 },
  timeout_seconds: { kind: 'float', min: 1, max: 3_600 },
  verify_tls: { kind: 'bool' },
  enabled: { kind: 'bool' },
  connected: { kind: 'bool' },
  role: { kind: 'text' },
  token_quota_percent: { kind: 'float', min: 0, max: 100 },
  priority_order: { kind: 'int', min: 1, max: 1_000 },
  max_concurrent: { kind: 'int', min: 0, max: 100_000 },
  ...position,
} as const satisfies Fields;

const endpointCreateFields = {
  ...endpointPatchFields,
  name: {
    ...name,
    problem: (text: string) =>
      /^[\p{L}\p{N}_.\- ]+$/u.test(text)
        ? undefined
        : 'name may hold letters, digits, underscore, dash, dot and blank only',
  },
  role: { kind: 'choice', values: ['percentage', 'primary', 'overflow'] },
} as const satisfies Fields;

const tokenPatchFields = {
  name: { ...name, trim: false },
  incoming_block_id: { kind: 'int', min: 1, nullable: true },
  preferred_endpoint_id: { kind: 'int', min: 1, nullable: true },
  request_priority: { kind: 'int', min: 0, max: 100_000 },
  min_traffic_percent: { kind: 'float', min: 0, max: 100 },
  ...position,
} as const satisfies Fields;

export const fieldsOf = {
  endpointCreate: endpointCreateFields,
  endpointPatch: endpointPatchFields,
  tokenCreate: { ...tokenPatchFields, token: { kind: 'text', maxLength: 500, nullable: true } },
  tokenPatch: tokenPatchFields,
  block: { name, ...position },
  routing: {
    routing_mode: { kind: 'choice', values: ['percentage', 'priority'] },
    priority_input_token_id: { kind: 'int', min: 0 },
  },
  incomingPosition: { x: { kind: 'float' }, y: { kind: 'float' } },
} as const satisfies Readonly<Record<string, Fields>>;
