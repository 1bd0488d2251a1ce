import { parseArgs } from 'node:util';

export interface DesktopOptions {
  readonly lab: boolean;
  readonly environmentFiles: readonly string[];
  readonly dataDir: string | undefined;
}

/**
 * Gantry's own flags among the arguments of the desktop application. Others are left alone: Electron, the desktop and
 * test drivers add theirs, and `npm start` has checked what a person typed.
 */
export function parseDesktopOptions(args: readonly string[]): DesktopOptions {
  const { values } = parseArgs({
    args: [...args],
    strict: false,
    options: {
      env: { type: 'string', multiple: true },
      'data-dir': { type: 'string' },
      'no-lab': { type: 'boolean' },
    },
  });
  const files = values.env ?? [];
  return {
    lab: values['no-lab'] !== true,
    environmentFiles: files.filter((file) => typeof file === 'string'),
    dataDir: typeof values['data-dir'] === 'string' ? values['data-dir'] : undefined,
  };
}

/** Chromium switches that an operator may need; every one is harmless to what the window may do. */
const allowedSwitches = new Set([
  'disable-gpu',
  'force-device-scale-factor',
  'lang',
  'ozone-platform',
  'ozone-platform-hint',
  'password-store',
  // Gantry's own
  'env',
  'data-dir',
  'no-lab',
]);

/** Switches that open the application to another program. A packaged console does not start with them. */
const debugDoors = new Set([
  'inspect',
  'inspect-brk',
  'inspect-port',
  'inspect-publish-uid',
  'remote-debugging-address',
  'remote-debugging-pipe',
  'remote-debugging-port',
]);

export interface SwitchVerdict {
  /** To be taken off Chromium's command line before it is ready. */
  readonly remove: readonly string[];
  /** The switch that forbids to start at all. */
  readonly forbidden: string | undefined;
}

/** What to do about the switches a packaged application was started with. Pure. */
export function judgeSwitches(args: readonly string[]): SwitchVerdict {
  const names = args
    .map((arg) => /^--([^=]+)/.exec(arg)?.[1]?.toLowerCase())
    .filter((name) => name !== undefined);
  return {
    remove: names.filter((name) => !allowedSwitches.has(name)),
    forbidden: names.find((name) => debugDoors.has(name)),
  };
}
