import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FROM_START, isOlder, nextIndex, parseIndex, wentBackwards } from './indexes.ts';

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);

describe('the index of a blocking query', () => {
  it('is an unsigned 64-bit decimal, or nothing', () => {
    expect(parseIndex('18446744073709551615')).toBe('18446744073709551615');
    expect(parseIndex('0007')).toBe('7');
    for (const bad of [undefined, '', '-1', '1.5', '0x10', ' 1', '18446744073709551616', '1e3']) {
      expect(parseIndex(bad)).toBeUndefined();
    }
  });

  it('keeps all digits past 2^53', () => {
    expect(nextIndex('9007199254740993', '9007199254740995')).toBe('9007199254740995');
    expect(isOlder('9007199254740992', '9007199254740993')).toBe(true);
  });

  it('starts over when it goes backwards, and only then', () => {
    fc.assert(
      fc.property(uint64, uint64, (asked, answered) => {
        const next = nextIndex(asked, answered);
        const effective = BigInt(answered) < 1n ? 1n : BigInt(answered);
        expect(next === FROM_START).toBe(effective < BigInt(asked));
        // Anything but a restart blocks: an index of 0 would be answered at once, for ever.
        if (next !== FROM_START) expect(BigInt(next)).toBeGreaterThanOrEqual(1n);
        expect(wentBackwards(asked, answered)).toBe(BigInt(answered) < BigInt(asked));
      }),
    );
  });

  it('takes 0 for 1', () => {
    expect(nextIndex(FROM_START, '0')).toBe('1');
  });
});
