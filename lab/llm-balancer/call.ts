import type { Exchange } from './exchange.ts';
import type { EndpointRow, TokenRow } from './rows.ts';
import type { Usage } from './usage.ts';

/** A chat request on its way to one endpoint. */
export interface ChatCall {
  readonly exchange: Exchange;
  readonly endpoint: EndpointRow;
  readonly token: TokenRow | null;
  /** Epoch ms. */
  readonly startedAt: number;
}

/** Counts a finished call. `release` false: the in-flight count is lost, as after a caller's abort of a stream. */
export function finish(call: ChatCall, ok: boolean, usage: Usage, release = true): void {
  const { process } = call.exchange;
  if (release) process.release(call.endpoint.id);
  process.recordCall(call.endpoint.id, { ok, latencyMs: process.now() - call.startedAt, ...usage });
  process.recordUse(call.token, usage.promptTokens, usage.completionTokens);
}

/** Any other 4xx is the caller's fault, and counts as a success of the endpoint. */
export function isFailure(status: number): boolean {
  return status >= 500 || status === 401 || status === 403 || status === 429;
}
