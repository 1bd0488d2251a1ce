import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { inProject, Problem, root } from './project.mjs';

/** Why this Node cannot be used, or undefined. */
export function nodeProblem(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 18)) return undefined;
  return `Gantry needs Node 20.18 or later; this is ${version}`;
}

/**
 * Whether node_modules is what package-lock.json describes, going by npm's own record of what it installed. Optional
 * packages may be missing (other platforms), anything else may not.
 */
export function isInstalled() {
  const wanted = packagesOf('package-lock.json');
  const present = packagesOf('node_modules/.package-lock.json');
  if (wanted === undefined || present === undefined) return false;
  return differences(wanted, present).length === 0;
}

/** Paths of packages that are missing, or installed in another version than the lock file says. Pure. */
export function differences(wanted, present) {
  return Object.entries(wanted)
    .filter(([name, entry]) => {
      if (name === '' || entry.link) return false;
      const there = present[name];
      if (there === undefined) return !(entry.optional || entry.devOptional || entry.peer);
      return there.version !== entry.version;
    })
    .map(([name]) => name);
}

function packagesOf(file) {
  if (!existsSync(inProject(file))) return undefined;
  try {
    return JSON.parse(readFileSync(inProject(file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** What every script needs before its own work: the right Node, the packages, and dist/. */
export async function prepare() {
  requireNode();
  ensureInstalled();
  await ensureBuilt();
}

/** Throws the `Problem` when this Node cannot be used. */
export function requireNode() {
  const problem = nodeProblem();
  if (problem) throw new Problem(problem);
}

/** Installs the exact packages of the lock file when they are not there. Electron's binary is not part of that. */
export function ensureInstalled() {
  if (isInstalled()) return;
  console.log('Installing packages (npm ci); this happens once and takes about half a minute');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const result = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ELECTRON_SKIP_BINARY_DOWNLOAD: '1' },
    shell: process.platform === 'win32',
  });
  if (result.error) throw new Problem(`npm could not be started (${result.error.message})`);
  if (result.status !== 0) throw new Problem('npm ci failed; see above');
}

/** Builds dist/ when it does not match the sources. */
export async function ensureBuilt() {
  const { buildAll, isBuilt } = await import('./build.mjs');
  if (isBuilt()) return;
  console.log('Building');
  await buildAll();
}
