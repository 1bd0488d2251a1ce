import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ConnectionStatus } from '../../../shared/model/connection.ts';
import { ConnectionStatusSchema } from '../../../shared/model/connection.ts';
import type { ConnectionConfig } from '../../../shared/model/environment.ts';
import { GantryError, type ErrorCode } from '../../../shared/model/error.ts';
import type { Source } from '../../../shared/model/freshness.ts';
import { systemClock, type Clock } from '../clock.ts';
import { httpServer } from '../net/testing/servers.ts';
import type { ObserveContext, SourceSpec, System } from '../systems/system.ts';
import { startConnection, type RunningConnection } from './runner.ts';
import { collect } from './testing/collect.ts';
import { manualClock, type ManualClock } from './testing/manual-clock.ts';

const started: RunningConnection[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((connection) => connection.stop()));
});

function failing(code: ErrorCode, detail = 'as told', status?: number): GantryError {
  return new GantryError({
    code,
    attempted: 'read',
    target: 'x',
    knownEffect: 'nothing was changed',
    advice: 'wait a moment',
    retryable: true,
    detail,
    ...(status === undefined ? {} : { status }),
  });
}

interface Script {
  readonly scope: string;
  readonly mode?: 'poll' | 'watch';
  readonly intervalMs?: number;
  observe(context: ObserveContext): Promise<void>;
}

const publish = (scope: string) => (context: ObserveContext) => {
  context.publish({ scope, entities: [], links: [], asOf: context.clock.now() });
  return Promise.resolve();
};

function fakeSystem(scripts: readonly Script[], changes: Partial<System> = {}): System {
  return {
    kind: 'consul',
    title: 'Fake',
    budget: { requestsPerMinute: 600, concurrency: 4 },
    authTypes: ['none', 'token'],
    authHeaders: () => ({}),
    sources: () =>
      scripts.map(({ scope, mode = 'poll', intervalMs = 1_000, observe }): SourceSpec => ({
        scope,
        mode,
        intervalMs,
        observe,
      })),
    check: () => Promise.resolve({ version: '1', permissions: 'all' }),
    ...changes,
  };
}

interface Started {
  readonly connection: RunningConnection;
  readonly statuses: ConnectionStatus[];
  readonly sources: Source[];
  readonly observations: string[];
  readonly confirms: string[];
  readonly warnings: string[];
}

function start(
  system: System | undefined,
  clock: Clock,
  config: Partial<ConnectionConfig> = {},
  env: Record<string, string> = {},
): Started {
  const statuses: ConnectionStatus[] = [];
  const sources: Source[] = [];
  const observations: string[] = [];
  const confirms: string[] = [];
  const warnings: string[] = [];
  const connection = startConnection(
    { id: 'c1', system: 'consul', url: 'http://127.0.0.1:9', ...config },
    {
      lookup: () => system,
      clock,
      random: () => 0.5,
      env,
      callbacks: {
        onStatus: (status) => {
          expect(ConnectionStatusSchema.safeParse(status).error).toBeUndefined();
          statuses.push(status);
        },
        onSource: (source) => sources.push(source),
        onObservation: (_, { scope }) => observations.push(scope),
        onConfirm: (_, scope) => confirms.push(scope),
      },
      logger: { info: () => {}, warn: (message) => warnings.push(message) },
    },
  );
  started.push(connection);
  return { connection, statuses, sources, observations, confirms, warnings };
}

/** Attempts of a source that fails or answers as `plan` says; past its end it answers. */
function planned(
  clock: ManualClock,
  scope: string,
  plan: (GantryError | undefined)[],
): Script & { times: number[] } {
  const times: number[] = [];
  return {
    scope,
    times,
    observe: (context) => {
      times.push(clock.monotonic());
      const error = plan.shift();
      return error ? Promise.reject(error) : publish(scope)(context);
    },
  };
}

