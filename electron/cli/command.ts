import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { GantryClient } from '../../shared/contract/contract.ts';
import { createEngine, type Engine } from '../engine/engine.ts';
import { connectInProcess } from '../engine/in-process.ts';
import { environmentSources } from '../hosts/environment-source.ts';
import { loadEnvironment, type LoadedEnvironment } from '../hosts/environments.ts';

/** Takes the arguments after its name; resolves with the exit status. */
export type Command = (args: readonly string[]) => Promise<number>;

/** The command line does not fit: exit status 2. */
export class WrongUse extends Error {
  override readonly name = 'WrongUse';
}

export function complain(text: string): void {
  process.stderr.write(`gantry: ${text}\n`);
}

/** `parseArgs` whose refusals are wrong use. */
export function parseOptions<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (thrown) {
    throw new WrongUse(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

/** The environment that `--env` names. Unusable files throw a `GantryError` that says what is wrong in them. */
export async function environmentFrom(file: string | undefined): Promise<LoadedEnvironment> {
  if (file === undefined) throw new WrongUse('--env FILE is missing');
  const [source] = environmentSources([file]);
  return loadEnvironment(source!);
}

/** An engine at work on one environment, driven through the same contract as a window. */
export async function engineFor(
  environment: LoadedEnvironment,
): Promise<{ engine: Engine; client: GantryClient }> {
  const engine = await createEngine({ host: 'cli', environments: [environment], activate: environment.id });
  return { engine, client: connectInProcess(engine) };
}

/** Aligns columns of plain text; the last one is not padded. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) =>
      row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]!))).join('  '),
    )
    .join('\n');
}
