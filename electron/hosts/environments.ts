import { readFile, stat } from 'node:fs/promises';
import type { EnvironmentFile } from '../../shared/model/environment.ts';
import { GantryError } from '../../shared/model/error.ts';
import { parseEnvironmentFile, unusableFile } from '../engine/connections/environment-file.ts';
import type { EnvironmentSource } from './environment-source.ts';

export interface LoadedEnvironment {
  readonly id: string;
  readonly origin: string;
  readonly file: EnvironmentFile;
}

const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Reads and checks one environment file.
 *
 * @throws GantryError `invalid-input` whose `advice` says what is wrong. The text of the file is never repeated: it holds
 * secrets.
 */
export async function loadEnvironment(source: EnvironmentSource): Promise<LoadedEnvironment> {
  const file = parseEnvironmentFile(await readText(source.path), source.path);
  return { id: source.id, origin: source.origin, file };
}

/**
 * Reads all of them. What was asked for by name must be usable; of what was not, an unusable file is handed to `tell` and left
 * out.
 */
export async function loadEnvironments(
  sources: readonly EnvironmentSource[],
  tell: (problem: string) => void,
): Promise<LoadedEnvironment[]> {
  const loaded = await Promise.all(
    sources.map(async (source) => {
      try {
        return await loadEnvironment(source);
      } catch (thrown) {
        if (!source.optional || !(thrown instanceof GantryError)) throw thrown;
        tell(thrown.data.advice);
        return undefined;
      }
    }),
  );
  return loaded.filter((environment) => environment !== undefined);
}

async function readText(file: string): Promise<string> {
  try {
    const facts = await stat(file);
    if (facts.isDirectory()) throw unusableFile(file, 'is a folder');
    if (facts.size > MAX_FILE_BYTES) throw unusableFile(file, `is larger than ${MAX_FILE_BYTES} bytes`);
    return await readFile(file, 'utf8');
  } catch (thrown) {
    if (thrown instanceof GantryError) throw thrown;
    const code = (thrown as NodeJS.ErrnoException).code;
    throw unusableFile(
      file,
      code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code ?? 'unknown'})`,
    );
  }
}
