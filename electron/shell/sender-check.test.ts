import { describe, expect, it } from 'vitest';
import { Nonces, RateLimit, refusalOfSender } from './sender-check.ts';

const trusted = new Set([7]);
const frame = { url: 'app://gantry/#/topology', origin: 'app://gantry', parent: null };

describe('refusalOfSender', () => {
  it('lets in the top frame of a window of ours', () => {
    expect(refusalOfSender({ contentsId: 7, frame }, trusted)).toBeUndefined();
  });

  it.each([
    ['a window that we did not make', { contentsId: 8, frame }, 'unknown window'],
    ['a frame that went away', { contentsId: 7, frame: null }, 'the frame is gone'],
    ['a frame inside', { contentsId: 7, frame: { ...frame, parent: {} } }, 'not the top frame'],
    [
      'a foreign page',
      { contentsId: 7, frame: { ...frame, url: 'https://evil.example/', origin: 'https://evil.example' } },
      'foreign origin',
    ],
    [
      'a look-alike',
      { contentsId: 7, frame: { ...frame, url: 'app://gantry.evil/', origin: 'app://gantry.evil' } },
      'foreign origin',
    ],
    [
      'a sandboxed copy of our page',
      { contentsId: 7, frame: { ...frame, origin: 'null' } },
      'foreign origin',
    ],
    [
      'a blank page that inherited our origin',
      { contentsId: 7, frame: { ...frame, url: 'about:blank' } },
      'foreign origin',
    ],
  ])('refuses %s', (_who, sender, reason) => {
    expect(refusalOfSender(sender, trusted)).toBe(reason);
  });
});

describe('Nonces', () => {
  it('work once', () => {
    const nonces = new Nonces();
    const nonce = crypto.randomUUID();
    expect(nonces.accept(nonce)).toBe(true);
    expect(nonces.accept(nonce)).toBe(false);
    expect(nonces.accept(crypto.randomUUID())).toBe(true);
  });

  it.each([undefined, null, 1, '', 'x', {}, ['a'], `${crypto.randomUUID()}x`])('are not %j', (value) => {
    expect(new Nonces().accept(value)).toBe(false);
  });
});

describe('RateLimit', () => {
  it('lets so many through in its time, and more later', () => {
    let now = 0;
    const limit = new RateLimit(2, 1_000, () => now);
    expect([limit.take(), limit.take(), limit.take()]).toEqual([true, true, false]);
    now = 999;
    expect(limit.take()).toBe(false);
    now = 1_000;
    expect(limit.take()).toBe(true);
  });
});
