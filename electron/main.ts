import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, session, type BrowserWindow, type MessagePortMain } from 'electron';
import { environmentSources, inOpeningOrder } from './hosts/environment-source.ts';
import { startLab, type RunningLab } from './hosts/lab.ts';
import { declareAppScheme, serveAppProtocol } from './shell/app-protocol.ts';
import { parseDesktopOptions } from './shell/command-line.ts';
import { openConnectDoor } from './shell/connect-door.ts';
import { spawnEngine, utilityLabSpawner } from './shell/engine-child.ts';
import { ipc, type EngineState } from './shell/engine-messages.ts';
import { EngineSupervisor } from './shell/engine-supervisor.ts';
import { lockDownContents, lockDownProcess, lockDownSession } from './shell/lock-down.ts';
import { installMenu } from './shell/menu.ts';
import { APP_URL } from './shell/own-url.ts';
import { announce, complain } from './shell/report.ts';
import { openWindow, SESSION_PARTITION } from './shell/window.ts';

const distDir = path.dirname(fileURLToPath(import.meta.url));
const options = parseDesktopOptions(process.argv.slice(1));

if (options.dataDir !== undefined) {
  const profile = path.resolve(options.dataDir, 'window');
  mkdirSync(profile, { recursive: true });
  app.setPath('userData', profile);
}

if (!lockDownProcess(app)) {
  app.exit(2);
} else if (!app.requestSingleInstanceLock()) {
  complain('is open already; that window comes to the front');
  app.exit(0);
} else {
  declareAppScheme();
  lockDownContents(app);
  void app
    .whenReady()
    .then(run)
    .catch((thrown: unknown) => {
      complain(thrown instanceof Error ? thrown.message : String(thrown));
      app.exit(1);
    });
}

/** Engine, lab and window side by side; the window shows as soon as it can, and gets its port when the engine is ready. */
async function run(): Promise<void> {
  const windows = new Set<BrowserWindow>();
  const engine = superviseEngine(windows);
  const lab: { running?: RunningLab } = {};
  stopTogether(engine, lab);

  const trustedIds = new Set<number>();
  openConnectDoor(engine, trustedIds);
  const open = windowOpener(windows, trustedIds);
  // Started by a script that is gone: the application goes with it.
  process.once('disconnect', () => app.quit());
  app.on('second-instance', () => bringToFront(windows, open));
  app.on('activate', () => bringToFront(windows, open));
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  open();

  const sources = environmentSources(options.environmentFiles, options.dataDir);
  if (options.lab) lab.running = await startLab(utilityLabSpawner(path.join(distDir, 'lab.js')));
  engine.start({ type: 'start', environments: inOpeningOrder(sources, lab.running?.environment) });
}

function superviseEngine(windows: ReadonlySet<BrowserWindow>): EngineSupervisor<MessagePortMain> {
  const tell = (state: EngineState) => {
    for (const window of windows) window.webContents.send(ipc.engine, state);
  };
  let announced = false;
  return new EngineSupervisor<MessagePortMain>({
    spawn: () => spawnEngine(path.join(distDir, 'engine-process.js')),
    later: (ms, task) => {
      const timer = setTimeout(task, ms);
      return () => clearTimeout(timer);
    },
    now: () => performance.now(),
    onState: (state) => {
      if (state === 'lost') complain('the engine ended; it is started again');
      tell(state);
      if (state === 'ready' && !announced) {
        announced = true;
        announce(`Gantry is ready at ${APP_URL}`);
      }
    },
    onRefused: (reason) => {
      complain(reason);
      app.exit(1);
    },
  });
}

function windowOpener(windows: Set<BrowserWindow>, trustedIds: Set<number>): () => void {
  const windowSession = session.fromPartition(SESSION_PARTITION, { cache: false });
  lockDownSession(windowSession);
  serveAppProtocol(windowSession, path.join(distDir, 'renderer'));
  installMenu(!app.isPackaged);
  const preload = path.join(distDir, 'preload.cjs');
  return () => {
    const window = openWindow({ session: windowSession, preload, trustedIds });
    windows.add(window);
    window.once('closed', () => windows.delete(window));
  };
}

function bringToFront(windows: ReadonlySet<BrowserWindow>, open: () => void): void {
  const [window] = windows;
  if (!window) {
    open();
    return;
  }
  if (window.isMinimized()) window.restore();
  window.focus();
}

/** Quitting waits until engine and lab are gone: nothing is left behind. */
function stopTogether(engine: EngineSupervisor<MessagePortMain>, lab: { running?: RunningLab }): void {
  let stopped = false;
  app.on('will-quit', (event) => {
    if (stopped) return;
    event.preventDefault();
    void Promise.allSettled([engine.stop(), lab.running?.stop()]).then(() => {
      stopped = true;
      app.quit();
    });
  });
}
