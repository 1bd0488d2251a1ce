import { spawn } from 'node:child_process';
import { inProject, Problem, root, runMain } from './lib/project.mjs';
import { ensureBuilt, ensureInstalled, nodeProblem } from './lib/setup.mjs';

/** `npm run lab`: builds when needed, then runs the lab in the foreground with the arguments given. */
runMain(async (args) => {
  const problem = nodeProblem();
  if (problem) throw new Problem(problem);
  ensureInstalled();
  await ensureBuilt();
  const child = spawn(process.execPath, [inProject('dist/lab.js'), ...args], { cwd: root, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code ?? 1));
  });
});
