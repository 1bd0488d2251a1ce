import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startLab, type Lab } from '../../../../lab/lab.ts';
import type { LabModule } from '../../../../lab/kit/module.ts';
import { makeLlmBalancerLab } from '../../../../lab/llm-balancer/index.ts';
import { llmBehaviour } from '../../../../lab/llm-endpoints/behaviour.ts';
import { llmEndpointsLab } from '../../../../lab/llm-endpoints/index.ts';
import { ObservedEntitySchema, type Observation } from '../../../../shared/model/entity.ts';
import type { Auth } from '../../../../shared/model/environment.ts';
import { GantryError, type ErrorCode, type GantryErrorData } from '../../../../shared/model/error.ts';
import { systemClock, type Clock } from '../../clock.ts';
import { createHttpClient, type ManagedHttpClient } from '../../net/http-client.ts';
import { llmBalancerSystem } from './index.ts';
import { ADMIN_PAUSE_MS } from './state-source.ts';

const open: { close(): Promise<void> }[] = [];
let offsetMs: number;
beforeEach(() => {
  offsetMs = 0;
});
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close();
});

/** Real time, plus what a test skips; waits (the client's deadline of 8 s) are an eighth as long. */
const clock: Clock = {
  ...systemClock,
  monotonic: () => systemClock.monotonic() + offsetMs,
  sleep: (ms, signal) => systemClock.sleep(ms / 8, signal),
};

async function lab(
  balancer: LabModule = makeLlmBalancerLab({ requestsPerSecond: 60 }),
  traffic = false,
): Promise<Lab> {
  const started = await startLab({ modules: [llmEndpointsLab, balancer], traffic });
  for (const { name } of started.world.scenario.llmEndpoints) llmBehaviour(started.world, name).latencyMs = 1;
  open.push({ close: () => started.stop() });
  return started;
}

interface Reader {
  readonly http: ManagedHttpClient;
  readonly versions: string[];
  /** One poll. Throws what the source throws. */
  poll(): Promise<Observation>;
  /** The failure of one poll. */
  failure(): Promise<GantryErrorData>;
}

function reader(from: Lab, auth: Auth | undefined = from.connections[0]?.auth): Reader {
  const url = from.connections[0]?.url ?? '';
  const http = createHttpClient({
    url,
    auth: auth ?? { type: 'none' },
    system: llmBalancerSystem,
    clock,
    random: Math.random,
  });
  open.push(http);
  const [source] = llmBalancerSystem.sources({ connectionId: 'llm', url });
  const versions: string[] = [];
  const poll = async () => {
    const published: Observation[] = [];
    await source?.observe({
      connectionId: 'llm',
      http,
      clock,
      random: Math.random,
      signal: AbortSignal.timeout(15_000),
      publish: (observation) => published.push(observation),
      confirm: () => {},
      reportVersion: (version) => versions.push(version),
    });
    expect(published).toHaveLength(1);
    return published[0] as Observation;
  };
  return {
    http,
    versions,
    poll,
    async failure() {
      const thrown = await poll().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(thrown).toBeInstanceOf(GantryError);
      return (thrown as GantryError).data;
    },
  };
}

const entity = (observation: Observation, id: string) =>
  observation.entities.find((each) => each.id === `llm-balancer/llm/${id}`);

async function until<T>(what: string, find: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await systemClock.sleep(20);
  }
}

