import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pacer } from './pacer.ts';
import { FakeClock } from './testing/fake-clock.ts';

const signal = new AbortController().signal;
const noJitter = () => 0;

async function run(pacer: Pacer, rounds: number, answer: { rows: number; changed: boolean }): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await pacer.turn(signal);
    pacer.answered(answer);
  }
}

describe('pacing of a hot index', () => {
  it('lets two through at once, then one per interval', async () => {
    const clock = new FakeClock();
    await run(new Pacer(clock, noJitter), 4, { rows: 10, changed: true });
    expect(clock.slept).toEqual([200, 200]);
  });

  it('does not hold up a lone change after a quiet time', async () => {
    const clock = new FakeClock();
    const pacer = new Pacer(clock, noJitter);
    await run(pacer, 5, { rows: 10, changed: true });
    clock.time += 1_000;
    clock.slept.length = 0;
    await run(pacer, 2, { rows: 10, changed: true });
    expect(clock.slept).toEqual([]);
  });

  it('asks for large tables more rarely, once in 15 s at the least', async () => {
    const clock = new FakeClock();
    const pacer = new Pacer(clock, noJitter);
    await run(pacer, 1, { rows: 4_000, changed: true });
    expect(pacer.intervalMs).toBe(1_000);
    await run(pacer, 1, { rows: 1_000_000, changed: true });
    expect(pacer.intervalMs).toBe(15_000);
  });

  it('slows down to 15 s while early answers say nothing, and is quick again after news', async () => {
    const clock = new FakeClock();
    const pacer = new Pacer(clock, noJitter);
    await run(pacer, 20, { rows: 10, changed: false });
    expect(pacer.intervalMs).toBe(15_000);
    await run(pacer, 1, { rows: 10, changed: true });
    expect(pacer.intervalMs).toBe(200);
  });

  it('takes an answer after a full wait as a good one', async () => {
    const clock = new FakeClock();
    const pacer = new Pacer(clock, noJitter);
    for (let round = 0; round < 5; round++) {
      await pacer.turn(signal);
      clock.time += 30_000;
      pacer.answered({ rows: 10, changed: false });
    }
    expect(pacer.intervalMs).toBe(200);
    expect(clock.slept).toEqual([]);
  });

  it('never lets more than two and one per 200 ms through, whatever comes', async () => {
    const step = fc.record({ pause: fc.nat(1_000), rows: fc.nat(5_000), changed: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const clock = new FakeClock();
        const started = clock.time;
        const pacer = new Pacer(clock, noJitter);
        for (const { pause, ...answer } of steps) {
          await pacer.turn(signal);
          clock.time += pause;
          pacer.answered(answer);
        }
        expect(steps.length).toBeLessThanOrEqual(2 + (clock.time - started) / 200 + 1);
      }),
    );
  });

  it('ends its wait with the signal', async () => {
    const stop = new AbortController();
    const pacer = new Pacer(new FakeClock(), noJitter);
    await run(pacer, 2, { rows: 10, changed: true });
    stop.abort(new Error('stopped'));
    await expect(pacer.turn(stop.signal)).rejects.toThrow('stopped');
  });
});
