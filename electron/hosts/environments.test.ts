import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GantryError } from '../../shared/model/error.ts';
import { environmentSources, inOpeningOrder } from './environment-source.ts';
import { loadEnvironment, loadEnvironments } from './environments.ts';

describe('environmentSources', () => {
  it('makes readable ids that are unique and never that of the lab', () => {
    const ids = environmentSources([
      '/a/Prod EU.json',
      '/b/prod-eu.json',
      'lab.json',
      '/c/.json',
      '/d/lab.json',
    ]).map((source) => source.id);
    expect(ids).toEqual(['prod-eu', 'prod-eu-2', 'lab-2', 'environment', 'lab-3']);
  });

  it('makes paths absolute, for other processes', () => {
    expect(path.isAbsolute(environmentSources(['x.json'])[0]?.path ?? '')).toBe(true);
  });
});

describe('loadEnvironment', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'gantry-environment-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function load(text: string) {
    const file = path.join(folder, 'environment.json');
    await writeFile(file, text);
    return loadEnvironment({ id: 'e', origin: 'environment file', path: file, optional: false });
  }

  async function problemOf(text: string): Promise<string> {
    const thrown: unknown = await load(text).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(GantryError);
    return (thrown as GantryError).data.advice;
  }

  it('reads a file, with defaults', async () => {
    const loaded = await load('{"name": "Prod", "connections": []}');
    expect(loaded).toEqual({
      id: 'e',
      origin: 'environment file',
      file: { name: 'Prod', protection: 'read-only', connections: [] },
    });
  });

  it('accepts a byte order mark', async () => {
    expect((await load('\uFEFF{"name": "Prod", "connections": []}')).file.name).toBe('Prod');
  });

  it('names an unknown key', async () => {
    expect(await problemOf('{"name": "P", "connections": [], "colour": 1}')).toContain('colour');
  });

  it('names the place of a wrong value', async () => {
    expect(
      await problemOf('{"name": "P", "connections": [{"id": "a", "system": "consul", "url": "nowhere"}]}'),
    ).toContain('connections[0].url');
  });

  it.each([
    '{"name": "P", "token": hunter2-secret}',
    'hunter2-secret',
    '{"connections": [{"auth": {"token": "hunter2-secret"',
    '{"a": "hunter2-secret"} x',
  ])('does not repeat the text of %j, which may hold a secret', async (text) => {
    const problem = await problemOf(text);
    expect(problem).toContain('is not JSON');
    expect(problem).not.toContain('hunter2');
  });

  it('does not repeat a secret of the wrong type', async () => {
    const text = JSON.stringify({
      name: 'P',
      connections: [
        { id: 'a', system: 'consul', url: 'http://x', auth: { type: 'token', token: { hunter2: 1 } } },
      ],
    });
    expect(await problemOf(text)).not.toContain('hunter2');
  });

  it('says in one line when there is no file, or a folder', async () => {
    const missing = loadEnvironment({
      id: 'e',
      origin: 'o',
      path: path.join(folder, 'none.json'),
      optional: false,
    });
    await expect(missing).rejects.toMatchObject({
      data: { advice: expect.stringContaining('there is no such file') },
    });
    const directory = loadEnvironment({ id: 'e', origin: 'o', path: folder, optional: false });
    await expect(directory).rejects.toMatchObject({
      data: { advice: expect.stringContaining('is a folder') },
    });
  });
});

describe('what is kept in the data folder', () => {
  let dataDir = '';
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'gantry-data-'));
    const folder = path.join(dataDir, 'environments');
    await mkdir(folder);
    await writeFile(path.join(folder, 'staging.json'), '{"name": "Staging", "connections": []}');
    await writeFile(path.join(folder, 'broken.json'), '{"name": 1}');
    await writeFile(path.join(folder, 'notes.txt'), 'not an environment');
  });
  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  it('is offered after what was named and after the lab', () => {
    const lab = { id: 'lab', origin: 'built-in lab', path: '/tmp/lab.json', optional: false };
    const order = inOpeningOrder(environmentSources(['/x/staging.json'], dataDir), lab);
    expect(order.map(({ id, optional }) => `${id} ${optional}`)).toEqual([
      'staging false',
      'lab false',
      'broken true',
      'staging-2 true',
    ]);
  });

  it('tells of an unusable file and leaves it out; one asked for by name ends the start', async () => {
    const told: string[] = [];
    const kept = environmentSources([], dataDir);
    const loaded = await loadEnvironments(kept, (problem) => told.push(problem));
    expect(loaded.map(({ file }) => file.name)).toEqual(['Staging']);
    expect(told).toEqual([expect.stringContaining('broken.json: name: expected string')]);
    const named = environmentSources([path.join(dataDir, 'environments', 'broken.json')]);
    await expect(loadEnvironments(named, () => {})).rejects.toBeInstanceOf(GantryError);
  });

  it('may not be there', () => {
    expect(environmentSources([], path.join(dataDir, 'none'))).toEqual([]);
  });
});
