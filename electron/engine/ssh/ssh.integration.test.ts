import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { environmentFile } from '../../../lab/kit/environment.ts';
import { startLab, type Lab } from '../../../lab/lab.ts';
import type { GantryClient } from '../../../shared/contract/contract.ts';
import type { CheckStep } from '../../../shared/model/connection.ts';
import { EnvironmentFileSchema } from '../../../shared/model/environment.ts';
import type { WorldSnapshot } from '../../../shared/model/world.ts';
import { createEngine, type Engine } from '../engine.ts';
import { connectInProcess } from '../in-process.ts';
import {
  keyPair,
  startAgent,
  startSshd,
  testUser,
  whyNoSshd,
  type Sshd,
  type TestUser,
} from './testing/sshd.ts';

/** SSH against real OpenSSH servers: a jump host and a target, and the lab behind both. */

const obstacle = whyNoSshd();
if (obstacle) process.stderr.write(`SSH integration tests are skipped: ${obstacle}\n`);

const PASSPHRASE = 'secret phrase planted';
let folder: string;
let user: TestUser;
let jump: Sshd;
let target: Sshd;
let keys: { plain: string; encrypted: string; rsa: string; other: string };
const engines: Engine[] = [];

describe.skipIf(obstacle !== undefined)('real OpenSSH servers', () => {
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'gantry-ssh-'));
    chmodSync(folder, 0o755);
    user = await testUser();
    keys = {
      plain: await keyPair(folder, 'plain', 'ed25519'),
      encrypted: await keyPair(folder, 'encrypted', 'ed25519', PASSPHRASE),
      rsa: await keyPair(folder, 'rsa', 'rsa'),
      other: await keyPair(folder, 'other', 'ed25519'),
    };
    const authorizedKeys = [keys.plain, keys.encrypted, keys.rsa];
    jump = await startSshd(path.join(folder, 'jump'), { authorizedKeys });
    target = await startSshd(path.join(folder, 'target'), { authorizedKeys });
  });

  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.stop()));
  });

  afterAll(async () => {
    await jump.kill();
    await target.kill();
    await user.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  describe('logging in', () => {
    const host = (auth: object, more: object = {}) => ({
      id: 'target',
      system: 'ssh',
      url: `ssh://127.0.0.1:${target.port}`,
      auth: { username: user.name, ...auth },
      ...more,
    });

    it.each<[string, () => object]>([
      ['a key file', () => ({ type: 'key', privateKeyFile: keys.plain })],
      ['an encrypted key', () => ({ type: 'key', privateKeyFile: keys.encrypted, passphrase: PASSPHRASE })],
      ['an RSA key in PEM', () => ({ type: 'key', privateKeyFile: keys.rsa })],
      ['a password', () => ({ type: 'password', password: user.password })],
    ])('works with %s, and gantry check shows each step', async (_, auth) => {
      const { client } = await engineWith([host(auth())]);
      await live(client, 'target');
      const steps = await check(client, 'target');
      expect(steps.map(({ step, ok }) => `${step} ${ok}`)).toEqual([
        'configuration true',
        'dns true',
        'tcp true',
        'host-key true',
        'auth true',
        'version true',
        'permissions true',
      ]);
      expect(steps[3]?.detail).toContain(await target.fingerprint('ed25519'));
      expect(steps[3]?.detail).toContain('known from');
      expect(steps[5]?.detail).toMatch(/^OpenSSH_/);
      const [connection] = (await client.world.snapshot({})).connections;
      expect(connection).toMatchObject({ version: steps[5]?.detail, state: 'live' });
    });

    it('works with an agent, offering the chosen one of many keys', async () => {
      const many = await Promise.all(
        [1, 2, 3, 4, 5, 6, 7].map((n) => keyPair(folder, `agent-${n}`, 'ed25519')),
      );
      const agent = await startAgent(folder, [...many, keys.rsa]);
      const printed = execFileSync('ssh-keygen', ['-lf', `${keys.rsa}.pub`], { encoding: 'utf8' });
      try {
        const env = { SSH_AUTH_SOCK: agent.socket };
        const chosen = host({ type: 'agent', identity: printed.split(' ')[1] });
        const { client } = await engineWith([chosen], env);
        await live(client, 'target');
        // The first five of eight are refused before the right one comes; the server is not asked often enough to hang up.
        const any = await engineWith([host({ type: 'agent' })], env);
        await state(any.client, 'target', 'forbidden');
        expect(await errorOf(any.client, 'target')).toMatchObject({ code: 'unauthorized' });
      } finally {
        await agent.stop();
      }
    });

    it.each<[string, () => object, string, RegExp]>([
      [
        'a wrong password',
        () => ({ type: 'password', password: 'wrong-planted' }),
        'unauthorized',
        /tried: password/,
      ],
      [
        'a key that the host does not know',
        () => ({ type: 'key', privateKeyFile: keys.other }),
        'unauthorized',
        /tried: publickey/,
      ],
      [
        'a wrong passphrase',
        () => ({ type: 'key', privateKeyFile: keys.encrypted, passphrase: 'wrong-planted' }),
        'invalid-input',
        /does not open it/,
      ],
      [
        'no passphrase',
        () => ({ type: 'key', privateKeyFile: keys.encrypted }),
        'invalid-input',
        /no passphrase is given/,
      ],
      ['no agent', () => ({ type: 'agent' }), 'invalid-input', /no agent is running/],
    ])('says what is wrong with %s', async (_, auth, code, detail) => {
      const { client } = await engineWith([host(auth())], { SSH_AUTH_SOCK: '' });
      await state(client, 'target', code === 'unauthorized' ? 'forbidden' : 'down');
      const error = await errorOf(client, 'target');
      expect(error).toMatchObject({ code, target: 'target' });
      expect(error?.detail).toMatch(detail);
      const steps = await check(client, 'target');
      expect(steps.at(-1)).toMatchObject({ ok: false, error: { code } });
      expect(JSON.stringify([await client.world.snapshot({}), steps])).not.toMatch(/planted/);
    });

    it('believes a pinned fingerprint without known_hosts, and no other one', async () => {
      const hostKey = await target.fingerprint('ed25519');
      const auth = { type: 'key', privateKeyFile: keys.plain };
      const pinned = await engineWith([host(auth, { hostKey })], {}, []);
      await live(pinned.client, 'target');
      const before = target.log().length;
      const wrong = await engineWith([host(auth, { hostKey: await jump.fingerprint('ed25519') })], {}, []);
      await state(wrong.client, 'target', 'down');
      expect(await errorOf(wrong.client, 'target')).toMatchObject({ code: 'host-key' });
      expect((await errorOf(wrong.client, 'target'))?.detail).toContain(hostKey);
      expect(target.log().slice(before)).not.toMatch(/Failed|Accepted/);
    });

    it('asks first for the type of key it knows', async () => {
      const auth = { type: 'key', privateKeyFile: keys.plain };
      const rsaOnly = knownHosts('rsa-only', `[127.0.0.1]:${target.port} ${target.hostKey('rsa')}`);
      const { client } = await engineWith([host(auth)], {}, [rsaOnly]);
      await live(client, 'target');
      const steps = await check(client, 'target');
      expect(steps[3]?.detail).toContain(`ssh-rsa ${await target.fingerprint('rsa')}`);
    });

    it('refuses an unknown and a changed host before any login, and recovers when the key is known', async () => {
      const auth = { type: 'password', password: user.password };
      const file = knownHosts('changing', '');
      const before = target.log().length;
      const { client } = await engineWith([host(auth)], {}, [file]);
      await state(client, 'target', 'down');
      const unknown = await errorOf(client, 'target');
      expect(unknown).toMatchObject({ code: 'host-key', retryable: false });
      expect(unknown?.advice).toContain(await target.fingerprint('ed25519'));
      knownHosts('changing', allKeys());
      await live(client, 'target');
      const old = await target.fingerprint('ed25519');
      expect(
        target
          .log()
          .slice(before)
          .match(/Failed|Accepted/g),
      ).toEqual(['Accepted']);

      await target.kill();
      await target.rotate();
      const rotated = target.log().length;
      await target.start();
      await eventually(async () => {
        expect(await errorOf(client, 'target')).toMatchObject({ code: 'host-key' });
      });
      const changed = await errorOf(client, 'target');
      for (const print of [old, await target.fingerprint('ed25519')])
        expect(changed?.detail).toContain(print);
      expect(await stateOf(client, 'target')).toBe('stale');
      expect(target.log().slice(rotated)).not.toMatch(/Failed|Accepted/);
    });
  });

  describe('the lab behind two hops', () => {
    let lab: Lab;
    beforeEach(async () => {
      lab = await startLab();
    });
    afterEach(() => lab.stop());

    const hops = () => [
      {
        id: 'jump',
        system: 'ssh',
        url: `ssh://${user.name}@127.0.0.1:${jump.port}`,
        auth: { type: 'key', privateKeyFile: keys.plain },
      },
      {
        id: 'target',
        system: 'ssh',
        url: `ssh://127.0.0.1:${target.port}`,
        auth: { type: 'password', username: user.name, password: user.password },
        via: 'jump',
      },
    ];
    const through = () => lab.connections.map((connection) => ({ ...connection, via: 'target' }));

    it('is the same as without', async () => {
      const straight = await engineWith([...lab.connections]);
      // The hops last: the order in the file must not matter.
      const tunnelled = await engineWith([...through(), ...hops()]);
      await eventually(async () => {
        const [a, b] = [await straight.client.world.snapshot({}), await tunnelled.client.world.snapshot({})];
        expect(a.connections.map(({ state }) => state)).toEqual(['live', 'live', 'live', 'live']);
        expect(a.links.filter(({ rule }) => rule === 'address-on-guest').length).toBeGreaterThan(30);
        expect(gist(b)).toEqual(gist(a));
      });
      const world = await tunnelled.client.world.snapshot({});
      expect(world.connections.map(({ id, state }) => `${id} ${state}`)).toEqual(
        expect.arrayContaining(['jump live', 'target live']),
      );

      const steps = await check(tunnelled.client, 'pve');
      expect(steps.every(({ ok }) => ok)).toBe(true);
      expect(steps[1]?.detail).toContain('"target"');
      expect(steps[2]?.detail).toContain('through the SSH host "target"');
      expect(steps[3]).toMatchObject({ step: 'tls', detail: expect.stringContaining('pinned') as string });
    });

    it('refuses a wrong certificate at the far end, inside the tunnel', async () => {
      const wrong = through()
        .filter(({ system }) => system === 'proxmox')
        .map((connection) => ({ ...connection, tls: { fingerprint: 'ab'.repeat(32) } }));
      const { client } = await engineWith([...hops(), ...wrong]);
      await eventually(async () => expect(await errorOf(client, 'pve')).toMatchObject({ code: 'tls' }));
      expect((await check(client, 'pve')).at(-1)).toMatchObject({ step: 'tls', ok: false });
    });

    it('names the hop that is killed in mid-work, and recovers without a click', async () => {
      const { client } = await engineWith([...hops(), ...through()]);
      const all = lab.connections.map(({ id }) => id);
      for (const id of all) await live(client, id);
      const entities = (await client.world.snapshot({})).entities.length;
      const sockets = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

      await jump.kill();
      for (const id of all) {
        await eventually(async () => {
          expect(await stateOf(client, id)).toBe('stale');
          expect(await errorOf(client, id)).toMatchObject({ code: 'unreachable' });
        });
        const error = await errorOf(client, id);
        expect(error?.advice).toContain('"target"');
        expect(error?.advice).toContain('"jump"');
      }
      // What was known stays, marked.
      expect((await client.world.snapshot({})).entities.length).toBe(entities);
      const steps = await check(client, all[0]!);
      expect(steps.at(-1)).toMatchObject({ step: 'tcp', ok: false, error: { code: 'unreachable' } });

      await jump.start();
      for (const id of ['jump', 'target', ...all]) await live(client, id);
      await vi.waitFor(() => {
        const now = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
        expect(now).toBeLessThanOrEqual(sockets);
      }, 20_000);
    });
  });
});

