import { buildAll } from './lib/build.mjs';
import { runMain } from './lib/project.mjs';

runMain(async () => {
  const started = performance.now();
  await buildAll();
  console.log(`Built dist/ in ${((performance.now() - started) / 1_000).toFixed(1)} s`);
  return 0;
});
