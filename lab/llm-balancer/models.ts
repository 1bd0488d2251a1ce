import { authorizeClient } from './auth.ts';
import { isFailure } from './call.ts';
import { BalancerError } from './errors.ts';
import { sendJson, type Exchange } from './exchange.ts';
import type { EndpointRow, TokenRow } from './rows.ts';
import { readAll, UpstreamError } from './upstream.ts';

/**
 * The models of all wired endpoints in one list. Asks those in cooldown too, and an answer ends their cooldown: the
 * only active probe there is. Does not count as a served request.
 */
export async function models(exchange: Exchange): Promise<void> {
  const token = authorizeClient(exchange.process, exchange.request);
  const asked = endpointsToAsk(exchange, token);
  const lists = await Promise.all(asked.map((endpoint) => modelsOf(exchange, endpoint)));
  const byId = new Map<string, object>();
  for (const model of lists.flat()) byId.set(model.id, model);
  if (byId.size === 0) throw new BalancerError(502, 'no models returned from any endpoint');
  const data = [...byId].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, model]) => model);
  sendJson(exchange, { object: 'list', data });
}

/** In order of id, so that of two models with one id the later endpoint's stays. */
function endpointsToAsk({ process }: Exchange, token: TokenRow | null): EndpointRow[] {
  const wired = process.store.endpoints.filter((row) => row.connected && row.enabled);
  const mapped = token?.preferred_endpoint_id ?? null;
  if (mapped === null) {
    if (wired.length === 0) throw new BalancerError(503, 'no connected endpoints');
    return wired.sort((a, b) => a.id - b.id);
  }
  const own = wired.filter((row) => row.id === mapped);
  if (own.length === 0) throw new BalancerError(503, 'mapped endpoint not connected');
  return own;
}

async function modelsOf({ process, requestId }: Exchange, endpoint: EndpointRow): Promise<{ id: string }[]> {
  const startedAt = process.now();
  const record = (ok: boolean) => {
    const latencyMs = process.now() - startedAt;
    process.recordCall(endpoint.id, { ok, latencyMs, promptTokens: 0, completionTokens: 0 });
  };
  try {
    const answer = await process.upstreams.request(endpoint, {
      method: 'GET',
      path: '/models',
      headers: {
        'x-request-id': requestId,
        ...(endpoint.api_key === '' ? {} : { authorization: `Bearer ${endpoint.api_key}` }),
      },
    });
    const body = await readAll(answer);
    record(!isFailure(answer.statusCode));
    return answer.statusCode < 300 ? modelList(body) : [];
  } catch (thrown) {
    if (!(thrown instanceof UpstreamError)) throw thrown;
    record(false);
    return [];
  }
}

function modelList(body: Buffer): { id: string }[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    return [];
  }
  const data =
    typeof parsed === 'object' && parsed !== null ? (parsed as { data?: unknown }).data : undefined;
  if (!Array.isArray(data)) return [];
  return data.filter(
    (item: unknown): item is { id: string } =>
      typeof item === 'object' && item !== null && typeof (item as { id?: unknown }).id === 'string',
  );
}
