import type { CheckStep } from '../../shared/model/connection.ts';
import type { GantryClient } from '../../shared/contract/contract.ts';
import type { PublishedCheck } from '../../shared/published/check.ts';
import type { LoadedEnvironment } from '../hosts/environments.ts';
import { engineFor, environmentFrom, parseOptions, type Command } from './command.ts';

const usage = `Usage: gantry check --env FILE [--json]

Tests each connection of an environment: configuration, dns, tcp, tls (or the SSH host key),
auth, version, permissions. Names the first step that fails and what to do about it.

Exit status: 0 all connections are fine; 1 one is not, or the file is unusable; 2 wrong use.
`;

type Result = PublishedCheck['connections'][number];

/** `gantry check`. */
export const runCheck: Command = async (args) => {
  const { values } = parseOptions({
    args: [...args],
    options: {
      env: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const environment = await environmentFrom(values.env);
  const { engine, client } = await engineFor(environment);
  try {
    const connections = await Promise.all(
      environment.file.connections.map((connection) => testOne(client, connection)),
    );
    const ok = connections.every((result) => result.ok);
    const check: PublishedCheck = { schema: 'gantry.check/1', ok, connections };
    process.stdout.write(values.json ? `${JSON.stringify(check, null, 2)}\n` : describe(connections));
    return ok ? 0 : 1;
  } finally {
    await engine.stop();
  }
};

async function testOne(
  client: GantryClient,
  { id, system, url }: LoadedEnvironment['file']['connections'][number],
): Promise<Result> {
  const steps: CheckStep[] = [];
  for await (const step of await client.connections.test({ id })) steps.push(step);
  const failed = steps.find((step) => !step.ok);
  return { id, system, url, ok: failed === undefined, ...(failed ? { failedStep: failed.step } : {}), steps };
}

function describe(results: readonly Result[]): string {
  return results
    .map((result) =>
      [
        `${result.ok ? 'ok  ' : 'FAIL'} ${result.id} (${result.system}) ${result.url}`,
        ...result.steps.map(
          (step) =>
            `     ${step.ok ? 'ok  ' : 'FAIL'} ${step.step}: ${step.detail} (${Math.round(step.ms)} ms)`,
        ),
        ...result.steps.flatMap((step) => (step.error ? [`          ${step.error.advice}`] : [])),
        '',
      ].join('\n'),
    )
    .join('\n');
}
