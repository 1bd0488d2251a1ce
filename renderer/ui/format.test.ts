import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatExact,
  formatFineFraction,
  formatFraction,
  formatLatency,
  formatRate,
  plural,
} from './format.ts';

/** The narrow no-break space reads as a plain one in expectations. */
const plain = (text: string) => text.replaceAll('\u202f', ' ');

describe('formats', () => {
  it.each([
    [formatBytes(0), '0 B'],
    [formatBytes(1_023), '1,023 B'],
    [formatBytes(1_024), '1.0 KiB'],
    [formatBytes(1_048_575), '1.0 MiB'],
    [formatBytes(155_189_248), '148 MiB'],
    [formatBytes(8 * 2 ** 30), '8.0 GiB'],
    [formatBytes(2 ** 62), '4,096 PiB'],
    [formatBytes(NaN), '–'],
    [formatCount(950), '950'],
    [formatCount(999.6), '1.0k'],
    [formatCount(12_400), '12k'],
    [formatCount(2_800), '2.8k'],
    [formatCount(0.4), '0.4'],
    [formatCount(-1_500), '−1.5k'],
    [formatRate(4_100, 'req'), '4.1k req/s'],
    [formatRate(Infinity, 'req'), '–'],
    [formatFraction(0.416), '42 %'],
    [formatFraction(0.001), '<1 %'],
    [formatFraction(0), '0 %'],
    [formatFraction(1.5), '150 %'],
    [formatFineFraction(0.011), '1.1 %'],
    [formatDuration(400), '0.4 s'],
    [formatDuration(-20), '0.0 s'],
    [formatDuration(9_949), '9.9 s'],
    [formatDuration(9_950), '10 s'],
    [formatDuration(59_600), '1 m'],
    [formatDuration(252_000), '4 m 12 s'],
    [formatDuration(3_600_000), '1 h'],
    [formatDuration(11_100_000), '3 h 5 m'],
    [formatDuration(187_200_000), '2 d 4 h'],
    [formatAge(59_999), '59 s'],
    [formatAge(60_000), '1 m'],
    [formatAge(86_400_000), '1 d'],
    [formatLatency(1.25), '1.3 ms'],
    [formatLatency(48.2), '48 ms'],
    [formatLatency(1_200), '1.2 s'],
    [plural(1, 'alert'), '1 alert'],
    [plural(2_000, 'entity', 'entities'), '2,000 entities'],
  ])('%s is %s', (actual, expected) => {
    expect(plain(actual)).toBe(expected);
  });

  it('writes the exact moment in local time with its zone', () => {
    const text = formatExact(Date.UTC(2026, 10, 21, 14, 3, 40, 125));
    expect(text).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.125 [+-]\d\d:\d\d$/);
    expect(new Date(text.replace(' ', 'T').replace(' ', '')).getTime()).toBe(
      Date.UTC(2026, 10, 21, 14, 3, 40, 125),
    );
    expect(formatExact(NaN)).toBe('–');
  });

  it('never shows more than four digits before the unit below the last step', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 2 ** 59, noNaN: true }), (value) => {
        expect(plain(formatBytes(value))).toMatch(/^(\d\.\d|\d{1,3}|1,0[0-2]\d) ([KMGTP]iB|B)$/);
      }),
    );
  });
});
