/**
 * The balancer's error answers in one form. There are four shapes: its own (`type`, `status`, `detail`, and a
 * `request_id` unless the body was too large), the framework's field validation (`detail` is a list), the framework's
 * unknown paths (`detail` alone), and an upstream's own body, which has no shape at all.
 */
export interface ErrorBody {
  readonly shape: 'balancer' | 'validation' | 'framework' | 'other';
  /** In the balancer's words; undefined when the body is none of its own. */
  readonly detail: string | undefined;
  readonly requestId: string | undefined;
}

const nothing: ErrorBody = { shape: 'other', detail: undefined, requestId: undefined };

export function readErrorBody(text: string): ErrorBody {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return nothing;
  }
  if (typeof body !== 'object' || body === null) return nothing;
  const { type, detail, request_id: requestId } = body as Record<string, unknown>;
  if (Array.isArray(detail))
    return { ...nothing, shape: 'validation', detail: detail.map(fieldText).join('; ') };
  if (typeof detail !== 'string') return nothing;
  return {
    shape: typeof type === 'string' ? 'balancer' : 'framework',
    detail,
    requestId: typeof requestId === 'string' ? requestId : undefined,
  };
}

/** `token_quota_percent: Input should be less than or equal to 100` */
function fieldText(entry: unknown): string {
  const { loc, msg } = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, unknown>;
  const path = Array.isArray(loc) ? loc.filter((part) => part !== 'body').join('.') : '';
  const words = typeof msg === 'string' ? msg : 'not valid';
  return path === '' ? words : `${path}: ${words}`;
}
