import { describe, expect, it } from 'vitest';
import { Sessions } from './sessions.ts';

function sessionsAt(start = 0) {
  const time = { now: start };
  let made = 0;
  const sessions = new Sessions({ idleMs: 1_000, now: () => time.now, secret: () => `secret-${++made}` });
  return { sessions, time };
}

describe('Sessions', () => {
  it('exchanges a token once', () => {
    const { sessions } = sessionsAt();
    const token = sessions.issueToken();
    const secret = sessions.exchange(token);
    expect(secret).toBeDefined();
    expect(sessions.touch(secret)).toBe(true);
    expect(sessions.exchange(token)).toBeUndefined();
  });

  it('refuses a wrong token, and keeps the right one working', () => {
    const { sessions } = sessionsAt();
    const token = sessions.issueToken();
    expect(sessions.exchange(`${token}x`)).toBeUndefined();
    expect(sessions.exchange('')).toBeUndefined();
    expect(sessions.exchange(token)).toBeDefined();
  });

  it('closes the door after fifty wrong tokens, until a new one is issued', () => {
    const { sessions } = sessionsAt();
    const token = sessions.issueToken();
    for (let n = 0; n < 50; n += 1) expect(sessions.exchange('guess')).toBeUndefined();
    expect(sessions.exchange(token)).toBeUndefined();
    expect(sessions.exchange(sessions.issueToken())).toBeDefined();
  });

  it('a new token replaces the one before', () => {
    const { sessions } = sessionsAt();
    const first = sessions.issueToken();
    const second = sessions.issueToken();
    expect(sessions.exchange(first)).toBeUndefined();
    expect(sessions.exchange(second)).toBeDefined();
  });

  it('knows no secret that it did not make', () => {
    const { sessions } = sessionsAt();
    expect(sessions.touch(undefined)).toBe(false);
    expect(sessions.touch('made up')).toBe(false);
    expect(sessions.openSocket('made up')).toBeUndefined();
  });

  it('ends a session that idles, says so once, and leaves none behind', () => {
    const { sessions, time } = sessionsAt();
    const secret = sessions.exchange(sessions.issueToken());
    time.now = 1_000;
    expect(sessions.touch(secret)).toBe(true);
    expect(sessions.expire()).toBe(false);
    time.now = 2_001;
    expect(sessions.touch(secret)).toBe(false);
    expect(sessions.expire()).toBe(true);
    expect(sessions.expire()).toBe(false);
  });

  it('keeps a session alive while a socket is open, and counts from its end', () => {
    const { sessions, time } = sessionsAt();
    const secret = sessions.exchange(sessions.issueToken());
    const release = sessions.openSocket(secret);
    time.now = 50_000;
    expect(sessions.expire()).toBe(false);
    release?.();
    release?.();
    time.now = 50_900;
    expect(sessions.touch(secret)).toBe(true);
    time.now = 52_000;
    expect(sessions.expire()).toBe(true);
  });

  it('makes secrets of 256 bits that differ', () => {
    const sessions = new Sessions({ idleMs: 1, now: () => 0 });
    const tokens = new Set(Array.from({ length: 50 }, () => sessions.issueToken()));
    expect(tokens.size).toBe(50);
    for (const token of tokens) expect(Buffer.from(token, 'base64url')).toHaveLength(32);
  });
});
