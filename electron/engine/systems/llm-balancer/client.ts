import type { HttpClient } from '../../net/http.ts';
import { z } from 'zod';
import { parseMetrics, type BalancerMetrics } from './metrics-text.ts';
import { HealthSchema, StateSchema, type BalancerHealth, type BalancerState } from './wire.ts';

/**
 * The calls used, one function each. Only `readState` and `isOpenToAnyToken` count against the admin API's budget.
 * `/admin/api/tokens` is left out on purpose: it gives client tokens in clear text.
 */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** Shorter than the engine's default: a monitoring answer that takes longer is late anyway. */
const DEADLINE_MS = 8_000;
const METRICS_MAX_BYTES = 4 * 2 ** 20;

/** Everything a console needs, with the receiver's epoch ms. */
export async function readState(
  http: HttpClient,
  options: CallOptions = {},
): Promise<{ state: BalancerState; receivedAt: number }> {
  const { body, receivedAt } = await http.json(
    {
      path: '/admin/api/state',
      purpose: 'read the state of the balancer',
      deadlineMs: DEADLINE_MS,
      ...options,
    },
    StateSchema,
  );
  return { state: body, receivedAt };
}

/** Without a login. 503 only says that no endpoint is wired. */
export async function readHealth(
  http: HttpClient,
  options: CallOptions = {},
): Promise<{ health: BalancerHealth; receivedAt: number }> {
  const { body, receivedAt } = await http.json(
    {
      path: '/health',
      purpose: 'read the health of the balancer',
      accept: [503],
      deadlineMs: DEADLINE_MS,
      ...options,
    },
    HealthSchema,
  );
  return { health: body, receivedAt };
}

/** Without a login. */
export async function readMetrics(http: HttpClient, options: CallOptions = {}): Promise<BalancerMetrics> {
  const { body } = await http.text({
    path: '/metrics',
    purpose: 'read the metrics of the balancer',
    maxBytes: METRICS_MAX_BYTES,
    deadlineMs: DEADLINE_MS,
    ...options,
  });
  return parseMetrics(body);
}

/**
 * Whether the admin API lets a token in that cannot be the right one. `X-Admin-Token` alone decides when both headers are
 * there, so it overrules the bearer token that the connection sends.
 */
export async function isOpenToAnyToken(http: HttpClient, options: CallOptions = {}): Promise<boolean> {
  const { status } = await http.json(
    {
      path: '/admin/api/state',
      purpose: 'see whether the admin API is open to anyone',
      headers: { 'x-admin-token': 'gantry-probe-of-an-open-admin-api' },
      accept: [401],
      deadlineMs: DEADLINE_MS,
      ...options,
    },
    z.unknown(),
  );
  return status !== 401;
}
