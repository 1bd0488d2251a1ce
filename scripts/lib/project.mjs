import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's own folder. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** A path inside the project. */
export function inProject(...parts) {
  return path.join(root, ...parts);
}

/** A failure that is fully said in one line; anything else is a defect and may show its stack. */
export class Problem extends Error {}

/** Runs a script's main function: its result is the exit status, a `Problem` is one line and status 1. */
export function runMain(main) {
  main(process.argv.slice(2)).then(
    (status) => {
      process.exitCode = status;
    },
    (thrown) => {
      const text = thrown instanceof Problem ? thrown.message : (thrown?.stack ?? String(thrown));
      process.stderr.write(`gantry: ${text}\n`);
      process.exitCode = 1;
    },
  );
}

/** All files below a folder of the project, sorted, as paths relative to it. Missing folders are empty. */
export function filesBelow(folder) {
  const start = inProject(folder);
  if (!existsSync(start)) return [];
  const entries = readdirSync(start, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name)))
    .toSorted();
}

/** A digest over names and contents of files. */
export function digestOf(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(`${file}\0`);
    if (existsSync(inProject(file))) hash.update(readFileSync(inProject(file)));
    hash.update('\0');
  }
  return hash.digest('hex');
}
