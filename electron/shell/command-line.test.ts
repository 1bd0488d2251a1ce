import { describe, expect, it } from 'vitest';
import { judgeSwitches, parseDesktopOptions } from './command-line.ts';

describe('parseDesktopOptions', () => {
  it('starts the lab and nothing else by default', () => {
    expect(parseDesktopOptions([])).toEqual({ lab: true, environmentFiles: [], dataDir: undefined });
  });

  it('finds our flags among those of Electron and of test drivers', () => {
    const args = [
      '--inspect=0',
      '/srv/gantry',
      '--remote-debugging-port=0',
      '--env',
      'a.json',
      '--no-sandbox',
      '--env=b.json',
      '--data-dir',
      '/d',
      '--no-lab',
    ];
    expect(parseDesktopOptions(args)).toEqual({
      lab: false,
      environmentFiles: ['a.json', 'b.json'],
      dataDir: '/d',
    });
  });

  it('ignores a flag that lacks its value', () => {
    expect(parseDesktopOptions(['--data-dir'])).toMatchObject({ dataDir: undefined });
  });
});

describe('judgeSwitches', () => {
  it.each([
    'inspect',
    'inspect-brk',
    'remote-debugging-port',
    'remote-debugging-pipe',
    'remote-debugging-address',
  ])('does not start with --%s', (name) => {
    expect(judgeSwitches([`--${name}=1`]).forbidden).toBe(name);
    expect(judgeSwitches([`--${name.toUpperCase()}`]).forbidden).toBe(name);
  });

  it.each([
    'no-sandbox',
    'disable-web-security',
    'js-flags',
    'load-extension',
    'host-resolver-rules',
    'proxy-server',
    'ignore-certificate-errors',
    'user-data-dir',
    'renderer-cmd-prefix',
    'gpu-launcher',
    'utility-cmd-prefix',
  ])('takes away --%s', (name) => {
    expect(judgeSwitches([`--${name}=x`])).toEqual({ remove: [name], forbidden: undefined });
  });

  it('leaves our own flags and the harmless ones', () => {
    const args = ['--disable-gpu', '--env', 'x', '--data-dir=y', '--no-lab', '--lang=de', 'plain'];
    expect(judgeSwitches(args)).toEqual({ remove: [], forbidden: undefined });
  });
});