describe('polling', () => {
  it('goes from connecting to live, and tells each source', async () => {
    const clock = manualClock();
    const run = start(fakeSystem([planned(clock, 'a', []), planned(clock, 'b', [])]), clock);
    expect(run.statuses.map(({ state }) => state)).toEqual(['connecting']);
    expect(run.sources.map(({ id, state }) => `${id} ${state}`)).toEqual(['c1/a never', 'c1/b never']);
    await clock.advance(10);
    expect(run.connection.status()).toMatchObject({
      state: 'live',
      hasSecret: false,
      lastAnswerAt: clock.now() - 10,
    });
    expect(run.observations).toEqual(['a', 'b']);
    expect(run.connection.sources().map(({ state }) => state)).toEqual(['live', 'live']);
  });

  it('keeps the interval within 10 %, and one poll at a time', async () => {
    const clock = manualClock();
    let now = 0;
    let most = 0;
    const times: number[] = [];
    const slow = (scope: string): Script => ({
      scope,
      observe: async (context) => {
        if (scope === 'a') times.push(clock.monotonic());
        most = Math.max(most, (now += 1));
        await clock.sleep(100, context.signal);
        now -= 1;
        await publish(scope)(context);
      },
    });
    const run = start(fakeSystem([slow('a'), slow('b'), slow('c')]), clock);
    await clock.advance(10_050);
    expect(most).toBe(1);
    const gaps = times.slice(1).map((at, index) => at - (times[index] as number));
    expect(times.length).toBeGreaterThanOrEqual(10);
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(900);
    for (const gap of gaps) expect(gap).toBeLessThanOrEqual(1_300);
    expect(run.connection.status().state).toBe('live');
  });

  it('tells a live connection no more than once in 2 s', async () => {
    const clock = manualClock();
    const run = start(fakeSystem([planned(clock, 'a', [])]), clock);
    await clock.advance(1_000);
    const before = run.statuses.length;
    await clock.advance(20_000);
    expect(run.statuses.length - before).toBeLessThanOrEqual(10);
    expect(run.statuses.length - before).toBeGreaterThanOrEqual(5);
  });

  it('marks a source late by itself when its poll takes long, and ends it in time', async () => {
    const clock = manualClock();
    let aborted = false;
    let calls = 0;
    const hanging: Script = {
      scope: 'a',
      observe: (context) => {
        calls += 1;
        if (calls === 1) return publish('a')(context);
        return new Promise(() => context.signal.addEventListener('abort', () => (aborted = true)));
      },
    };
    const run = start(fakeSystem([hanging]), clock);
    await clock.advance(4_000);
    expect(run.connection.status().state).toBe('late');
    await clock.advance(12_500);
    expect(aborted).toBe(true);
    expect(run.connection.status()).toMatchObject({ state: 'stale', error: { code: 'timeout' } });
  });

  it('drops what a source says after its time', async () => {
    const clock = manualClock();
    let say: (() => void) | undefined;
    const run = start(
      fakeSystem([
        {
          scope: 'a',
          observe: (context) => {
            say ??= () => void publish('a')(context);
            return Promise.reject(failing('malformed'));
          },
        },
      ]),
      clock,
    );
    await clock.advance(10);
    say?.();
    expect(run.observations).toEqual([]);
    expect(run.connection.status().state).toBe('down');
  });
});

