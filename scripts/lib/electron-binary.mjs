import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { inProject } from './project.mjs';

const platformFile = {
  darwin: 'Electron.app/Contents/MacOS/Electron',
  win32: 'electron.exe',
};

/**
 * The Electron executable, or undefined when there is none. Loading the `electron` package to ask it would start a
 * download, so its files are read instead.
 */
export function findElectron(env = process.env) {
  if (env.ELECTRON_EXECUTABLE) return existing(env.ELECTRON_EXECUTABLE);
  const folder = packageFolder();
  if (folder === undefined) return undefined;
  const pathFile = path.join(folder, 'path.txt');
  const file = existsSync(pathFile)
    ? readFileSync(pathFile, 'utf8').trim()
    : (platformFile[process.platform] ?? 'electron');
  return existing(path.join(env.ELECTRON_OVERRIDE_DIST_PATH || path.join(folder, 'dist'), file));
}

function packageFolder() {
  try {
    return path.dirname(createRequire(inProject('package.json')).resolve('electron/package.json'));
  } catch {
    return undefined;
  }
}

function existing(file) {
  return existsSync(file) ? file : undefined;
}

/** Why the desktop window cannot be shown here even with a binary, or undefined. */
export function desktopObstacle(env = process.env) {
  if (process.platform !== 'linux') return undefined;
  if (process.getuid?.() === 0) return 'the desktop window does not run as root (its sandbox would be off)';
  if (!hasDisplay(env)) return 'there is no display';
  return undefined;
}

export function hasDisplay(env = process.env) {
  return process.platform !== 'linux' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
}

const QUICK_LOOK_MS = 3_000;

/** Where Electron's installer would download from, as it decides itself. */
function downloadUrl(env) {
  const mirror =
    env.npm_config_electron_mirror || env.NPM_CONFIG_ELECTRON_MIRROR || env.ELECTRON_MIRROR || undefined;
  return new URL(mirror ?? 'https://github.com/electron/electron/releases/download/');
}

/**
 * Downloads the binary with Electron's own installer, when the host it comes from answers within 3 s.
 *
 * @returns undefined when it is there now, or why it is not, in a few words.
 */
export async function fetchElectron(env = process.env) {
  const folder = packageFolder();
  if (folder === undefined) return 'the electron package is not installed';
  if (env.ELECTRON_SKIP_BINARY_DOWNLOAD)
    return 'its download is switched off (ELECTRON_SKIP_BINARY_DOWNLOAD)';
  const { hostname, port } = downloadUrl(env);
  if (!(await answers(hostname, Number(port) || 443))) return `its download host ${hostname} does not answer`;
  console.log('Downloading Electron (about 120 MB); this happens once');
  const status = await new Promise((resolve) => {
    const child = spawn(process.execPath, [path.join(folder, 'install.js')], {
      stdio: ['ignore', 'inherit', 'ignore'],
      env,
    });
    child.once('error', () => resolve(1));
    child.once('exit', (code) => resolve(code ?? 1));
  });
  return status === 0 && findElectron(env) ? undefined : `its download from ${hostname} failed`;
}

function answers(host, port) {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    const settle = (reached) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reached);
    };
    // A name server that does not answer is not bound by the socket's own time limit.
    const timer = setTimeout(settle, QUICK_LOOK_MS, false);
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