describe('the balancer of the lab', () => {
  it('is seen whole: itself, four endpoints, three clients, in the model’s shape', async () => {
    const { poll, versions } = reader(await lab());
    const seen = await poll();
    expect(seen.partial).toBeUndefined();
    for (const each of seen.entities) ObservedEntitySchema.parse(each);
    expect(entity(seen, 'balancer/llm')).toMatchObject({
      ownHealth: { state: 'healthy' },
      attrs: { version: '3.0.0', usableEndpoints: 4, totalEndpoints: 4 },
    });
    expect(entity(seen, 'endpoint/1')).toMatchObject({
      name: 'llm-a',
      sockets: ['10.1.0.61:8000'],
      ownHealth: { state: 'unknown' },
      attrs: { quotaPercent: 40, state: 'ok', hasApiKey: true },
    });
    expect(seen.entities.filter(({ kind }) => kind === 'llm-client')).toHaveLength(3);
    expect(seen.links).toHaveLength(7);
    expect(versions).toEqual(['3.0.0']);
  });

  it('becomes healthy with traffic, shows rates, and what happens when an endpoint dies and returns', async () => {
    const place = await lab(undefined, true);
    const { poll } = reader(place);
    const busy = await until('healthy endpoints with rates', async () => {
      const seen = await poll();
      const endpoints = seen.entities.filter(({ kind }) => kind === 'llm-endpoint');
      const isBusy = endpoints.every(
        (each) => each.ownHealth.state === 'healthy' && (each.metrics.requestsPerSecond ?? 0) > 0,
      );
      return isBusy ? seen : undefined;
    });
    expect(entity(busy, 'balancer/llm')?.metrics.requestsPerSecond).toBeGreaterThan(0);
    expect(entity(busy, 'endpoint/1')?.metrics.tokensPerSecond).toBeGreaterThan(0);

    place.world.setProcess('llm-models-1', 'killed');
    const dead = await until('llm-a in cooldown', async () => {
      const seen = await poll();
      return entity(seen, 'endpoint/1')?.ownHealth.state === 'down' ? seen : undefined;
    });
    expect(entity(dead, 'endpoint/1')?.ownHealth.reason).toMatch(
      /^in cooldown for \d+ s more after \d+ failures/,
    );
    expect(entity(dead, 'endpoint/1')?.metrics.cooldownRemainingSeconds).toBeGreaterThan(0);
    expect(entity(dead, 'balancer/llm')).toMatchObject({
      ownHealth: { state: 'degraded', reason: '1 of 4 connected endpoints not usable: llm-a in cooldown' },
      attrs: { usableEndpoints: 3 },
    });
  });

  it('says who may do what, and which version it is', async () => {
    const { http } = reader(await lab());
    const facts = await llmBalancerSystem.check({ http, signal: AbortSignal.timeout(5_000) });
    expect(facts).toEqual({
      version: '3.0.0',
      permissions: 'sees 4 endpoints and 3 client tokens; one admin token, no roles: may change everything',
    });
  });

  it('warns about an admin API that is open to anyone', async () => {
    const place = await lab(
      makeLlmBalancerLab({ settings: { adminToken: 'change-me-admin-token', version: '4.0.0' } }),
    );
    const { http } = reader(place, { type: 'token', token: 'anything at all' });
    const facts = await llmBalancerSystem.check({ http, signal: AbortSignal.timeout(5_000) });
    expect(facts.version).toBe('4.0.0');
    expect(facts.permissions).toMatch(/^WARNING: the admin API lets anyone in/);
  });
});

describe('refusals', () => {
  it('a wrong token is named, and never shown', async () => {
    const { failure } = reader(await lab(), { type: 'token', token: 'wrong-secret-token' });
    const error = await failure();
    expect(error).toMatchObject({ code: 'unauthorized', status: 401, retryable: false });
    expect(error.advice).toContain('LB_ADMIN_TOKEN');
    expect(JSON.stringify(error)).not.toContain('wrong-secret-token');
  });

  it('a used-up admin budget at first contact is a failure that says whose', async () => {
    const place = await lab(makeLlmBalancerLab({ settings: { adminRateLimitPerMinute: 1 } }));
    await fetch(`${place.connections[0]?.url}/admin/api/state`);
    expect(await reader(place).failure()).toMatchObject({
      code: 'rate-limited',
      advice: expect.stringContaining('all callers together') as string,
    });
  });

  it('later the view goes on without the admin API, says so, and leaves it alone for a minute', async () => {
    const place = await lab(makeLlmBalancerLab({ settings: { adminRateLimitPerMinute: 2 } }));
    const { poll } = reader(place);
    await poll();
    await poll();
    const without = await poll();
    expect(without.partial).toContain('used up by other callers');
    expect(without.entities).toHaveLength(8);
    const requests = () => place.servers.get('llm')?.requestCount() ?? 0;
    const before = requests();
    expect((await poll()).partial).toBeDefined();
    expect(requests() - before).toBe(2);
    offsetMs += ADMIN_PAUSE_MS;
    // Refused once more, as the lab's minute is real; then again without it.
    expect((await poll()).partial).toBeDefined();
    expect(requests() - before).toBe(5);
  });
});

describe('faults', () => {
  it.each<[mode: string, codes: ErrorCode[]]>([
    ['down', ['unreachable']],
    ['hang', ['timeout']],
    ['error', ['server-error']],
    ['malformed', ['malformed']],
    ['truncated', ['truncated', 'malformed']],
    ['oversized', ['too-large', 'timeout']],
    ['slow', ['timeout']],
  ])('%s is a failure in words, and over when it is over', async (mode, codes) => {
    const place = await lab();
    const { poll, failure } = reader(place);
    const endpointsBefore = place.servers.get('llm-a')?.requestCount();
    await poll();
    await place.servers.get('llm')?.setFault({ mode: mode as 'hang' });
    const error = await failure();
    expect(codes).toContain(error.code);
    expect(error.advice).not.toBe('');
    expect(error.knownEffect).toMatch(/^nothing was (sent|changed)$/);
    await place.servers.get('llm')?.setFault({ mode: 'none' });
    const seen = await poll();
    expect(seen.entities).toHaveLength(8);
    expect(entity(seen, 'balancer/llm')?.ownHealth).toEqual({ state: 'healthy' });
    expect(place.servers.get('llm-a')?.requestCount()).toBe(endpointsBefore);
  });
});