interface Running {
  readonly engine: Engine;
  readonly client: GantryClient;
}

async function engineWith(
  connections: readonly object[],
  env: Record<string, string> = {},
  known: readonly string[] = [knownHosts('all', allKeys())],
): Promise<Running> {
  const file = EnvironmentFileSchema.parse(environmentFile(connections as Lab['connections']));
  const engine = await createEngine({
    host: 'test',
    environments: [{ id: 'e', origin: 'test', file }],
    activate: 'e',
    env,
    knownHosts: known,
    logger: { info: () => {}, warn: () => {} },
  });
  engines.push(engine);
  return { engine, client: connectInProcess(engine) };
}

function knownHosts(name: string, text: string): string {
  const file = path.join(folder, `known-${name}`);
  writeFileSync(file, `${text}\n`);
  return file;
}

function allKeys(): string {
  return [jump, target]
    .flatMap((sshd) =>
      [sshd.hostKey('ed25519'), sshd.hostKey('rsa')].map((key) => `[127.0.0.1]:${sshd.port} ${key}`),
    )
    .join('\n');
}

async function check(client: GantryClient, id: string): Promise<CheckStep[]> {
  const steps: CheckStep[] = [];
  for await (const step of await client.connections.test({ id })) steps.push(step);
  return steps;
}

async function statusOf(client: GantryClient, id: string) {
  const { connections } = await client.world.snapshot({});
  return connections.find((connection) => connection.id === id);
}

const stateOf = async (client: GantryClient, id: string) => (await statusOf(client, id))?.state;
const errorOf = async (client: GantryClient, id: string) => (await statusOf(client, id))?.error;

function state(client: GantryClient, id: string, wanted: string): Promise<void> {
  return eventually(async () => expect(await stateOf(client, id), id).toBe(wanted));
}

const live = (client: GantryClient, id: string) => state(client, id, 'live');

function eventually(check: () => Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 40_000, interval: 100 });
}

/** What must be equal; numbers move all the time. */
function gist(world: WorldSnapshot) {
  const systems = world.connections.filter(({ system }) => system !== 'ssh');
  return {
    connections: systems.map(({ id, state, version }) => `${id} ${state} ${version}`).toSorted(),
    entities: world.entities
      .map(({ id, kind, name, health }) => `${kind} ${id} ${name} ${health.state}`)
      .toSorted(),
    links: world.links
      .map(({ from, to, rule, confidence }) => `${from} ${to} ${rule} ${confidence}`)
      .toSorted(),
  };
}
