import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Database } from './rows.ts';

/** A database saved earlier; undefined: none there yet. Throws when the file is there but cannot be read as one. */
export function loadDatabase(path: string): Database | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
  const database = JSON.parse(text) as Partial<Database>;
  if (!database.endpoints || !database.client_tokens || !database.settings || !database.next_ids) {
    throw new Error(`${path} is no database of the lab's LLM balancer`);
  }
  return database as Database;
}

/** Written whole or not at all. Holds API keys and client tokens: 0600. */
export function saveDatabase(path: string, database: Database): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, JSON.stringify(database), { mode: 0o600 });
  renameSync(temporary, path);
}
