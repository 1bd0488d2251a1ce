import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Auth } from '../../../../shared/model/environment.ts';
import type { Observation } from '../../../../shared/model/entity.ts';
import { GantryError, type ErrorCode } from '../../../../shared/model/error.ts';
import { startTestNode, type TestNode } from '../../../../lab/loxilb/test-node.ts';
import type { LoxilbLabOptions } from '../../../../lab/loxilb/index.ts';
import { scenario } from '../../../../lab/scenario.ts';
import type { Fault } from '../../../../lab/kit/faults.ts';
import { systemClock, type Clock } from '../../clock.ts';
import { createHttpClient, type ManagedHttpClient } from '../../net/http-client.ts';
import * as client from './client.ts';
import { loxilbSystem, OLD_VERSION } from './index.ts';

/** Ten times as fast, so that a deadline of 15 s is over soon. */
const quickClock: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  sleep: (ms, signal) => systemClock.sleep(ms / 10, signal),
};

interface Bench {
  readonly node: TestNode;
  readonly http: ManagedHttpClient;
  readonly versions: string[];
  /** Runs one scope once. @throws GantryError */
  observe(scope: string): Promise<Observation>;
}

const memberCount = scenario.virtualIps.flatMap(({ service }) =>
  scenario.instances.filter((instance) => instance.service === service),
).length;
const entityCount = scenario.virtualIps.length + memberCount;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function bench(options: LoxilbLabOptions = {}, auth: Auth = { type: 'none' }): Promise<Bench> {
  const node = await startTestNode(options);
  const http = createHttpClient({
    url: node.server.origin,
    auth,
    system: loxilbSystem,
    clock: quickClock,
    random: Math.random,
  });
  closing.push(
    () => http.close(),
    () => node.stop(),
  );
  const sources = loxilbSystem.sources({ connectionId: 'lb-1', url: node.server.origin });
  const versions: string[] = [];
  return {
    node,
    http,
    versions,
    async observe(scope) {
      const published: Observation[] = [];
      await sources
        .find((source) => source.scope === scope)
        ?.observe({
          connectionId: 'lb-1',
          http,
          clock: quickClock,
          random: Math.random,
          signal: AbortSignal.timeout(20_000),
          publish: (observation) => published.push(observation),
          confirm: () => {},
          reportVersion: (version) => versions.push(version),
        });
      const [observation] = published;
      if (!observation || published.length !== 1) throw new Error(`${published.length} observations`);
      return observation;
    },
  };
}

const signal = () => AbortSignal.timeout(20_000);

async function failure(work: Promise<unknown>): Promise<GantryError> {
  const thrown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof GantryError)) throw new Error(`no GantryError but ${String(thrown)}`);
  return thrown;
}

