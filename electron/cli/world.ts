import type { GantryClient } from '../../shared/contract/contract.ts';
import { healthStates } from '../../shared/model/health.ts';
import { entityKinds } from '../../shared/model/entity.ts';
import type { WorldSnapshot } from '../../shared/model/world.ts';
import { publishWorld, type PublishedWorld } from '../../shared/published/world.ts';
import {
  complain,
  engineFor,
  environmentFrom,
  parseOptions,
  table,
  WrongUse,
  type Command,
} from './command.ts';

const usage = `Usage: gantry world --env FILE [--json] [--settle S]

Connects to an environment, waits, and prints what is known of it.

  --env FILE   the environment file
  --settle S   wait S seconds before printing (default: until every source has answered, at most 10 s)
  --json       print the published JSON format gantry.world/1

Exit status: 0 printed; 1 the file is unusable, or no connection gave an answer; 2 wrong use.
`;

const MAX_SETTLE_S = 3_600;
const PATIENCE_MS = 10_000;

/** `gantry world`. */
export const runWorld: Command = async (args) => {
  const { values } = parseOptions({
    args: [...args],
    options: {
      env: { type: 'string' },
      json: { type: 'boolean', default: false },
      settle: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const settleMs = values.settle === undefined ? undefined : settleOf(values.settle);
  const environment = await environmentFrom(values.env);
  const { engine, client } = await engineFor(environment);
  try {
    const snapshot = settleMs === undefined ? await settled(client) : await after(client, settleMs);
    const world = publishWorld(snapshot, environment.file);
    process.stdout.write(values.json ? `${JSON.stringify(world, null, 2)}\n` : describe(world));
    const answered =
      world.connections.length === 0 || snapshot.connections.some((c) => c.lastAnswerAt !== null);
    if (!answered) complain('no connection gave an answer');
    return answered ? 0 : 1;
  } finally {
    await engine.stop();
  }
};

function settleOf(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds >= 0 && seconds <= MAX_SETTLE_S)) {
    throw new WrongUse(`--settle must be a number of seconds from 0 to ${MAX_SETTLE_S}`);
  }
  return seconds * 1_000;
}

async function after(client: GantryClient, ms: number): Promise<WorldSnapshot> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
  return client.world.snapshot({});
}

/** The world once every connection has answered in all of its scopes, or failed. */
async function settled(client: GantryClient): Promise<WorldSnapshot> {
  const deadline = AbortSignal.timeout(PATIENCE_MS);
  try {
    // Each event is only the sign to look again.
    for await (const _event of await client.world.watch({}, { signal: deadline })) {
      const snapshot = await client.world.snapshot({});
      if (isSettled(snapshot)) return snapshot;
    }
  } catch (thrown) {
    if (!deadline.aborted) throw thrown;
  }
  return client.world.snapshot({});
}

function isSettled({ connections, sources }: WorldSnapshot): boolean {
  return connections.every(
    ({ id, state }) =>
      state === 'down' ||
      state === 'forbidden' ||
      (state !== 'connecting' &&
        sources.every((source) => source.connectionId !== id || source.asOf !== null)),
  );
}

function describe(world: PublishedWorld): string {
  const connections = table([
    ['CONNECTION', 'SYSTEM', 'STATE', 'VERSION', 'ERROR'],
    ...world.connections.map((c) => [
      c.id,
      c.system,
      c.state,
      c.version ?? '-',
      c.error ? `${c.error.attempted}: ${c.error.advice}` : '-',
    ]),
  ]);
  const counts = table([
    ['KIND', ...healthStates.map((state) => state.toUpperCase())],
    ...entityKinds.map((kind) => [
      kind,
      ...healthStates.map((state) =>
        String(world.entities.filter((e) => e.kind === kind && e.health.state === state).length),
      ),
    ]),
  ]);
  const wrong = world.entities.filter((e) => e.health.state === 'down' || e.health.state === 'degraded');
  const list = wrong.map((e) => [e.health.state, e.id, e.health.reason ?? '']);
  return `${[connections, counts, ...(list.length > 0 ? [table(list)] : []), `${world.links.length} links`].join('\n\n')}\n`;
}
