import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runServe } from './hosts/serve-command.ts';

/** Browser mode as a process of its own; `gantry serve` is the same inside the CLI. */
const distDir = path.dirname(fileURLToPath(import.meta.url));
void runServe(process.argv.slice(2), { distDir }).then((status) => process.exit(status));