describe('LoxiLB over HTTP', () => {
  it('shows every virtual IP of the scenario with its members, healthy', async () => {
    const { observe } = await bench();
    const { entities, links, partial } = await observe('rules');
    expect(partial).toBeUndefined();
    for (const vip of scenario.virtualIps) {
      const found = entities.find(({ name }) => name === `${vip.ip}:${vip.port}`);
      expect(found).toMatchObject({ kind: 'virtual-ip', attrs: { ruleName: vip.name, monitored: true } });
      const members = links.filter(({ from, kind }) => from === found?.id && kind === 'routes-to');
      const sockets = members.flatMap(({ to }) => entities.find(({ id }) => id === to)?.sockets ?? []);
      const instances = scenario.instances.filter(({ service }) => service === vip.service);
      const byText = (a: string, b: string) => (a < b ? -1 : 1);
      expect(sockets.sort(byText)).toEqual(instances.map(({ ip, port }) => `${ip}:${port}`).sort(byText));
    }
    const members = entities.filter(({ kind }) => kind === 'member');
    expect(members).toHaveLength(memberCount);
    expect(members.every(({ ownHealth }) => ownHealth.state === 'healthy')).toBe(true);
  });

  it('gives the same observation from differently ordered answers', async () => {
    const { observe } = await bench();
    const [first, second] = [await observe('rules'), await observe('rules')];
    expect(second.entities.map(({ id }) => id)).toEqual(first.entities.map(({ id }) => id));
    expect(second.links).toEqual(first.links);
  });

  it('counts totals and rates', async () => {
    const { node, observe } = await bench();
    node.traffic(5);
    const first = await observe('rules');
    expect(first.entities[0]?.metrics.bytesTotal).toBeGreaterThan(0);
    expect(first.entities[0]?.metrics.bytesPerSecond).toBeUndefined();
    node.traffic(5);
    await vi.waitFor(async () => {
      const { metrics } = (await observe('rules')).entities[0] ?? {};
      expect(metrics?.bytesPerSecond).toBeGreaterThan(0);
    });
  });

  it('sees an instance die, a host being drained, and both come back', async () => {
    const { node, observe } = await bench();
    const health = async (name: string) =>
      (await observe('rules')).entities.find((entity) => entity.kind === 'member' && entity.name === name)
        ?.ownHealth;
    node.world.setProcess('catalog-2', 'killed');
    node.pass(2_000);
    await vi.waitFor(async () => expect((await health('10.1.0.22:8080'))?.state).toBe('down'));
    expect((await health('10.1.0.22:8080'))?.reason).toContain('tcp probe on port 8080 fails');
    node.world.setProcess('catalog-2', 'up');
    node.pass(30_000);
    await vi.waitFor(async () => expect((await health('10.1.0.22:8080'))?.state).toBe('healthy'));
    await node.call('POST', '/config/endpointhoststate', { hostName: '10.1.0.22', state: 'red' });
    expect((await health('10.1.0.22:8080'))?.state).toBe('maintenance');
  });

  it('leaves members of an unmonitored rule unknown and skips internal rules', async () => {
    const { node, observe } = await bench();
    await node.call('DELETE', '/config/loadbalancer/all');
    await node.call('POST', '/config/firewall', {
      ruleArguments: {},
      opts: { doSnat: true, toIP: '198.51.100.7' },
    });
    await node.call('POST', '/config/loadbalancer', {
      serviceArguments: { externalIP: '10.0.0.50', port: 80, protocol: 'tcp' },
      endpoints: [{ endpointIP: '10.1.0.21', targetPort: 8080, weight: 1 }],
    });
    const { entities } = await observe('rules');
    expect(entities.map(({ kind, ownHealth }) => [kind, ownHealth.state])).toEqual([
      ['virtual-ip', 'unknown'],
      ['member', 'unknown'],
    ]);
  });

  it('shows the node: version, HA state, ports and the addresses of its guest', async () => {
    const { node, observe, versions } = await bench();
    node.traffic(2);
    const { entities, partial } = await observe('node');
    expect(partial).toBeUndefined();
    expect(versions).toEqual(['0.9.8.8']);
    expect(entities[0]).toMatchObject({
      kind: 'load-balancer',
      name: 'lb-1',
      ownHealth: { state: 'healthy' },
      addresses: ['10.0.0.2', '10.1.0.2'],
      attrs: { version: '0.9.8.8', haState: 'MASTER', haInstance: 'llb-inst0' },
    });
    expect(entities.slice(1).map(({ name }) => name)).toEqual(['eth0', 'eth1', 'lo']);
    await node.call('POST', '/config/cistate', { instance: 'llb-inst0', state: 'FAULT', vip: '' });
    expect((await observe('node')).entities[0]?.ownHealth.state).toBe('down');
  });

  it('asks for the version once a minute, and for rules no more than two calls a turn', async () => {
    const { node, observe } = await bench();
    const requests = async (scope: string) => {
      const before = node.server.requestCount();
      await observe(scope);
      return node.server.requestCount() - before;
    };
    expect(await requests('rules')).toBe(2);
    const turns = [];
    for (let turn = 0; turn < 7; turn++) turns.push(await requests('node'));
    expect(turns).toEqual([5, 3, 3, 3, 3, 3, 5]);
  });
});

describe('LoxiLB versions', () => {
  it('0.9.7 has no version to tell and works all the same', async () => {
    const { http, observe, versions } = await bench({ profile: '0.9.7' });
    expect((await observe('rules')).partial).toBeUndefined();
    expect((await observe('node')).partial).toBeUndefined();
    expect(versions).toEqual([OLD_VERSION]);
    expect((await loxilbSystem.check({ http, signal: signal() })).version).toBe(OLD_VERSION);
  });

  it('what is not offered is partial and hides nothing else', async () => {
    const { http, observe } = await bench();
    const json = http.json.bind(http);
    http.json = (request, schema) =>
      json({ ...request, path: request.path.replace(/endpoint\/all|port\/all/, 'x') }, schema);
    const rules = await observe('rules');
    expect(rules.partial).toBe('end point probes missing: not offered by this version');
    expect(rules.entities.filter(({ kind }) => kind === 'virtual-ip')).toHaveLength(6);
    const node = await observe('node');
    expect(node.partial).toBe('ports missing: not offered by this version');
    expect(node.entities[0]?.addresses).toEqual(['10.0.0.2', '10.1.0.2']);
    const facts = await loxilbSystem.check({ http, signal: signal() });
    expect(facts.permissions).toContain('reads 6 rules, HA state; end point probes missing');
  });

  it('a failure text with status 200 is a failure', async () => {
    const { http } = await bench({ profile: '0.9.8.4' });
    const json = http.json.bind(http);
    http.json = (request, schema) => json({ ...request, path: '/netlox/v1/config/bfd/all' }, schema);
    const error = await failure(client.readRules(http, { signal: signal() }));
    expect(error.data).toMatchObject({
      code: 'server-error',
      detail: 'bfd session not running',
      status: 200,
    });
    expect(error.data.advice).not.toBe('');
  });
});

