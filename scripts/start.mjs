import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { nodeChild, onStopRequest, programChild } from './lib/children.mjs';
import { desktopObstacle, fetchElectron, findElectron } from './lib/electron-binary.mjs';
import { openPage } from './lib/open-page.mjs';
import { inProject, Problem, root, runMain } from './lib/project.mjs';
import { prepare, requireNode } from './lib/setup.mjs';

const usage = `Usage: npm start -- [flags]

Installs and builds what is missing, then opens the console.

  --no-lab         without the built-in lab
  --browser        in a browser instead of the desktop window
  --no-open        open nothing, only print the address to open
  --env FILE       an environment to connect to; may be given more than once, the first is opened
  --data-dir DIR   the console's data; environment files in its folder environments/ are offered too
  --port PORT      loopback port of browser mode (default: any free one)
  --help           this text
`;

runMain(async (args) => {
  const options = parse(args);
  if (typeof options === 'number') return options;
  requireNode();
  options.env.forEach(checkEnvironmentFile);
  await prepare();

  const electron = await chooseElectron(options);
  if (electron !== undefined) {
    const status = await runDesktop(electron, options);
    if (status !== undefined) return status;
    console.log('The desktop window did not start; opening browser mode instead');
  }
  return runBrowser(options);
});

/** The options, or the exit status when there is nothing else to do. */
function parse(args) {
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        'no-lab': { type: 'boolean', default: false },
        browser: { type: 'boolean', default: false },
        'no-open': { type: 'boolean', default: false },
        env: { type: 'string', multiple: true, default: [] },
        'data-dir': { type: 'string' },
        port: { type: 'string', default: '0' },
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (thrown) {
    process.stderr.write(`gantry: ${thrown.message.split('. ')[0]}; see npm start -- --help\n`);
    return 2;
  }
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  return values;
}

/** Says at once what the engine would only find later: no such file, no JSON. Nothing of the text is repeated. */
function checkEnvironmentFile(file) {
  let text;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new Problem(
      `environment file ${file}: ${thrown.code === 'ENOENT' ? 'there is no such file' : `cannot be read (${thrown.code})`}`,
    );
  }
  try {
    JSON.parse(text);
  } catch {
    throw new Problem(`environment file ${file}: is not valid JSON`);
  }
}

/** The executable to use, or undefined for browser mode; the reason is said in one line. */
async function chooseElectron(options) {
  if (options.browser || options['no-open']) return undefined;
  const obstacle = desktopObstacle();
  const missing = obstacle === undefined && findElectron() === undefined ? await fetchElectron() : undefined;
  const reason = obstacle ?? (missing && `there is no Electron here: ${missing}`);
  if (reason === undefined) return findElectron();
  console.log(`Opening browser mode: ${reason}`);
  return undefined;
}

/** Flags for both hosts. */
function hostFlags(options) {
  return [
    ...options.env.flatMap((file) => ['--env', path.resolve(file)]),
    ...(options['data-dir'] === undefined ? [] : ['--data-dir', path.resolve(options['data-dir'])]),
    ...(options['no-lab'] ? ['--no-lab'] : []),
  ];
}

/** The exit status, or undefined when the window could not be shown at all and did not say why. */
async function runDesktop(electron, options) {
  const env = { ...process.env };
  delete env.ELECTRON_RUN_AS_NODE;
  const child = programChild(electron, [root, ...hostFlags(options)], root, env);
  const stopped = onStopRequest(async () => child.stop());
  const ready = await child.ready;
  const status = await child.exited;
  if (stopped()) return 0;
  // Zero without being ready: an open console came to the front instead.
  return ready || child.explained || status === 0 ? status : undefined;
}

async function runBrowser(options) {
  const child = nodeChild(inProject('dist/serve.js'), ['--port', options.port, ...hostFlags(options)], root);
  let page;
  const stopped = onStopRequest(async () => {
    await Promise.all([child.stop(), page?.close?.()]);
  });
  if (!(await child.ready)) {
    const status = await child.exited;
    if (!stopped() && !child.explained) throw new Problem('the console ended before it was ready');
    return stopped() ? 0 : status;
  }
  if (!options['no-open'] && !stopped()) {
    page = await openPage(child.address);
    if (page.why) console.log(`Open that address in a browser on this machine (${page.why})`);
    // Closing the window ends the console, as in the desktop application.
    void page.closed?.then(() => child.stop());
  }
  const status = await child.exited;
  await page?.close?.();
  return stopped() ? 0 : status;
}
