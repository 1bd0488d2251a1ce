import { describe, expect, it } from 'vitest';
import { parseServeOptions } from './serve-command.ts';

describe('parseServeOptions', () => {
  it('takes any free port, and the lab, when nothing is said', () => {
    expect(parseServeOptions([])).toEqual({ port: 0, environmentFiles: [], lab: true });
  });

  it('takes what is said', () => {
    const args = ['--port', '7999', '--env', 'a.json', '--env', 'b.json', '--data-dir', '/d', '--no-lab'];
    expect(parseServeOptions(args)).toEqual({
      port: 7_999,
      environmentFiles: ['a.json', 'b.json'],
      dataDir: '/d',
      lab: false,
    });
    expect(parseServeOptions(['--host', '127.0.0.1'])).toMatchObject({ port: 0 });
    expect(parseServeOptions(['--help'])).toBe('help');
  });

  it.each([
    [['--port', 'x'], '--port must be a number'],
    [['--port', '65536'], '--port must be a number'],
    [['--port=-1'], '--port must be a number'],
    [['--host', '0.0.0.0'], 'listens on 127.0.0.1 only'],
    [['--host', '::'], 'listens on 127.0.0.1 only'],
    [['--colour'], '--colour'],
    [['extra'], 'extra'],
  ])('refuses %j', (args, words) => {
    expect(() => parseServeOptions(args)).toThrow(words);
  });
});
