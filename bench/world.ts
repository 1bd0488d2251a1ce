import { World } from '../electron/engine/world/world.ts';
import type { ConnectionStatus, SystemKind } from '../shared/model/connection.ts';
import type { OwnHealth } from '../shared/model/health.ts';
import { sourceId } from '../shared/model/freshness.ts';
import { FIXTURE_AT, type Said } from './fixture.ts';
import { seeded } from './random.ts';

/** The fixture in the engine's world: joined and judged. The first flush is done. */
export function worldOf(said: readonly Said[]): World {
  const world = new World('bench');
  for (const { connectionId, system, observation } of said) {
    world.setConnection(statusOf(connectionId, system));
    world.setSource({
      id: sourceId(connectionId, observation.scope),
      connectionId,
      scope: observation.scope,
      mode: 'poll',
      state: 'live',
      asOf: FIXTURE_AT,
      intervalMs: 5_000,
    });
    world.observe(connectionId, observation, FIXTURE_AT);
  }
  world.flush(FIXTURE_AT);
  return world;
}

function statusOf(id: string, system: SystemKind): ConnectionStatus {
  return {
    id,
    system,
    url: `https://${id}.example`,
    state: 'live',
    since: FIXTURE_AT,
    lastAnswerAt: FIXTURE_AT,
    requestsPerMinute: 12,
    budgetPerMinute: 120,
    latencyMs: 14,
    hasSecret: true,
  };
}

/**
 * The fixture at a later turn: against the turn before, `share` of all entities are different. Six in ten of those only in
 * their numbers (three move, three that moved before go back); two become degraded, and the two that the turn before
 * degraded recover, so that the world stays as well as it was.
 */
export function atTurn(said: readonly Said[], share: number, turn: number): Said[] {
  const numbers = chosen(said, 0.3 * share, turn);
  const degraded = chosen(said, 0.2 * share, turn);
  return said.map((each) => ({
    ...each,
    observation: {
      ...each.observation,
      asOf: FIXTURE_AT + turn * 1_000,
      entities: each.observation.entities.map((entity) => {
        const ownHealth: OwnHealth =
          degraded.has(entity.id) && entity.ownHealth.state === 'healthy'
            ? { state: 'degraded', reason: `warning in turn ${turn}` }
            : entity.ownHealth;
        const metrics = numbers.has(entity.id)
          ? { ...entity.metrics, cpuFraction: ((turn * 37) % 100) / 100 }
          : entity.metrics;
        return numbers.has(entity.id) || degraded.has(entity.id) ? { ...entity, metrics, ownHealth } : entity;
      }),
    },
  }));
}

/** A share of all entities, by chance that repeats; successive turns overlap in nothing that matters. */
function chosen(said: readonly Said[], share: number, turn: number): ReadonlySet<string> {
  const random = seeded(Math.round(share * 1e6) + turn);
  const ids = new Set<string>();
  for (const { observation } of said)
    for (const { id } of observation.entities) if (random() < share) ids.add(id);
  return ids;
}
