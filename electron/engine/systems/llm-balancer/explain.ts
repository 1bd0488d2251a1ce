import type { GantryErrorData } from '../../../../shared/model/error.ts';
import { readErrorBody } from './error-body.ts';

type Words = Partial<Pick<GantryErrorData, 'code' | 'advice' | 'detail' | 'retryable'>>;

/** What an HTTP failure of the balancer means, where its status alone would not say. */
export function explain(status: number, body: string): Words {
  const { shape, detail } = readErrorBody(body);
  const words = wordsOf(status, shape, detail);
  return detail === undefined ? words : { detail, ...words };
}

function wordsOf(status: number, shape: string, detail: string | undefined): Words {
  switch (status) {
    case 401:
      return {
        code: 'unauthorized',
        advice:
          "The balancer does not accept this connection's admin token. It must be the value of LB_ADMIN_TOKEN of the running balancer, not a client token; every wrong attempt also uses up the admin API's budget.",
        retryable: false,
      };
    case 429:
      return {
        code: 'rate-limited',
        advice:
          "The balancer's admin API has one budget a minute (300 calls unless set otherwise) for all callers together, and other callers have used it up. It frees itself within 60 s; close other consoles or admin pages, or raise LB_ADMIN_RATE_LIMIT_RPM.",
        retryable: true,
      };
    case 404:
    case 405:
      return shape === 'framework'
        ? {
            advice:
              'There is no such call at this URL. Check that it is the balancer itself, without /v1 or /admin.',
          }
        : {};
    case 409:
      return detail?.startsWith('UNIQUE constraint failed: endpoints.name')
        ? { advice: 'Another endpoint has this name already. Choose another name.' }
        : {};
    case 422:
      return {
        code: 'invalid-input',
        advice: 'The balancer refuses these values; the detail names each.',
        retryable: false,
      };
    default:
      return {};
  }
}
