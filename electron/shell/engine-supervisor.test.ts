import { describe, expect, it } from 'vitest';
import type { EngineReport, EngineRequest } from './engine-messages.ts';
import { EngineSupervisor, type EngineChild } from './engine-supervisor.ts';

const startRequest = { type: 'start', environments: [] } as const;

class FakeChild implements EngineChild<string> {
  readonly posted: { request: EngineRequest; ports: readonly string[] }[] = [];
  killed = false;
  report: (report: EngineReport) => void = () => {};
  exit: () => void = () => {};

  post(request: EngineRequest, ports: readonly string[] = []): void {
    this.posted.push({ request, ports });
  }
  onReport(listener: (report: EngineReport) => void): void {
    this.report = listener;
  }
  onExit(listener: () => void): void {
    this.exit = listener;
  }
  kill(): void {
    this.killed = true;
    this.exit();
  }
  get types(): string[] {
    return this.posted.map(({ request }) => request.type);
  }
}

function harness() {
  const children: FakeChild[] = [];
  const states: string[] = [];
  const refusals: string[] = [];
  const timers: { ms: number; task: () => void }[] = [];
  const time = { now: 0 };
  const supervisor = new EngineSupervisor<string>({
    spawn: () => {
      const child = new FakeChild();
      children.push(child);
      return child;
    },
    later: (ms, task) => {
      const timer = { ms, task };
      timers.push(timer);
      return () => {
        const index = timers.indexOf(timer);
        if (index >= 0) timers.splice(index, 1);
      };
    },
    now: () => time.now,
    onState: (state) => states.push(state),
    onRefused: (reason) => refusals.push(reason),
  });
  /** Runs the only timer and says how long it was. */
  const elapse = () => {
    expect(timers).toHaveLength(1);
    const [timer] = timers.splice(0);
    timer?.task();
    return timer?.ms;
  };
  const newest = () => {
    const child = children.at(-1);
    if (!child) throw new Error('no child');
    return child;
  };
  return { supervisor, children, states, refusals, timers, time, elapse, newest };
}

describe('EngineSupervisor', () => {
  it('spawns at once, starts when told what with, and is ready when the engine says so', () => {
    const { supervisor, newest, states } = harness();
    expect(newest().types).toEqual([]);
    supervisor.start(startRequest);
    expect(newest().types).toEqual(['start']);
    expect(supervisor.ready).toBe(false);
    newest().report({ type: 'ready' });
    expect(supervisor.ready).toBe(true);
    expect(states).toEqual(['ready']);
  });

  it('hands out ports at once when ready, and keeps the newest of each window until then', () => {
    const { supervisor, newest } = harness();
    supervisor.connect(1, 'early');
    supervisor.connect(1, 'newer');
    supervisor.connect(2, 'other');
    supervisor.start(startRequest);
    newest().report({ type: 'ready' });
    supervisor.connect(1, 'later');
    expect(newest().posted.slice(1)).toEqual([
      { request: { type: 'connect', windowId: 1 }, ports: ['newer'] },
      { request: { type: 'connect', windowId: 2 }, ports: ['other'] },
      { request: { type: 'connect', windowId: 1 }, ports: ['later'] },
    ]);
  });

  it('says that the engine is lost, starts it again with the same request, and says that it is back', () => {
    const { supervisor, children, newest, states, elapse } = harness();
    supervisor.start(startRequest);
    newest().report({ type: 'ready' });
    newest().exit();
    expect(states).toEqual(['ready', 'lost']);
    supervisor.connect(1, 'while lost');
    expect(elapse()).toBe(250);
    expect(children).toHaveLength(2);
    newest().report({ type: 'ready' });
    expect(newest().posted).toEqual([
      { request: startRequest, ports: [] },
      { request: { type: 'connect', windowId: 1 }, ports: ['while lost'] },
    ]);
    expect(states).toEqual(['ready', 'lost', 'ready']);
  });

  it('waits longer each time, up to 30 s, and is quick again after a healthy minute', () => {
    const { supervisor, newest, elapse, time } = harness();
    supervisor.start(startRequest);
    const delays = Array.from({ length: 9 }, () => {
      newest().exit();
      return elapse();
    });
    expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    newest().report({ type: 'ready' });
    time.now = 59_999;
    newest().exit();
    expect(elapse()).toBe(30_000);
    newest().report({ type: 'ready' });
    time.now += 60_000;
    newest().exit();
    expect(elapse()).toBe(250);
  });

  it('starts again when the process dies before it was told anything', () => {
    const { supervisor, newest, elapse } = harness();
    newest().exit();
    supervisor.start(startRequest);
    elapse();
    expect(newest().types).toEqual(['start']);
  });

  it('does not start again what was refused', () => {
    const { supervisor, newest, refusals } = harness();
    supervisor.start(startRequest);
    newest().report({ type: 'refused', reason: 'bad file' });
    expect(refusals).toEqual(['bad file']);
  });

  it('stops on request, and stays stopped', async () => {
    const { supervisor, children, newest, timers, states } = harness();
    supervisor.start(startRequest);
    newest().report({ type: 'ready' });
    const stopped = supervisor.stop();
    expect(newest().types.at(-1)).toBe('stop');
    newest().exit();
    await stopped;
    await supervisor.stop();
    expect(timers).toHaveLength(0);
    expect(children).toHaveLength(1);
    expect(states).toEqual(['ready']);
  });

  it('ends by force what does not stop', async () => {
    const { supervisor, newest, elapse } = harness();
    const stopped = supervisor.stop();
    expect(elapse()).toBe(3_000);
    await stopped;
    expect(newest().killed).toBe(true);
  });

  it('stops at once while it waits to start again', async () => {
    const { supervisor, children, newest, timers } = harness();
    newest().exit();
    await supervisor.stop();
    expect(timers).toHaveLength(0);
    expect(children).toHaveLength(1);
  });
});
