import { randomBytes } from 'node:crypto';
import type { LabContext, LabModule, RunningModule } from '../kit/module.ts';
import { startLabServer } from '../kit/server.ts';
import type { LabWorld } from '../kit/world.ts';
import { poweredServer } from '../llm-endpoints/powered-server.ts';
import { DECLARED_CONNECTION_META, LLM_CONNECTION_ID } from '../scenario.ts';
import { loadDatabase, saveDatabase } from './database-file.ts';
import { internalError } from './errors.ts';
import { BalancerProcess, defaultOptions, type BalancerOptions } from './process.ts';
import { stringify } from './python-json.ts';
import { renewApiKeys, seededStore } from './seed.ts';
import { balancerHandler } from './server.ts';
import { BalancerStore } from './store.ts';
import { startTraffic } from './traffic.ts';

export interface LlmBalancerLabOptions {
  /** Overrides of the balancer's settings. The admin token is random unless given. */
  readonly settings?: Partial<BalancerOptions>;
  /** Where the database is kept between runs of the lab; absent: in memory. Holds secrets. */
  readonly databaseFile?: string;
  /** Default 5. */
  readonly requestsPerSecond?: number;
}

/** The database outlives the module, as a file outlives a process: a module started again in the same world finds it. */
const stores = new WeakMap<LabWorld, BalancerStore>();
/** The token is configuration of the place, not of the run. */
const adminTokens = new WeakMap<LabWorld, string>();

const DEFAULT_REQUESTS_PER_SECOND = 5;
/** Rows change with every request; the file follows within this time. */
const SAVE_DELAY_MS = 500;

export function makeLlmBalancerLab(options: LlmBalancerLabOptions = {}): LabModule {
  return { name: 'llm-balancer', start: (context) => start(context, options) };
}

/** The LLM balancer of the scenario with its clients. Its endpoints must have been started before. */
export const llmBalancerLab: LabModule = makeLlmBalancerLab();

async function start(context: LabContext, options: LlmBalancerLabOptions): Promise<RunningModule> {
  const { world, network, now } = context;
  const settings: BalancerOptions = {
    ...defaultOptions,
    adminToken: adminTokenOf(world),
    ...options.settings,
  };
  const store = storeOf(context, options.databaseFile);
  const saver = options.databaseFile === undefined ? undefined : saveLater(store, options.databaseFile);
  const newProcess = () =>
    new BalancerProcess({ store, options: settings, now, resolve: (url) => network.resolve(url) });
  let process = newProcess();

  const listening = await startLabServer({
    name: 'llm',
    handler: balancerHandler(() => process),
    errorBody: { contentType: 'application/json', text: stringify(internalError('lab-fault')) },
  });
  const powered = poweredServer(listening, () => isUp(world));
  let wasUp = true;
  const update = () => {
    const up = isUp(world);
    // Gone without a drain: what a process only had in memory starts from zero.
    if (wasUp && !up) {
      void process.kill();
      process = newProcess();
    }
    wasUp = up;
    void powered.update();
  };
  const unsubscribe = world.onChange(update);
  update();
  const traffic = startTraffic({
    origin: listening.origin,
    requestsPerSecond: options.requestsPerSecond ?? DEFAULT_REQUESTS_PER_SECOND,
    tokens: () => store.tokens.map((row) => row.token),
    models: [...new Set(world.scenario.llmEndpoints.map((endpoint) => endpoint.model))],
    random: context.random,
    signal: context.signal,
  });

  return {
    servers: [powered.server],
    connections: [
      {
        id: LLM_CONNECTION_ID,
        system: 'llm-balancer',
        url: listening.origin,
        auth: { type: 'token', token: settings.adminToken },
      },
    ],
    tick: (seconds) => traffic.tick(seconds),
    async close() {
      unsubscribe();
      await traffic.stop();
      await process.drain(0);
      saver?.flush();
    },
  };
}

function adminTokenOf(world: LabWorld): string {
  let token = adminTokens.get(world);
  if (token === undefined)
    adminTokens.set(world, (token = `lab-admin-${randomBytes(18).toString('base64url')}`));
  return token;
}

function storeOf({ world, now }: LabContext, file: string | undefined): BalancerStore {
  let store = stores.get(world);
  if (!store) {
    const saved = file === undefined ? undefined : loadDatabase(file);
    store = saved ? new BalancerStore(now, saved) : seededStore(world, now);
    renewApiKeys(world, store);
    stores.set(world, store);
  }
  return store;
}

function saveLater(store: BalancerStore, path: string): { flush(): void } {
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    saveDatabase(path, store.database);
  };
  store.onWrite(() => {
    timer ??= setTimeout(flush, SAVE_DELAY_MS);
  });
  return { flush };
}

/** Whether the process that the operator declared to be this connection runs in the shared world. */
function isUp(world: LabWorld): boolean {
  for (const instance of world.instances.values()) {
    if (instance.meta[DECLARED_CONNECTION_META] === LLM_CONNECTION_ID) return world.isInstanceUp(instance.id);
  }
  return true;
}
