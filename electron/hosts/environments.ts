import { readFile, stat } from 'node:fs/promises';
import { EnvironmentFileSchema, type EnvironmentFile } from '../../shared/model/environment.ts';
import { GantryError } from '../../shared/model/error.ts';
import type { EnvironmentSource } from './environment-source.ts';

export { environmentSources } from './environment-source.ts';

export interface LoadedEnvironment {
  readonly id: string;
  readonly origin: string;
  readonly file: EnvironmentFile;
}

const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Reads and checks one environment file.
 *
 * @throws GantryError `invalid-input` whose `advice` says in one line what is wrong. The text of the file is never
 * repeated: it holds secrets.
 */
export async function loadEnvironment(source: EnvironmentSource): Promise<LoadedEnvironment> {
  const parsed = EnvironmentFileSchema.safeParse(parseJson(await readText(source.path), source.path));
  if (parsed.success) return { id: source.id, origin: source.origin, file: parsed.data };
  const issue = parsed.error.issues[0];
  const where = issue && issue.path.length > 0 ? `${issue.path.map(String).join('.')}: ` : '';
  throw unusable(source.path, `${where}${issue?.message ?? 'does not fit the schema'}`);
}

async function readText(file: string): Promise<string> {
  try {
    const facts = await stat(file);
    if (facts.isDirectory()) throw unusable(file, 'is a folder');
    if (facts.size > MAX_FILE_BYTES) throw unusable(file, `is larger than ${MAX_FILE_BYTES} bytes`);
    return await readFile(file, 'utf8');
  } catch (thrown) {
    if (thrown instanceof GantryError) throw thrown;
    const code = (thrown as NodeJS.ErrnoException).code;
    throw unusable(
      file,
      code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code ?? 'unknown'})`,
    );
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (thrown) {
    // The parser's own words may quote the file, and with it a secret: only the position is kept.
    const position = /position (\d+)/.exec(thrown instanceof Error ? thrown.message : '')?.[1];
    throw unusable(
      file,
      `is not valid JSON${position === undefined ? '' : lineAndColumn(text, Number(position))}`,
    );
  }
}

function lineAndColumn(text: string, position: number): string {
  const before = text.slice(0, position).split('\n');
  return ` (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`;
}

function unusable(file: string, problem: string): GantryError {
  return new GantryError({
    code: 'invalid-input',
    attempted: 'read the environment file',
    target: file,
    knownEffect: 'nothing was sent',
    advice: `Environment file ${file}: ${problem}`.slice(0, 1_000),
    retryable: false,
  });
}
