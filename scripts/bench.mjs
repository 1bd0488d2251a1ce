import { existsSync } from 'node:fs';
import { buildNode } from './lib/build.mjs';
import { foreground } from './lib/children.mjs';
import { inProject, Problem, root, runMain } from './lib/project.mjs';
import { prepare } from './lib/setup.mjs';

/** `npm run bench`: builds bench/main.ts and runs it; it prints the table. */
runMain(async (args) => {
  await prepare();
  if (!existsSync(inProject('bench/main.ts'))) throw new Problem('there is no bench/main.ts');
  await buildNode({ bench: 'bench/main.ts' }, { packages: 'external' });
  return foreground(inProject('dist/bench.js'), args, root);
});
