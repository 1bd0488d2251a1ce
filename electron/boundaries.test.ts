import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/**
 * Proves that the linter stops whoever is in the wrong room: the project's own configuration, over files that each
 * break one boundary. They lie in a folder of the same layout, so that nothing is ever planted in the project itself.
 */
const root = path.resolve(import.meta.dirname, '..');

/** Room, what is imported there, and whether that is allowed. */
const plants: readonly { room: string; imports: string; allowed?: true }[] = [
  { room: 'shared/model', imports: 'node:fs' },
  { room: 'shared/model', imports: 'electron' },
  { room: 'shared/contract', imports: 'react' },
  { room: 'shared/model', imports: '../../electron/engine/engine.ts' },
  { room: 'shared/model', imports: 'zod', allowed: true },

  { room: 'renderer/app', imports: 'node:fs' },
  { room: 'renderer/app', imports: 'electron' },
  { room: 'renderer/app', imports: 'undici' },
  { room: 'renderer/features/topology', imports: '../../../electron/engine/engine.ts' },
  { room: 'renderer/features/topology', imports: '../../../lab/lab.ts' },
  { room: 'renderer/world', imports: '@orpc/server' },
  { room: 'renderer/app', imports: '../../shared/contract/contract.ts', allowed: true },

  { room: 'electron/engine', imports: 'electron' },
  { room: 'electron/engine', imports: '../../renderer/app/route.ts' },
  { room: 'electron/engine', imports: '../shell/window.ts' },
  { room: 'electron/engine', imports: '../../lab/lab.ts' },
  { room: 'electron/engine/net', imports: 'undici', allowed: true },
  { room: 'electron/engine/connections', imports: 'ssh2' },
  { room: 'electron/engine/systems/consul', imports: 'ssh2' },
  { room: 'electron/engine/ssh', imports: '../connections/runner.ts' },
  { room: 'electron/engine/ssh', imports: 'electron' },
  { room: 'electron/engine/ssh', imports: 'ssh2', allowed: true },

  { room: 'electron/engine/world', imports: '../net/http.ts' },
  { room: 'electron/engine/world', imports: 'node:fs' },
  { room: 'electron/engine/world', imports: '../systems/registry.ts' },
  { room: 'electron/engine/world', imports: '../../../shared/model/ids.ts', allowed: true },

  { room: 'electron/engine/systems/consul', imports: 'undici' },
  { room: 'electron/engine/systems/consul', imports: 'node:http' },
  { room: 'electron/engine/systems/consul', imports: '../../world/world.ts' },
  { room: 'electron/engine/systems/consul', imports: '../system.ts', allowed: true },

  { room: 'electron/shell', imports: '../engine/engine.ts' },
  { room: 'electron/shell', imports: '../../renderer/app/route.ts' },
  { room: 'electron/shell', imports: 'electron', allowed: true },

  { room: 'lab/consul', imports: '../../electron/engine/systems/consul/wire.ts' },
  { room: 'lab/consul', imports: 'electron' },
  { room: 'lab/consul', imports: 'node:http', allowed: true },
];

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
}

const fileOf = (index: number) => `${plants[index]?.room ?? ''}/planted-${index}.ts`;
let folder = '';
let stopped = new Set<string>();

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'gantry-boundaries-'));
  await copyFile(path.join(root, '.oxlintrc.json'), path.join(folder, '.oxlintrc.json'));
  for (const [index, { room, imports }] of plants.entries()) {
    await mkdir(path.join(folder, room), { recursive: true });
    await writeFile(path.join(folder, fileOf(index)), `import '${imports}';\n`);
  }
  const oxlint = path.join(root, 'node_modules/oxlint/bin/oxlint');
  const run = promisify(execFile)(process.execPath, [oxlint, '--format=json'], { cwd: folder });
  // Its exit status is 1, since there are findings: what it printed comes with the error.
  const { stdout } = await run.catch((thrown: unknown) => thrown as { stdout: string });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: Diagnostic[] };
  stopped = new Set(
    diagnostics.filter(({ code }) => code.includes('no-restricted-imports')).map(({ filename }) => filename),
  );
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the linter', () => {
  it.each(plants.map((plant, index) => ({ ...plant, index })).filter(({ allowed }) => !allowed))(
    'stops $room from importing $imports',
    ({ index }) => {
      expect([...stopped]).toContain(fileOf(index));
    },
  );

  it.each(plants.map((plant, index) => ({ ...plant, index })).filter(({ allowed }) => allowed))(
    'lets $room import $imports',
    ({ index }) => {
      expect([...stopped]).not.toContain(fileOf(index));
    },
  );
});
