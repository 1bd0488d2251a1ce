import { access, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { startLab, type LabProcess } from './lab.ts';

/** A process that does what the test says. */
function fakeProcess() {
  let end: (how: string) => void = () => {};
  const exited = new Promise<string>((resolve) => {
    end = resolve;
  });
  const calls: string[] = [];
  const child: LabProcess = {
    exited,
    stop: () => {
      calls.push('stop');
      end('exit code 0');
    },
    kill: () => calls.push('kill'),
  };
  return { child, calls, end };
}

describe('startLab', () => {
  it('is ready when the environment file is there, and removes it on stop', async () => {
    const { child, calls } = fakeProcess();
    let file = '';
    const lab = await startLab((args) => {
      expect(args[0]).toBe('--write-env');
      file = args[1] ?? '';
      void writeFile(file, '{}');
      return child;
    });
    expect(lab.environment).toEqual({ id: 'lab', origin: 'built-in lab', path: file, optional: false });
    await lab.stop();
    expect(calls).toEqual(['stop']);
    await expect(access(file)).rejects.toThrow('ENOENT');
  });

  it('says so when the process ends first', async () => {
    const { child, end } = fakeProcess();
    const starting = startLab(() => child);
    end('exit code 3');
    await expect(starting).rejects.toThrow('The lab ended before it was ready (exit code 3)');
  });

  it('gives up at the deadline, and stops the process', async () => {
    const { child, calls } = fakeProcess();
    await expect(startLab(() => child, 60)).rejects.toThrow('The lab was not ready');
    expect(calls).toEqual(['stop']);
  });
});
