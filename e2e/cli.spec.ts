import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from '@playwright/test';
import { PublishedCheckSchema } from '../shared/published/check.ts';
import { PublishedWorldSchema } from '../shared/published/world.ts';
import { distDir } from './console.ts';

/** The `gantry` command as scripts use it: built, in a process of its own, judged by its output and exit status. */

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const cli = path.join(distDir, 'cli.js');
let folder: string;
let environment: string;
let lab: ReturnType<typeof spawn>;

test.beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'gantry-cli-'));
  environment = path.join(folder, 'lab.json');
  lab = spawn(process.execPath, [cli, 'lab', '--write-env', environment], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: own(),
  });
  await expect.poll(() => existsSync(environment), { timeout: 20_000 }).toBe(true);
});

test.afterAll(async () => {
  if (lab.exitCode === null) {
    const gone = new Promise((resolve) => lab.once('exit', resolve));
    lab.kill('SIGTERM');
    await gone;
  }
  rmSync(folder, { recursive: true, force: true });
});

test('world prints the published format and nothing else', async () => {
  const { code, out, err } = await gantry('world', '--env', environment, '--json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const world = PublishedWorldSchema.parse(JSON.parse(out));
  expect(world.connections.map(({ system, state }) => `${system} ${state}`).toSorted()).toEqual([
    'consul live',
    'llm-balancer live',
    'loxilb live',
    'proxmox live',
  ]);
  const ids = world.entities.map(({ id }) => id);
  expect(ids).toContain('proxmox/pve/lxc/112');
  expect(ids).toContain('consul/consul/service/catalog');
  for (const entity of world.entities) expect(entity.freshness.state).toBe('live');
});

test('world without --json is for people', async () => {
  const { code, out } = await gantry('world', '--env', environment, '--settle', '3');
  expect(code).toBe(0);
  expect(out).toMatch(/^CONNECTION +SYSTEM +STATE/);
  expect(out).toMatch(/\nvirtual-ip +6 +0 +0 +0 +0\n/);
});

test('check passes on the lab, and names the failing step when something breaks', async () => {
  const fine = await gantry('check', '--env', environment, '--json');
  expect({ code: fine.code, err: fine.err }).toEqual({ code: 0, err: '' });
  const passed = PublishedCheckSchema.parse(JSON.parse(fine.out));
  expect(passed.connections.map(({ ok }) => ok)).toEqual([true, true, true, true]);

  expect((await gantry('lab', 'fault', 'consul', 'down')).code).toBe(0);
  expect((await gantry('lab', 'fault', 'proxmox', 'tls-expired')).code).toBe(0);
  const broken = await gantry('check', '--env', environment, '--json');
  expect(broken.code).toBe(1);
  const failed = PublishedCheckSchema.parse(JSON.parse(broken.out));
  const stepOf = (system: string) => failed.connections.find((c) => c.system === system)?.failedStep;
  expect({ consul: stepOf('consul'), proxmox: stepOf('proxmox'), loxilb: stepOf('loxilb') }).toEqual({
    consul: 'tcp',
    proxmox: 'tls',
    loxilb: undefined,
  });
  const advice = failed.connections.flatMap(({ steps }) => steps.flatMap(({ error }) => error?.advice ?? []));
  expect(advice).toHaveLength(2);
  for (const name of ['consul', 'proxmox']) expect((await gantry('lab', 'fault', name, 'none')).code).toBe(0);
});

test('a wrong token fails at auth, and is not repeated anywhere', async () => {
  const file = JSON.parse(readFileSync(environment, 'utf8')) as {
    connections: { auth?: { token?: string } }[];
  };
  for (const { auth } of file.connections) if (auth?.token) auth.token = 'planted-wrong-secret';
  const wrong = path.join(folder, 'wrong.json');
  writeFileSync(wrong, JSON.stringify(file));
  const { code, out, err } = await gantry('check', '--env', wrong, '--json');
  expect(code).toBe(1);
  const { connections } = PublishedCheckSchema.parse(JSON.parse(out));
  expect(connections.map(({ failedStep }) => failedStep)).toEqual(['auth', 'auth', 'auth', 'auth']);
  expect(out + err).not.toContain('planted-wrong-secret');
});

test('a secret may come from the environment', async () => {
  const file = JSON.parse(readFileSync(environment, 'utf8')) as {
    connections: { system: string; auth?: { token?: string } }[];
  };
  file.connections = file.connections.filter(({ system }) => system === 'llm-balancer');
  const token = file.connections[0]?.auth?.token ?? '';
  file.connections[0]!.auth!.token = '${env:LLM_TOKEN}';
  const indirect = path.join(folder, 'indirect.json');
  writeFileSync(indirect, JSON.stringify(file));
  expect((await gantryWith({ LLM_TOKEN: token }, 'check', '--env', indirect)).code).toBe(0);
  const missing = await gantry('check', '--env', indirect, '--json');
  expect(missing.code).toBe(1);
  expect(missing.out).toContain('LLM_TOKEN');
  expect(PublishedCheckSchema.parse(JSON.parse(missing.out)).connections[0]?.failedStep).toBe(
    'configuration',
  );
});

test('an unknown key is refused by name', async () => {
  const bad = path.join(folder, 'bad.json');
  writeFileSync(bad, '{"name": "x", "protection": "open", "colour": 1, "connections": []}');
  const { code, out, err } = await gantry('world', '--env', bad, '--json');
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toContain('colour: unknown key');
});

for (const [args, words] of [
  [[], 'Usage: gantry'],
  [['dance'], 'no command "dance"'],
  [['world'], '--env FILE is missing'],
  [['world', '--env', 'x', '--settle', 'long'], '--settle must be a number'],
  [['check', '--frobnicate'], 'frobnicate'],
  [['lab', 'fault', 'consul'], 'Usage: gantry lab'],
] as const) {
  test(`wrong use is status 2: gantry ${args.join(' ')}`, async () => {
    const { code, out, err } = await gantry(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(words);
    expect(err).not.toContain('    at ');
  });
}

test('the lab stops cleanly on SIGTERM and takes its file along', async () => {
  const file = path.join(folder, 'second.json');
  const second = spawn(process.execPath, [cli, 'lab', '--write-env', file], { stdio: 'ignore', env: own() });
  await expect.poll(() => existsSync(file), { timeout: 20_000 }).toBe(true);
  const ended = new Promise<number | null>((resolve) => second.once('exit', resolve));
  second.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(existsSync(file)).toBe(false);
});

function gantry(...args: string[]): Promise<Outcome> {
  return gantryWith({}, ...args);
}

async function gantryWith(env: Record<string, string>, ...args: string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [cli, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...own(), ...env },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

/** A temporary folder of its own: the address of this lab must not meet another's. */
function own(): NodeJS.ProcessEnv {
  return { ...process.env, TMPDIR: folder };
}
