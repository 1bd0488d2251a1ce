import { makeCertificate } from './kit/certificate.ts';
import type { LabConnection, LabModule, RunningModule } from './kit/module.ts';
import { LabNetwork } from './kit/network.ts';
import type { LabServer } from './kit/server.ts';
import { LabWorld } from './kit/world.ts';
import { labModules } from './registry.ts';
import { scenario } from './scenario.ts';
import { moveTraffic } from './traffic.ts';

export interface Lab {
  readonly world: LabWorld;
  readonly connections: readonly LabConnection[];
  /** By name, for the control API. */
  readonly servers: ReadonlyMap<string, LabServer>;
  stop(): Promise<void>;
}

export interface LabOptions {
  readonly modules?: readonly LabModule[];
  readonly now?: () => number;
  readonly random?: () => number;
  /** Whether counters move by themselves. Tests of one server switch it off. Default true. */
  readonly traffic?: boolean;
}

const TICK_MS = 1_000;

/** Starts every stand-in on a free loopback port. Resolves once all of them answer. */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const now = options.now ?? Date.now;
  const random = options.random ?? Math.random;
  const stopping = new AbortController();
  const world = new LabWorld(scenario, now());
  const network = new LabNetwork();
  const [valid, expired] = await Promise.all([
    makeCertificate('pve.lab.internal', now()),
    makeCertificate('pve.lab.internal', now(), true),
  ]);
  const context = { world, network, now, random, tls: { valid, expired }, signal: stopping.signal };

  const running: RunningModule[] = [];
  const servers = new Map<string, LabServer>();
  const stop = async () => {
    stopping.abort();
    clearInterval(timer);
    await Promise.all(running.map(async (module) => module.close?.()));
    await Promise.all([...servers.values()].map((server) => server.close()));
  };
  let timer: NodeJS.Timeout | undefined;
  try {
    // In order: the LLM balancer wants its endpoints to be there.
    for (const module of options.modules ?? labModules) {
      const started = await module.start(context);
      running.push(started);
      for (const server of started.servers) servers.set(server.name, server);
    }
  } catch (thrown) {
    await stop();
    throw thrown;
  }

  if (options.traffic ?? true) {
    let last = now();
    timer = setInterval(() => {
      const seconds = Math.max(0, (now() - last) / 1_000);
      last = now();
      moveTraffic(world, seconds, random);
      for (const module of running) module.tick?.(seconds);
    }, TICK_MS);
  }
  return { world, connections: running.flatMap((module) => module.connections), servers, stop };
}
