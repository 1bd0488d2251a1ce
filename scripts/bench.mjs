import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { buildNode } from './lib/build.mjs';
import { inProject, Problem, root, runMain } from './lib/project.mjs';
import { ensureBuilt, ensureInstalled, nodeProblem } from './lib/setup.mjs';

/** `npm run bench`: builds bench/main.ts and runs it; it prints the table. */
runMain(async (args) => {
  const problem = nodeProblem();
  if (problem) throw new Problem(problem);
  ensureInstalled();
  await ensureBuilt();
  if (!existsSync(inProject('bench/main.ts'))) throw new Problem('there is no bench/main.ts');
  await buildNode({ bench: 'bench/main.ts' });
  const child = spawn(process.execPath, ['--expose-gc', inProject('dist/bench.js'), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code ?? 1));
  });
});
