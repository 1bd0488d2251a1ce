import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BalancerError } from './errors.ts';
import { DEFAULT_ADMIN_TOKEN, type BalancerProcess } from './process.ts';
import type { TokenRow } from './rows.ts';

/**
 * Lets an admin call through or throws: 429 first, then 401. A wrong token has used up one call of the budget by then, a
 * refused call has not.
 */
export function authorizeAdmin(process: BalancerProcess, request: IncomingMessage): void {
  const { adminRateLimitPerMinute: limit, adminToken } = process.options;
  const now = process.now();
  if (limit > 0 && process.adminCalls.count(now) >= limit) {
    throw new BalancerError(429, 'admin API rate limit exceeded');
  }
  process.adminCalls.add(now);
  if (isOpen(adminToken)) return;
  const own = request.headers['x-admin-token'];
  const given = typeof own === 'string' && own.trim() !== '' ? own.trim() : bearerToken(request);
  if (given === undefined || !equal(given, adminToken.trim())) {
    throw new BalancerError(401, 'admin authorization failed');
  }
}

/** Without a token of its own the original asks for none. */
function isOpen(adminToken: string): boolean {
  const token = adminToken.trim();
  return token === '' || token === DEFAULT_ADMIN_TOKEN;
}

/**
 * The caller's token row; null for an open proxy and for tokens from the environment. Throws 401. The proxy is open
 * only while no token exists anywhere.
 */
export function authorizeClient(process: BalancerProcess, request: IncomingMessage): TokenRow | null {
  const { clientTokens } = process.options;
  if (clientTokens.length === 0 && process.store.tokens.length === 0) return null;
  const given = bearerToken(request);
  if (given === undefined) throw new BalancerError(401, 'client token required');
  const row = process.store.findToken(given);
  if (row) return row;
  if (clientTokens.some((token) => equal(given, token))) return null;
  throw new BalancerError(401, 'client token invalid');
}

function bearerToken(request: IncomingMessage): string | undefined {
  const match = /^bearer\s+(.+)$/i.exec(request.headers.authorization ?? '');
  return match?.[1]?.trim();
}

/** In constant time, whatever the lengths. */
function equal(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
