import { existsSync } from 'node:fs';
import path from 'node:path';

const names = {
  linux: [
    'chromium',
    'chromium-browser',
    'google-chrome',
    'google-chrome-stable',
    'microsoft-edge',
    'brave-browser',
  ],
  win32: ['chrome.exe', 'msedge.exe'],
};

const macApps = ['Google Chrome', 'Chromium', 'Microsoft Edge', 'Brave Browser'];
const windowsApps = ['Google/Chrome/Application/chrome.exe', 'Microsoft/Edge/Application/msedge.exe'];

/** A browser of the Chromium family on this machine, or undefined. `GANTRY_CHROMIUM` names one by hand. */
export function findChromium(env = process.env) {
  if (env.GANTRY_CHROMIUM) return existsSync(env.GANTRY_CHROMIUM) ? env.GANTRY_CHROMIUM : undefined;
  const onPath = (env.PATH ?? '')
    .split(path.delimiter)
    .filter(Boolean)
    .flatMap((folder) => (names[process.platform] ?? []).map((name) => path.join(folder, name)));
  const wellKnown =
    process.platform === 'darwin'
      ? macApps.map((app) => `/Applications/${app}.app/Contents/MacOS/${app}`)
      : process.platform === 'win32'
        ? [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA]
            .filter(Boolean)
            .flatMap((folder) => windowsApps.map((app) => path.join(folder, app)))
        : [];
  return [...onPath, ...wellKnown].find((file) => existsSync(file));
}
