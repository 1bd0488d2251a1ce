import { foreground } from './lib/children.mjs';
import { inProject, root, runMain } from './lib/project.mjs';
import { prepare } from './lib/setup.mjs';

/** `npm run lab`: builds when needed, then runs the lab in the foreground with the arguments given. */
runMain(async (args) => {
  await prepare();
  return foreground(inProject('dist/lab.js'), args, root);
});
