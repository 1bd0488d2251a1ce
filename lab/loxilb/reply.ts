import { hasStatusCodes, type Profile } from './profile.ts';

/** What goes over the wire. `json` and `text` exclude each other; neither: an empty body. */
export interface Reply {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly contentType?: string;
}

export const success: Reply = { status: 200, json: { result: 'Success' } };

export function json(body: unknown): Reply {
  return { status: 200, json: body };
}

/** A failure of LoxiLB's core, told by its internal text; the status follows from the text alone. */
export class CoreError extends Error {}

/** A failure of the HTTP framework in front of the core; the same in all versions. */
export class FrameworkError extends Error {
  readonly status: number;
  readonly code: number;

  constructor(status: number, message: string, code = status) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** A field is missing (602), outside its enum (606) or of the wrong type (601). Codes from 600 on go out as 422. */
export class FieldError extends FrameworkError {
  constructor(code: 601 | 602 | 606, message: string) {
    super(422, message, code);
  }
}

/** First hit wins, in this order, on the lower-cased text. */
const classes: readonly (readonly [number, string, readonly string[]])[] = [
  [
    404,
    'Resource not found',
    [
      'no-rule',
      'not-exists',
      'not exists',
      'notfound',
      'not found',
      'no such',
      'no-user',
      'no-ulcl',
      'no-master',
      'no neigh found',
      'vlan not created',
      'no bfd session',
    ],
  ],
  [
    401,
    'Invalid authentication credentials',
    ['invalid token', 'token is expired', 'invalid refresh token', 'authentication failed'],
  ],
  [
    409,
    'Resource conflict: Resource already exists OR dependency not found',
    [
      'lbrule-exist',
      'fwrule-exists',
      'sess-exists',
      'mirr-exists',
      'pol-exists',
      'rule-referred',
      'cant modify',
      'already added',
      'port exists',
      'already exists',
      'nh exists',
      'rt exists',
    ],
  ],
  [
    400,
    'Malformed arguments for API call',
    [
      'malformed',
      'service-args',
      'serv-port-args',
      'range',
      'overflow',
      'rule-allowed-src',
      'rule-snat',
      'rule-mark',
      'secondaryip-args',
      'non-udp-n3-args',
      'host-args',
      'hostarm-args',
      'parse error',
      'invalid ',
      'password must',
    ],
  ],
  [
    403,
    'Capacity insufficient',
    ['rule-hwm', 'nh-hwm', 'capacity', 'need-realdev', 'bgp mode is disabled', 'running in bgp only mode'],
  ],
  [503, 'Maintenance mode', ['not-ready', 'timeout']],
];

export function coreFailure(profile: Profile, result: string): Reply {
  if (!hasStatusCodes(profile)) return { status: 200, json: { result } };
  const text = result.toLowerCase();
  for (const [code, message, parts] of classes) {
    if (parts.some((part) => text.includes(part))) {
      return { status: code, json: { code, message, result, fields: null } };
    }
  }
  return { status: 500, json: { code: 500, message: result, result, fields: null } };
}

export function frameworkFailure(error: FrameworkError): Reply {
  if (error.status === 501) return { status: 501, text: error.message, contentType: 'text/plain' };
  return { status: error.status, json: { code: error.code, message: error.message } };
}

/** Go's omit-empty: 0, false, "" and undefined are left out. */
export function omitEmpty(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) => value !== 0 && value !== false && value !== '' && value !== undefined,
    ),
  );
}
