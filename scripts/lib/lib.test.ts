import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from './browsers.mjs';
import { findElectron } from './electron-binary.mjs';
import { readPlaywright, readVitest, tally } from './outcomes.mjs';
import { inProject } from './project.mjs';
import { differences, nodeProblem } from './setup.mjs';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'gantry-scripts-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('nodeProblem', () => {
  it.each(['20.18.0', '20.20.2', '22.0.0', '24.11.1'])('has nothing against %s', (version) => {
    expect(nodeProblem(version)).toBeUndefined();
  });
  it.each(['20.17.0', '18.20.4', '16.0.0'])('names %s', (version) => {
    expect(nodeProblem(version)).toContain(version);
  });
});

describe('differences', () => {
  const wanted = {
    '': { version: '0.1.0' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/only-elsewhere': { version: '1.0.0', optional: true },
  };

  it('finds none when everything is there, other platforms aside', () => {
    expect(differences(wanted, { 'node_modules/a': { version: '1.0.0' } })).toEqual([]);
  });
  it('finds what is missing, and what is another version', () => {
    expect(differences(wanted, {})).toEqual(['node_modules/a']);
    expect(differences(wanted, { 'node_modules/a': { version: '1.0.1' } })).toEqual(['node_modules/a']);
  });
  it('finds an optional package of another version', () => {
    const present = {
      'node_modules/a': { version: '1.0.0' },
      'node_modules/only-elsewhere': { version: '2.0.0' },
    };
    expect(differences(wanted, present)).toEqual(['node_modules/only-elsewhere']);
  });
});

describe('findElectron', () => {
  it('takes the executable that is named, if it is there', () => {
    expect(findElectron({ ELECTRON_EXECUTABLE: process.execPath })).toBe(process.execPath);
    expect(findElectron({ ELECTRON_EXECUTABLE: path.join(folder, 'none') })).toBeUndefined();
  });
  it('looks where the package is told to', () => {
    expect(findElectron({ ELECTRON_OVERRIDE_DIST_PATH: folder })).toBeUndefined();
  });
});

describe('findChromium', () => {
  it('takes the one that is named, and none instead of it', () => {
    expect(findChromium({ GANTRY_CHROMIUM: process.execPath })).toBe(process.execPath);
    expect(
      findChromium({ GANTRY_CHROMIUM: path.join(folder, 'none'), PATH: process.env.PATH }),
    ).toBeUndefined();
  });
  it.runIf(process.platform === 'linux')('looks through PATH', () => {
    const bin = path.join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(path.join(bin, 'google-chrome'), '');
    chmodSync(path.join(bin, 'google-chrome'), 0o755);
    expect(findChromium({ PATH: `${folder}:${bin}` })).toBe(path.join(bin, 'google-chrome'));
    expect(findChromium({ PATH: folder })).toBeUndefined();
  });
});

describe('outcomes', () => {
  const write = (value: unknown) => {
    const file = path.join(folder, 'report.json');
    writeFileSync(file, JSON.stringify(value));
    return file;
  };

  it('has none without a report', () => {
    expect(readVitest(path.join(folder, 'none.json'))).toBeUndefined();
    expect(readPlaywright(path.join(folder, 'none.json'))).toBeUndefined();
  });

  it('counts a test whose turn never came as failed', () => {
    const file = write([
      { name: 'a', state: 'passed' },
      { name: 'b', state: 'pending' },
      { name: 'c', state: 'skipped', reason: 'because' },
    ]);
    expect(tally(readVitest(file))).toEqual({ passed: 1, failed: 1, skipped: 1 });
  });

  it('reads nested suites, flaky tests, reasons and general errors of Playwright', () => {
    const spec = (title: string, status: string, annotations: unknown[] = []) => ({
      title,
      tests: [
        { status, annotations, results: [{ errors: status === 'unexpected' ? [{ message: 'no' }] : [] }] },
      ],
    });
    const file = write({
      errors: [{ message: 'could not load x.spec.ts' }],
      suites: [
        {
          title: 'x.spec.ts',
          specs: [spec('fine', 'expected'), spec('shaky', 'flaky')],
          suites: [
            {
              title: 'inner',
              specs: [
                spec('broken', 'unexpected'),
                spec('left out', 'skipped', [{ type: 'skip', description: 'needs Electron' }]),
              ],
            },
          ],
        },
      ],
    });
    const outcomes = readPlaywright(file);
    expect(tally(outcomes)).toEqual({ passed: 1, failed: 3, skipped: 1 });
    expect(outcomes).toContainEqual(
      expect.objectContaining({ name: 'x.spec.ts › inner › left out', reason: 'needs Electron' }),
    );
    expect(outcomes).toContainEqual(
      expect.objectContaining({ name: 'x.spec.ts › inner › broken', errors: ['no'] }),
    );
  });
});

describe('npm start', () => {
  const start = (...args: string[]) =>
    spawnSync(process.execPath, [inProject('scripts/start.mjs'), ...args], {
      encoding: 'utf8',
      timeout: 10_000,
    });

  it('lists its flags', () => {
    const { status, stdout, stderr } = start('--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const flag of ['--no-lab', '--browser', '--no-open', '--env', '--data-dir'])
      expect(stdout).toContain(flag);
  });

  it('refuses a flag that it does not know', () => {
    const { status, stdout, stderr } = start('--colour');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^gantry: Unknown option '--colour'.*\n$/);
  });

  it('says in one line what is wrong with an environment file, and repeats nothing of it', () => {
    const file = path.join(folder, 'broken.json');
    writeFileSync(file, '{"token": hunter2}');
    expect(start('--env', file)).toMatchObject({
      status: 1,
      stdout: '',
      stderr: `gantry: environment file ${file}: is not valid JSON\n`,
    });
    expect(start('--env', folder)).toMatchObject({ status: 1, stdout: '' });
    expect(start('--env', path.join(folder, 'none.json')).stderr).toBe(
      `gantry: environment file ${path.join(folder, 'none.json')}: there is no such file\n`,
    );
  });
});
