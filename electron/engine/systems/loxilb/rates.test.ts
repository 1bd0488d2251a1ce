import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateMeter } from './rates.ts';

const at = (packets: number, bytes: number) => [['a', { packets, bytes }]] as const;

describe('RateMeter', () => {
  it('has no rate at first sight and the mean of the time since from then on', () => {
    const meter = new RateMeter();
    expect(meter.turn(at(10, 1_000), 0).get('a')).toBeUndefined();
    expect(meter.turn(at(30, 6_000), 5_000).get('a')).toEqual({ packetsPerSecond: 4, bytesPerSecond: 1_000 });
  });

  it('has none for the turn in which the counter fell, and counts on from there', () => {
    const meter = new RateMeter();
    meter.turn(at(100, 10_000), 0);
    meter.turn(at(200, 20_000), 1_000);
    expect(meter.turn(at(5, 50), 2_000).get('a')).toBeUndefined();
    expect(meter.turn(at(6, 150), 3_000).get('a')).toEqual({ packetsPerSecond: 1, bytesPerSecond: 100 });
  });

  it('keeps the last rate over turns too close to tell', () => {
    const meter = new RateMeter();
    meter.turn(at(0, 0), 0);
    const rate = meter.turn(at(10, 1_000), 1_000).get('a');
    expect(meter.turn(at(900, 90_000), 1_050).get('a')).toEqual(rate);
    expect(meter.turn(at(20, 2_000), 2_000).get('a')).toEqual(rate);
  });

  it('forgets what is not named any more', () => {
    const meter = new RateMeter();
    meter.turn(at(10, 1_000), 0);
    meter.turn([], 1_000);
    expect(meter.turn(at(20, 2_000), 2_000).get('a')).toBeUndefined();
  });

  it('never gives a rate below zero or one that is no number', () => {
    const step = fc.record({ packets: fc.nat(), bytes: fc.nat(), wait: fc.nat({ max: 10_000 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const meter = new RateMeter();
        let now = 0;
        for (const { packets, bytes, wait } of steps) {
          now += wait;
          for (const rate of meter.turn(at(packets, bytes), now).values()) {
            expect(rate.bytesPerSecond).toBeGreaterThanOrEqual(0);
            expect(rate.packetsPerSecond).toBeGreaterThanOrEqual(0);
            expect(Number.isFinite(rate.bytesPerSecond + rate.packetsPerSecond)).toBe(true);
          }
        }
      }),
    );
  });
});