describe('failures', () => {
  it('back off from 1 s to 30 s, are told once, and end without a click', async () => {
    const clock = manualClock();
    const source = planned(
      clock,
      'a',
      Array.from({ length: 8 }, () => failing('unreachable')),
    );
    const run = start(fakeSystem([source]), clock);
    await clock.advance(130_000);
    const gaps = source.times.slice(1).map((at, index) => at - (source.times[index] as number));
    expect(gaps.slice(0, 8)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    expect(run.connection.status().state).toBe('live');
    const downs = run.statuses.filter(({ state }) => state === 'down');
    expect(new Set(downs.map(({ error }) => error)).size).toBe(1);
    expect(new Set(downs.map(({ since }) => since)).size).toBe(1);
    // Beside the next attempt, nothing of it changes.
    expect(
      downs
        .filter(({ nextAttemptAt }) => nextAttemptAt !== undefined)
        .map(({ nextAttemptAt }) => nextAttemptAt),
    ).toEqual([1, 3, 7, 15, 31, 61, 91, 121].map((s) => 1_000_000 + s * 1_000));
  });

  it('of one source leave the others alone', async () => {
    const clock = manualClock();
    const bad = planned(
      clock,
      'bad',
      Array.from({ length: 100 }, () => failing('malformed', 'at rules')),
    );
    const good = planned(clock, 'good', []);
    const run = start(fakeSystem([good, bad]), clock);
    await clock.advance(60_000);
    expect(good.times.length).toBeGreaterThan(55);
    expect(bad.times.length).toBeLessThan(9);
    expect(run.connection.status()).toMatchObject({
      state: 'late',
      error: { code: 'malformed', detail: 'at rules' },
    });
    expect(run.connection.sources().map(({ scope, state }) => [scope, state])).toEqual([
      ['good', 'live'],
      ['bad', 'never'],
    ]);
  });

  it('of the way mark every source, probe with one, and recover together', async () => {
    const clock = manualClock();
    let open = true;
    const attempts: [number, string][] = [];
    const gone = (scope: string, mode: 'poll' | 'watch'): Script => ({
      scope,
      mode,
      intervalMs: mode === 'watch' ? 60_000 : 1_000,
      observe: async (context) => {
        attempts.push([clock.monotonic(), scope]);
        if (!open) throw failing('unreachable');
        await publish(scope)(context);
        while (mode === 'watch') {
          await clock.sleep(1_000, context.signal);
          if (!open) throw failing('unreachable');
        }
      },
    });
    const run = start(
      fakeSystem([gone('p1', 'poll'), gone('p2', 'poll'), gone('w1', 'watch'), gone('w2', 'watch')]),
      clock,
    );
    await clock.advance(5_000);
    expect(run.connection.status().state).toBe('live');
    open = false;
    await clock.advance(3_000);
    expect(run.connection.sources().map(({ state }) => state)).toEqual(['stale', 'stale', 'stale', 'stale']);
    attempts.length = 0;
    await clock.advance(60_000);
    expect(attempts.length).toBeLessThanOrEqual(5);
    expect(new Set(attempts.map(([, scope]) => scope))).toEqual(new Set(['p1', 'p2']));
    open = true;
    attempts.length = 0;
    await clock.advance(31_000);
    const first = attempts[0]?.[0] ?? Number.NaN;
    expect(
      attempts
        .filter(([at]) => at - first < 500)
        .map(([, scope]) => scope)
        .sort(),
    ).toEqual(['p1', 'p2', 'w1', 'w2']);
    expect(run.connection.status().state).toBe('live');
  });

  it('let the others follow a probe that is silent but not turned away', async () => {
    const clock = manualClock();
    let open = false;
    const seen: string[] = [];
    const watch = (scope: string): Script => ({
      scope,
      mode: 'watch',
      intervalMs: 600_000,
      observe: async (context) => {
        if (!open) throw failing('unreachable');
        seen.push(scope);
        await clock.sleep(300_000, context.signal);
      },
    });
    start(fakeSystem([watch('w1'), watch('w2')]), clock);
    await clock.advance(500);
    open = true;
    await clock.advance(2_000);
    expect(seen).toHaveLength(1);
    await clock.advance(10_000);
    expect(seen).toHaveLength(2);
  });

  it.each<[ErrorCode, number]>([
    ['unauthorized', 401],
    ['forbidden', 403],
  ])('by %s are forbidden, and asked about once a minute', async (code, status) => {
    const clock = manualClock();
    const source = planned(
      clock,
      'a',
      Array.from({ length: 5 }, () => failing(code, 'no', status)),
    );
    const run = start(fakeSystem([source]), clock);
    await clock.advance(179_000);
    expect(source.times).toEqual([0, 60_000, 120_000]);
    expect(run.connection.status()).toMatchObject({
      state: 'forbidden',
      error: { code },
      nextAttemptAt: 1_180_000,
    });
  });

  it('that are defects are called so, and logged', async () => {
    const clock = manualClock();
    const run = start(
      fakeSystem([{ scope: 'a', observe: () => Promise.reject(new TypeError('x is undefined')) }]),
      clock,
    );
    await clock.advance(10);
    expect(run.connection.status().error?.code).toBe('internal');
    expect(run.warnings).toEqual(['a source failed by a defect']);
  });
});

describe('bad answers', () => {
  const faults: Record<string, [RequestListener, ErrorCode]> = {
    malformed: [(_, response) => response.end('{"n":"seven"}'), 'malformed'],
    html: [(_, response) => response.end('<html>'), 'malformed'],
    truncated: [
      (_, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"n":', () => response.socket?.end());
      },
      'truncated',
    ],
    oversized: [(_, response) => response.end('"x"'.padEnd(5_000)), 'too-large'],
    hanging: [() => {}, 'timeout'],
    reset: [(_, response) => void response.socket?.resetAndDestroy(), 'truncated'],
    error: [(_, response) => response.writeHead(500).end('boom'), 'server-error'],
    redirect: [
      (_, response) => response.writeHead(302, { location: 'http://elsewhere/' }).end(),
      'malformed',
    ],
    refused: [(_, response) => response.writeHead(401).end(), 'unauthorized'],
  };
  const good: RequestListener = (_, response) => response.end('{"n":7}');
  const reading: Script = {
    scope: 'n',
    intervalMs: 50,
    observe: async (context) => {
      const request = {
        path: '/n',
        purpose: 'read n',
        deadlineMs: 300,
        maxBytes: 1_000,
        signal: context.signal,
      };
      await context.http.json(request, z.object({ n: z.number() }));
      await publish('n')(context);
    },
  };

  it('become typed errors, one after the other, and disturb no other connection', async () => {
    let answer = good;
    const bad = await httpServer((request, response) => answer(request, response));
    const other = await httpServer(good);
    const victim = start(fakeSystem([reading]), systemClock, { id: 'victim', url: bad.url });
    const witness = start(fakeSystem([reading]), systemClock, { id: 'witness', url: other.url });
    const stateOf = (run: Started) => run.connection.status().state;
    for (const [name, [fault, code]] of Object.entries(faults)) {
      answer = good;
      victim.connection.retry();
      await expect.poll(() => stateOf(victim), { message: `live before ${name}` }).toBe('live');
      expect(victim.connection.status().error).toBeUndefined();
      answer = fault;
      await expect.poll(() => victim.connection.status().error?.code, { message: name }).toBe(code);
      expect(stateOf(victim)).toBe(code === 'unauthorized' ? 'forbidden' : 'stale');
      expect(victim.connection.status().error?.advice.length).toBeGreaterThan(20);
    }
    await expect.poll(() => stateOf(witness)).toBe('live');
    expect(new Set(witness.statuses.map(({ state }) => state))).toEqual(new Set(['connecting', 'live']));
    await Promise.all([victim.connection.stop(), witness.connection.stop()]);
    await Promise.all([bad.close(), other.close()]);
  });
});

describe('retry', () => {
  it('tries at once, and starts the back-off anew', async () => {
    const clock = manualClock();
    const source = planned(
      clock,
      'a',
      Array.from({ length: 6 }, () => failing('unreachable')),
    );
    const run = start(fakeSystem([source]), clock);
    await clock.advance(20_000);
    const before = source.times.length;
    expect(run.connection.retry()).toBe(true);
    await clock.advance(0);
    expect(source.times.length).toBe(before + 1);
    expect(source.times.at(-1)).toBe(20_000);
    expect(run.connection.status().nextAttemptAt).toBe(clock.now() + 1_000);
    await run.connection.stop();
    expect(run.connection.retry()).toBe(false);
  });
});

describe('watches', () => {
  it('count as answering while they run, start again when they end, and tell the version', async () => {
    const clock = manualClock();
    let calls = 0;
    const run = start(
      fakeSystem([
        {
          scope: 'w',
          mode: 'watch',
          intervalMs: 10_000,
          observe: async (context) => {
            calls += 1;
            if (calls === 1) throw failing('truncated');
            context.reportVersion('1.2.3');
            await publish('w')(context);
            for (let i = 0; i < 3; i++) {
              await clock.sleep(5_000, context.signal);
              context.confirm(clock.now());
            }
          },
        },
      ]),
      clock,
    );
    await clock.advance(10);
    expect(run.connection.status().state).toBe('down');
    await clock.advance(12_000);
    expect(run.connection.status()).toMatchObject({ state: 'live', version: '1.2.3' });
    expect(run.connection.status().nextAttemptAt).toBeUndefined();
    expect(run.confirms).toEqual(['w', 'w']);
    await clock.advance(10_000);
    expect(calls).toBe(3);
  });
});

describe('stopping', () => {
  it('ends everything, whether or not the source listens, and says nothing more', async () => {
    const clock = manualClock();
    const signals: AbortSignal[] = [];
    const deaf = (scope: string, mode: 'poll' | 'watch'): Script => ({
      scope,
      mode,
      observe: (context) => {
        signals.push(context.signal);
        return new Promise(() => {});
      },
    });
    const run = start(fakeSystem([deaf('a', 'poll'), deaf('w', 'watch')]), clock);
    await clock.advance(700);
    const told = run.statuses.length + run.sources.length;
    await Promise.all([run.connection.stop(), run.connection.stop()]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(clock.sleepers()).toBe(0);
    await clock.advance(100_000);
    expect(run.statuses.length + run.sources.length).toBe(told);
  });

  it('leaves no socket and no timer of a connection that was at work', async () => {
    const server = await httpServer((request, response) => {
      if (request.url !== '/watch') response.end('{}');
    });
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const run = start(
      fakeSystem([
        {
          scope: 'p',
          intervalMs: 50,
          observe: async (context) => {
            await context.http.json({ path: '/poll', purpose: 'read' }, z.unknown());
            await publish('p')(context);
          },
        },
        {
          scope: 'w',
          mode: 'watch',
          observe: async (context) => {
            await context.http.json({ path: '/watch', purpose: 'watch', deadlineMs: 300_000 }, z.unknown());
          },
        },
      ]),
      systemClock,
      { url: server.url },
    );
    await expect.poll(() => server.requests()).toBeGreaterThan(3);
    expect(run.connection.requestRate10s()).toBeGreaterThan(0.3);
    expect(run.connection.status().latencyMs).toBeGreaterThan(0);
    await run.connection.stop();
    await expect.poll(() => server.sockets()).toBe(0);
    await expect.poll(timers).toBeLessThanOrEqual(before);
    await server.close();
  });
});

describe('a configuration that cannot be started', () => {
  const token = (text: string) => ({ type: 'token' as const, token: text });
  it.each<[string, System | undefined, Partial<ConnectionConfig>, ErrorCode, RegExp]>([
    ['no connector', undefined, {}, 'unsupported', /no connector for "consul"/],
    ['another host in between', fakeSystem([]), { via: 'jump' }, 'invalid-input', /"via"/],
    [
      'a missing variable',
      fakeSystem([]),
      { auth: token('${env:CONSUL_TOKEN}') },
      'invalid-input',
      /CONSUL_TOKEN/,
    ],
    ['an empty variable', fakeSystem([]), { auth: token('${env:EMPTY}') }, 'invalid-input', /EMPTY/],
    [
      'half a variable',
      fakeSystem([]),
      { auth: token('id=${env:SET}') },
      'invalid-input',
      /mixes a variable/,
    ],
    [
      'credentials of the wrong kind',
      fakeSystem([]),
      { auth: { type: 'password', username: 'u', password: 'top-secret' } },
      'invalid-input',
      /auth.type is "password"; Fake takes: none, token/,
    ],
    [
      'credentials in the URL',
      fakeSystem([]),
      { url: 'http://u:top-secret@host' },
      'invalid-input',
      /holds credentials/,
    ],
    ['a scheme it does not speak', fakeSystem([]), { url: 'ssh://host' }, 'invalid-input', /scheme/],
    [
      'TLS settings without TLS',
      fakeSystem([]),
      { tls: { fingerprint: 'ab'.repeat(32) } },
      'invalid-input',
      /nothing would be verified/,
    ],
    [
      'a CA that is none',
      fakeSystem([]),
      { url: 'https://host', tls: { ca: 'nonsense' } },
      'invalid-input',
      /PEM/,
    ],
    [
      'a connector that fails',
      fakeSystem([], {
        sources: () => {
          throw new TypeError('defect');
        },
      }),
      {},
      'internal',
      /defect/,
    ],
  ])('is down and says why: %s', async (_, system, config, code, detail) => {
    const clock = manualClock();
    const run = start(system, clock, config, { EMPTY: '', SET: 'x' });
    expect(run.statuses).toHaveLength(1);
    const status = run.connection.status();
    expect(status).toMatchObject({ state: 'down', error: { code }, lastAnswerAt: null });
    expect(status.error?.detail).toMatch(detail);
    expect(JSON.stringify(status)).not.toContain('top-secret');
    expect(run.connection.retry()).toBe(false);
    const steps = await collect(run.connection.test());
    expect(steps).toMatchObject([{ step: 'configuration', ok: false, error: { code } }]);
    await run.connection.stop();
    expect(clock.sleepers()).toBe(0);
  });

  it('uses the variable that a secret names, and never shows it', async () => {
    const clock = manualClock();
    const server = await httpServer((request, response) => response.end(JSON.stringify(request.headers)));
    let sent = '';
    const run = start(
      fakeSystem(
        [
          {
            scope: 'a',
            observe: async (context) => {
              sent = (await context.http.text({ path: '/', purpose: 'read' })).body;
            },
          },
        ],
        { authHeaders: (auth) => (auth.type === 'token' ? { 'x-token': auth.token } : {}) },
      ),
      clock,
      { url: server.url, auth: token('${env:MY_TOKEN}') },
      { MY_TOKEN: 'from-the-environment' },
    );
    await expect.poll(() => sent).toContain('"x-token":"from-the-environment"');
    expect(run.connection.status().hasSecret).toBe(true);
    expect(JSON.stringify(run.statuses)).not.toContain('from-the-environment');
    await run.connection.stop();
    await server.close();
  });
});
