import { FIXTURE_AT, fixture } from './fixture.ts';
import { atTurn, worldOf } from './world.ts';

/** What one turn of a changing world costs the engine, ms. */
export interface EngineTurn {
  /**
   * The dearest single step: one system's complete answer compared, joined, judged and made a patch. Systems answer at
   * their own times, so this is the longest that anything else in the engine has to wait.
   */
  readonly dearestMs: number;
  /** Every system's complete answer. */
  readonly allMs: number;
  /** Of that, what is proportional to the change: joining, judging, the patch. */
  readonly flushMs: number;
}

/**
 * Hears all systems' complete answers anew in each of `times` turns, `share` of the world being different each time; five
 * more warm up. Answers are fresh objects, as they are when they come over a network.
 */
export function engineChange(count: number, share: number, times: number): EngineTurn[] {
  const said = fixture(count);
  const world = worldOf(said);
  const results: EngineTurn[] = [];
  const warmUp = 5;
  for (let turn = 1; turn <= times + warmUp; turn++) {
    const answers = structuredClone(atTurn(said, share, turn));
    const now = FIXTURE_AT + turn * 1_000;
    const steps = answers.map(({ connectionId, observation }) => {
      const started = performance.now();
      world.observe(connectionId, observation, now);
      const observed = performance.now();
      const patch = world.flush(now);
      const flushed = performance.now();
      return { changed: patch?.entities.length ?? 0, all: flushed - started, flush: flushed - observed };
    });
    if (steps.every((step) => step.changed === 0)) throw new Error('the turn changed nothing');
    if (turn <= warmUp) continue;
    results.push({
      dearestMs: Math.max(...steps.map((step) => step.all)),
      allMs: steps.reduce((sum, step) => sum + step.all, 0),
      flushMs: steps.reduce((sum, step) => sum + step.flush, 0),
    });
  }
  return results;
}
