import { atTurn, FIXTURE_AT, fixture, worldOf } from './fixture.ts';

/**
 * What it costs the engine to hear all systems' complete answers anew when `share` of the world differs: comparing,
 * joining, judging and making the patch. One value in ms for each of `times` turns, after five that warm up.
 */
export function engineChange(count: number, share: number, times: number): number[] {
  const said = fixture(count);
  const world = worldOf(said);
  const results: number[] = [];
  const warmUp = 5;
  for (let turn = 1; turn <= times + warmUp; turn++) {
    const answers = atTurn(said, share, turn);
    const now = FIXTURE_AT + turn * 1_000;
    const started = performance.now();
    for (const { connectionId, observation } of answers) world.observe(connectionId, observation, now);
    const patch = world.flush(now);
    const took = performance.now() - started;
    if (!patch || patch.entities.length === 0) throw new Error('the turn changed nothing');
    if (turn > warmUp) results.push(took);
  }
  return results;
}
