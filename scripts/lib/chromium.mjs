import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { findChromium } from './browsers.mjs';

/** Not a dependency: 66 MB that only a machine without any browser needs. Newer ones want a newer Node. */
const PACKAGE = '@sparticuz/chromium';
const VERSION = '147.0.0';

/**
 * A Chromium for the tests: the machine's own, else installed with apt (Debian, as root), else unpacked from a package
 * into the user's cache. Undefined when there is no way; it then said why.
 */
export async function ensureChromium(env = process.env) {
  return findChromium(env) ?? installWithApt(env) ?? (await fetchPackaged(env));
}

function installWithApt(env) {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !existsSync('/etc/debian_version'))
    return undefined;
  console.log('Installing Chromium with apt-get');
  const quiet = { stdio: 'ignore', env: { ...env, DEBIAN_FRONTEND: 'noninteractive' }, timeout: 180_000 };
  spawnSync('apt-get', ['update', '-qq'], quiet);
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], quiet);
  return findChromium(env);
}

async function fetchPackaged(env) {
  if (process.platform !== 'linux') {
    console.log('There is no Chromium here; install one, or name it in GANTRY_CHROMIUM');
    return undefined;
  }
  const cache = path.join(
    env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'),
    'gantry',
    `chromium-${VERSION}`,
  );
  mkdirSync(cache, { recursive: true });
  const require = createRequire(path.join(cache, 'package.json'));
  const entryOf = () => {
    try {
      return require.resolve(PACKAGE);
    } catch {
      return undefined;
    }
  };
  if (entryOf() === undefined) {
    console.log(`Fetching ${PACKAGE} ${VERSION} (66 MB)`);
    const args = ['install', '--prefix', cache, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
    spawnSync('npm', [...args, `${PACKAGE}@${VERSION}`], {
      stdio: 'ignore',
      cwd: cache,
      env,
      timeout: 300_000,
    });
  }
  const entry = entryOf();
  if (entry === undefined) {
    console.log('There is no Chromium here, and none could be fetched; name one in GANTRY_CHROMIUM');
    return undefined;
  }
  // It unpacks into the folder for temporary files, and brings its libraries only where it believes to be at home.
  const before = process.env.TMPDIR;
  process.env.TMPDIR = path.join(cache, 'unpacked');
  process.env.AWS_LAMBDA_JS_RUNTIME = 'nodejs20.x';
  mkdirSync(process.env.TMPDIR, { recursive: true });
  try {
    const module = await import(pathToFileURL(entry).href);
    return await module.default.executablePath();
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    delete process.env.AWS_LAMBDA_JS_RUNTIME;
  }
}
