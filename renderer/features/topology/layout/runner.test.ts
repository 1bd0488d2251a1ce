import { afterEach, describe, expect, it, vi } from 'vitest';
import type { LayoutInput } from './order.ts';
import type { Rows } from './rows.ts';
import { syncLayoutRunner, workerLayoutRunner } from './runner.ts';

const input: LayoutInput = {
  band: Uint8Array.of(0, 1),
  bandCount: 2,
  edges: Uint32Array.of(0, 1),
  maxRows: 24,
};
const rows = (rowCount: number) => ({ rowCount }) as Rows;

/** A worker that answers when the test says so. */
class FakeWorker extends EventTarget {
  static last: FakeWorker | null = null;
  readonly asked: number[] = [];
  terminated = false;

  constructor() {
    super();
    FakeWorker.last = this;
  }

  postMessage({ id }: { id: number }): void {
    this.asked.push(id);
  }

  answer(id: number, rowCount: number): void {
    this.dispatchEvent(new MessageEvent('message', { data: { id, rows: rows(rowCount) } }));
  }

  terminate(): void {
    this.terminated = true;
  }
}

afterEach(() => vi.unstubAllGlobals());

describe('the layout worker', () => {
  it('drops the answer to a request that was overtaken', () => {
    vi.stubGlobal('Worker', FakeWorker);
    const runner = workerLayoutRunner();
    const heard: number[] = [];
    runner.run(input, ({ rowCount }) => heard.push(rowCount));
    runner.run(input, ({ rowCount }) => heard.push(rowCount));
    FakeWorker.last!.answer(1, 111);
    FakeWorker.last!.answer(2, 222);
    expect(heard).toEqual([222]);
  });

  it('is replaced by this thread when it dies, and nothing that was asked is lost', () => {
    vi.stubGlobal('Worker', FakeWorker);
    const runner = workerLayoutRunner();
    const heard: number[] = [];
    runner.run(input, ({ rowCount }) => heard.push(rowCount));
    FakeWorker.last!.dispatchEvent(new Event('error'));
    expect(heard).toEqual([1]);
    expect(FakeWorker.last!.terminated).toBe(true);
    runner.run(input, ({ rowCount }) => heard.push(rowCount));
    expect(heard).toEqual([1, 1]);
  });

  it('says nothing after it was disposed', () => {
    vi.stubGlobal('Worker', FakeWorker);
    const runner = workerLayoutRunner();
    const heard: number[] = [];
    runner.run(input, ({ rowCount }) => heard.push(rowCount));
    runner.dispose();
    FakeWorker.last!.answer(1, 1);
    expect(heard).toEqual([]);
    expect(FakeWorker.last!.terminated).toBe(true);
  });

  it('computes in place where workers are not allowed', () => {
    vi.stubGlobal('Worker', function blocked() {
      throw new Error('blocked by policy');
    });
    const heard: number[] = [];
    workerLayoutRunner().run(input, ({ rowCount }) => heard.push(rowCount));
    syncLayoutRunner().run(input, ({ rowCount }) => heard.push(rowCount));
    expect(heard).toEqual([1, 1]);
  });
});
