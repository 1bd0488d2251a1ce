import { expect, it, vi } from 'vitest';
import { GantryError } from '../../../../shared/model/error.ts';
import { systemClock, type Clock } from '../../clock.ts';
import type { HttpClient } from '../../net/http.ts';
import { GuestMemory } from './guest-memory.ts';
import { lookUpGuests } from './lookups.ts';
import { resourcesSchema } from './wire.ts';

/** A server that reads every request and answers none. */
function silentClient() {
  const waiting = new Set<string>();
  let most = 0;
  const http: HttpClient = {
    json: ({ path, signal }) => {
      waiting.add(path);
      most = Math.max(most, waiting.size);
      return new Promise((_, reject) => {
        signal?.addEventListener('abort', () => {
          waiting.delete(path);
          reject(
            new GantryError({
              code: 'aborted',
              attempted: 'read',
              target: path,
              knownEffect: 'nothing was changed',
              advice: 'The request was cancelled.',
              retryable: true,
            }),
          );
        });
      });
    },
    text: () => Promise.reject(new Error('not used')),
  };
  return { http, waiting, most: () => most };
}

it('a round among guests that never answer is over in its time, and none of them is asked again at once', async () => {
  const server = silentClient();
  let timeIsUp = () => {};
  const clock: Clock = {
    ...systemClock,
    monotonic: () => 1_000,
    sleep: () =>
      new Promise((resolve) => {
        timeIsUp = resolve;
      }),
  };
  const memory = new GuestMemory(() => 0.5);
  const rows = Array.from({ length: 20 }, (_, n) => ({
    type: 'lxc',
    vmid: 100 + n,
    node: 'n',
    status: 'running',
  }));
  memory.update(resourcesSchema.parse({ data: rows }), 1_000);

  const round = lookUpGuests({ http: server.http, clock, memory, signal: new AbortController().signal });
  await vi.waitFor(() => expect(server.waiting.size).toBe(6));
  timeIsUp();
  await round;

  expect([server.most(), server.waiting.size]).toEqual([6, 0]);
  expect(memory.facts(100, 1_000).addressNote).toBe('addresses could not be read: no answer in time');
  // Those whose turn did not come are the next; those that kept silent wait, but for what they were not asked.
  const next = memory.due(1_000, 48, 8);
  expect(next.map(({ row }) => row.vmid)).toEqual(
    [...rows.slice(6), ...rows.slice(0, 6)].map(({ vmid }) => vmid),
  );
  expect(next.filter((entry) => memory.wants(entry, 1_000).addresses)).toHaveLength(14);
});
