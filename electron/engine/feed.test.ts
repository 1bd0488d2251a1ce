import { describe, expect, it } from 'vitest';
import { Feed } from './feed.ts';

describe('Feed', () => {
  it('gives a fresh start, then every event in order', async () => {
    const feed = new Feed<string>(() => 'fresh');
    const reader = feed.read();
    expect((await reader.next()).value).toBe('fresh');
    feed.push('a');
    feed.push('b');
    expect([(await reader.next()).value, (await reader.next()).value]).toEqual(['a', 'b']);
  });

  it('starts a reader anew that fell behind, instead of growing', async () => {
    let fresh = 0;
    const feed = new Feed<string>(() => `fresh ${++fresh}`, 3);
    const reader = feed.read();
    await reader.next();
    for (let i = 0; i < 100; i++) feed.push(`event ${i}`);
    expect((await reader.next()).value).toBe('fresh 2');
    feed.push('after');
    expect((await reader.next()).value).toBe('after');
  });

  it('does not repeat what making the fresh start pushed', async () => {
    const feed: Feed<string> = new Feed(() => {
      feed.push('was pending');
      return 'snapshot with it';
    });
    const reader = feed.read();
    expect((await reader.next()).value).toBe('snapshot with it');
    feed.push('next');
    expect((await reader.next()).value).toBe('next');
  });

  it('lets a waiting reader go at once: by leaving, by abort, by closing', async () => {
    const feed = new Feed<string>(() => 'fresh');
    const abort = new AbortController();
    const readers = [feed.read(), feed.read(abort.signal), feed.read()];
    await Promise.all(readers.map((reader) => reader.next()));
    const waiting = readers.map((reader) => reader.next());
    await readers[0]!.return();
    abort.abort();
    expect(await waiting[1]).toEqual({ done: true, value: undefined });
    feed.close();
    expect((await Promise.all(waiting)).map(({ done }) => done)).toEqual([true, true, true]);
    expect(feed.readerCount).toBe(0);
  });
});
