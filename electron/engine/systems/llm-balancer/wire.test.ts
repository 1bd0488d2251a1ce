import { describe, expect, it } from 'vitest';
import { rawState } from './testing/samples.ts';
import { HealthSchema, isKnownVersion, StateSchema } from './wire.ts';

type Raw = ReturnType<typeof rawState>;

function read(change: (raw: Raw) => unknown = (raw) => raw) {
  const raw = rawState();
  return StateSchema.parse(change(raw) ?? raw);
}

describe('state', () => {
  it('is read into the engine’s words', () => {
    expect(read()).toMatchObject({
      version: '3.0.0',
      routingMode: 'percentage',
      endpoints: [{ id: 4, name: 'edge-a', cooldownRemainingSeconds: 12.5, inFlight: 2, tokensTotal: 12 }],
      clients: [{ id: 7, preview: 'ct-A...x9Qe', preferredEndpointName: 'edge-a', maxLiveSharePercent: 25 }],
      stats: { requestsPerSecond: 0, inFlight: 2, errorsTotal: 9 },
    });
  });

  it('lets no secret through: tokens, keys, or what is hidden in a base URL', () => {
    expect(JSON.stringify(read())).not.toMatch(/secret|pass-word|user:/);
    const [endpoint] = read((raw) => {
      raw.endpoints.forEach((row) => (row.base_url = 'no url //me:pass-word@host?k=query-secret'));
    }).endpoints;
    expect(endpoint?.baseUrl).toBe('no url //host');
  });

  it.each([
    ['ct-A...x9Qe', 'ct-A...x9Qe'],
    ['ab***', 'ab***'],
    ['', ''],
    ['ct-AbCdEfGhIjKl', 'ct***'],
    ['short', 'sh***'],
    ['ct-A...x9Qe and more', 'ct***'],
  ])('the preview "%s" becomes "%s"', (given, shown) => {
    const [client] = read((raw) => {
      raw.client_tokens.forEach((row) => (row.token_preview = given));
    }).clients;
    expect(client?.preview).toBe(shown);
  });

  it('a latency of 0 without a request is no latency', () => {
    expect(read().endpoints[0]?.latencyMs).toBeNull();
    const [endpoint] = read((raw) => {
      raw.endpoints.forEach((row) => Object.assign(row, { total_requests: 3, avg_latency_ms: 41.25 }));
    }).endpoints;
    expect(endpoint?.latencyMs).toBe(41.25);
  });

  it('refuses what it relies on and does not get', () => {
    expect(() => read((raw) => ({ ...raw, endpoints: null }))).toThrow();
    expect(() => read((raw) => ({ ...raw, stats: { ...raw.stats, total_inflight: '2' } }))).toThrow();
    expect(() => read((raw) => ({ ...raw, client_tokens: [{ id: 1 }] }))).toThrow();
  });
});

describe('health', () => {
  it('is read whatever its status says', () => {
    const health = {
      status: 'degraded',
      version: '4.0.0',
      endpoints: 2,
      connected: 0,
      routing_mode: 'priority',
      priority_input_token_id: null,
      cache_size: 0,
      ...rawState().stats,
    };
    expect(HealthSchema.parse(health)).toMatchObject({
      version: '4.0.0',
      connected: 0,
      stats: { requestsTotal: 1_520 },
    });
  });

  it('knows versions 3 and 4', () => {
    expect(['3.0.0', '4.2.1', '4'].every(isKnownVersion)).toBe(true);
    expect(['2.9.0', '40.0.0', '', 'nightly'].some(isKnownVersion)).toBe(false);
  });
});
