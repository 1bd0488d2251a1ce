import type { GantryErrorData } from '../../../../shared/model/error.ts';
import { ErrorBodySchema } from './wire.ts';

type Explanation = Partial<Pick<GantryErrorData, 'code' | 'advice' | 'detail' | 'retryable'>>;

/** LoxiLB's authenticators answer a token they do not know with status 500 and one of these texts. */
const tokenRefused = /token not found|invalid token|token is expired|invalid refresh token|unauthenticated/i;

/** The framework's words for a path that this version does not have; a missing object is told otherwise. */
const noSuchPath = /^path .* was not found/i;

/** Better words for LoxiLB's failures. `result` is its internal text and says most; `message` is one sentence per class. */
export function explain(status: number, body: string): Explanation {
  const { result, message } = parse(body);
  const said = result ?? message ?? '';
  const detail = said === '' ? {} : { detail: said.slice(0, 500).toWellFormed() };
  if (status === 401 || (status >= 500 && tokenRefused.test(said))) {
    return {
      code: 'unauthorized',
      advice:
        'LoxiLB does not accept this token. It wants the raw token without a “Bearer” prefix; tokens from a login end after 24 hours.',
      retryable: false,
      ...detail,
    };
  }
  switch (status) {
    case 403:
      return {
        advice: /bgp/i.test(said)
          ? 'This needs a LoxiLB with BGP switched on, or one that does not run BGP alone.'
          : 'These credentials may not do this; a viewer may only read.',
        ...detail,
      };
    case 404:
    case 501:
      if (status === 501 || noSuchPath.test(said)) {
        return {
          ...(status === 501 ? { code: 'unsupported' as const } : {}),
          advice: 'This LoxiLB does not offer it: its version is older, or the feature is off.',
          retryable: false,
          ...detail,
        };
      }
      return detail;
    case 503:
      return { advice: 'LoxiLB is not ready, or the feature is off.', retryable: true, ...detail };
    default:
      return detail;
  }
}

function parse(body: string): { result?: string | undefined; message?: string | undefined } {
  try {
    const parsed = ErrorBodySchema.safeParse(JSON.parse(body));
    return parsed.success ? parsed.data : {};
  } catch {
    // Plain text, as for operations that are not registered.
    return { message: body };
  }
}
