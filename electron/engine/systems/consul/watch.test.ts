import { describe, expect, it } from 'vitest';
import { GantryError } from '../../../../shared/model/error.ts';
import { deadlineOf, type Ask, type Reply } from './client.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { watch, WAIT_MS, type Consistency } from './watch.ts';

type Scripted = { index: string; body?: string[]; knownLeader?: boolean } | GantryError;

const failure = (status: number, detail: string) =>
  new GantryError({
    code: 'server-error',
    attempted: 'read',
    target: 'x',
    knownEffect: 'nothing was changed',
    advice: 'wait',
    retryable: true,
    status,
    detail,
  });
const END = failure(400, 'the script is over');

/** Plays answers to a watch; returns what it asked and what it applied. */
async function play(script: readonly Scripted[], consistency: Consistency = { leaderless: false }) {
  const asked: Pick<Ask, 'index' | 'waitMs' | 'stale'>[] = [];
  const applied: { index: string; restarted: boolean }[] = [];
  const clock = new FakeClock();
  const answers = [...script, END];
  const thrown: unknown = await watch<string[]>({
    clock,
    random: () => 0,
    signal: new AbortController().signal,
    consistency,
    read: ({ index, waitMs, stale }) => {
      asked.push({ index, waitMs, stale });
      clock.time += 1_000;
      const answer = answers.shift() ?? END;
      if (answer instanceof GantryError) return Promise.reject(answer);
      const reply: Reply<string[]> = {
        body: [],
        knownLeader: true,
        lastContactMs: 0,
        filtered: false,
        receivedAt: clock.time,
        ...answer,
      };
      return Promise.resolve(reply);
    },
    apply: (reply, restarted) => {
      applied.push({ index: reply.index, restarted });
      return true;
    },
    rows: (body) => body.length,
  }).catch((error: unknown) => error);
  return { asked, applied, thrown, consistency };
}

describe('a watch', () => {
  it('starts without an index and goes on with the one it was given', async () => {
    const { asked, applied, thrown } = await play([{ index: '7' }, { index: '9007199254740995' }]);
    expect(asked.map(({ index }) => index)).toEqual(['0', '7', '9007199254740995']);
    expect(asked.every(({ stale }) => !stale)).toBe(true);
    expect(applied.map(({ restarted }) => restarted)).toEqual([false, false]);
    expect(thrown).toBe(END);
  });

  it('applies what an index that went backwards brings, and starts over', async () => {
    const { asked, applied } = await play([{ index: '900' }, { index: '12' }, { index: '12' }]);
    expect(asked.map(({ index }) => index)).toEqual(['0', '900', '0', '12']);
    expect(applied).toEqual([
      { index: '900', restarted: false },
      { index: '12', restarted: true },
      { index: '12', restarted: false },
    ]);
  });

  it('fails with a failure, and learns no index from it', async () => {
    const { asked, applied, thrown } = await play([
      { index: '7' },
      failure(500, 'rpc error making call: EOF'),
    ]);
    expect(asked).toHaveLength(2);
    expect(applied).toHaveLength(1);
    expect(thrown).toMatchObject({ data: { detail: 'rpc error making call: EOF' } });
  });

  it('turns to any server when there is no leader, and back once one is known', async () => {
    const { asked, applied, consistency } = await play([
      { index: '7' },
      failure(500, 'No cluster leader'),
      { index: '7', knownLeader: false },
      { index: '7', knownLeader: true },
      { index: '8' },
    ]);
    expect(asked.map(({ index, stale }) => [index, stale])).toEqual([
      ['0', false],
      ['7', false],
      // At once and without waiting for news: what does this server know?
      ['0', true],
      ['7', true],
      ['7', false],
      ['8', false],
    ]);
    expect(asked[3]?.waitMs).toBe(2_000);
    expect(applied).toHaveLength(4);
    expect(consistency.leaderless).toBe(false);
  });

  it('believes a good answer that says there is no leader', async () => {
    const { asked } = await play([{ index: '7', knownLeader: false }]);
    expect(asked.map(({ stale }) => stale)).toEqual([false, true]);
  });

  it('fails when no server answers without a leader either', async () => {
    const { thrown } = await play([
      failure(500, 'No cluster leader'),
      failure(500, 'No known Consul servers'),
    ]);
    expect(thrown).toMatchObject({ data: { detail: 'No known Consul servers' } });
  });
});

describe('the deadline of a held query', () => {
  it('leaves room for the sixteenth that Consul adds by chance', () => {
    expect(deadlineOf({ index: '7', waitMs: WAIT_MS })).toBeGreaterThanOrEqual((WAIT_MS * 17) / 16 + 3_000);
    expect(deadlineOf({ index: '7', waitMs: 300_000 })).toBeGreaterThan(318_750);
    expect(deadlineOf({ index: '0', waitMs: 300_000 })).toBeLessThan(30_000);
  });
});