describe('LoxiLB credentials', () => {
  it('sends the token as it is', async () => {
    const { http } = await bench(
      { auth: { mode: 'manualtoken', token: 's3cret' } },
      { type: 'token', token: 's3cret' },
    );
    const facts = await loxilbSystem.check({ http, signal: signal() });
    expect(facts).toEqual({
      version: '0.9.8.8',
      permissions: `reads 6 rules, ${memberCount} end point probes, 3 ports, HA state`,
    });
  });

  it.each<Auth>([{ type: 'none' }, { type: 'token', token: 'wrong-token' }])(
    'calls $type refused by the node unauthorized, without the secret',
    async (auth) => {
      const { http, observe } = await bench({ auth: { mode: 'manualtoken', token: 's3cret' } }, auth);
      for (const work of [
        observe('rules'),
        observe('node'),
        loxilbSystem.check({ http, signal: signal() }),
      ]) {
        const { data } = await failure(work);
        expect(data).toMatchObject({ code: 'unauthorized', retryable: false });
        expect(data.advice).toContain('Bearer');
        expect(JSON.stringify(data)).not.toContain('wrong-token');
      }
    },
  );

  it('reads with what a login gave', async () => {
    const users = [{ username: 'ops', password: 'Corr3ct-horse', role: 'admin' as const }];
    const auth = { mode: 'userservice' as const, users, refusalDelayMs: 1 };
    const signedIn = await bench({ auth }, { type: 'password', username: 'ops', password: 'Corr3ct-horse' });
    expect((await signedIn.observe('rules')).entities).toHaveLength(entityCount);
    const wrong = await bench({ auth }, { type: 'password', username: 'ops', password: 'guessed-pass' });
    const { data } = await failure(wrong.observe('rules'));
    expect(data.code).toBe('unauthorized');
    expect(JSON.stringify(data)).not.toContain('guessed-pass');
  });

  it('logs in, and takes 200 without a token for a wrong password', async () => {
    const users = [{ username: 'ops', password: 'Corr3ct-horse', role: 'admin' as const }];
    const { http } = await bench({ auth: { mode: 'userservice', users, refusalDelayMs: 1 } });
    const login = (username: string, password: string) => client.login(http, { username, password });
    expect(await login('ops', 'Corr3ct-horse')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    for (const [username, password] of [
      ['ops', 'guessed-pass'],
      ['nobody', 'guessed-pass'],
    ] as const) {
      const { data } = await failure(login(username, password));
      expect(data.code).toBe('unauthorized');
      expect(JSON.stringify(data)).not.toContain('guessed-pass');
    }
  });

  it('says that a node without user service cannot log in', async () => {
    const current = await bench();
    const old = await bench({ profile: '0.9.7' });
    const credentials = { username: 'ops', password: 'x' };
    expect((await failure(client.login(current.http, credentials))).code).toBe('unsupported');
    expect((await failure(client.login(old.http, credentials))).code).toBe('not-found');
  });
});

describe('LoxiLB faults', () => {
  const faults: readonly (readonly [Fault['mode'], ErrorCode])[] = [
    ['malformed', 'malformed'],
    ['truncated', 'truncated'],
    ['oversized', 'too-large'],
    ['hang', 'timeout'],
    ['error', 'server-error'],
    ['down', 'unreachable'],
  ];

  it.each(faults)('%s is %s, with advice, and passes', async (mode, code) => {
    const { node, http, observe } = await bench();
    await observe('rules');
    await node.server.setFault({ mode });
    for (const scope of ['rules', 'node']) {
      // A connection that was kept open is met by the fault halfway; the next attempt meets it as a fresh one would.
      const data = await vi.waitFor(async () => {
        const error = await failure(observe(scope));
        expect([scope, error.code]).toEqual([scope, code]);
        return error.data;
      }, 10_000);
      expect(data.advice.length).toBeGreaterThan(10);
      expect(data.knownEffect).not.toBe('');
    }
    await node.server.setFault({ mode: 'none' });
    http.rearm();
    const recovered = await vi.waitFor(() => observe('rules'), 5_000);
    expect(recovered.entities).toHaveLength(entityCount);
    expect((await observe('node')).partial).toBeUndefined();
  });

  it('a slow answer is an answer', async () => {
    const { node, observe } = await bench();
    await node.server.setFault({ mode: 'slow', ms: 200 });
    expect((await observe('rules')).entities).toHaveLength(entityCount);
  });
});
