import type { EngineStats } from '../../shared/contract/app.ts';
import type { EngineServices } from './engine.ts';

const EVERY_MS = 2_000;

/** What the engine costs, every 2 s until the reader leaves. The first event covers the time since the process started. */
export async function* watchStats(
  engine: EngineServices,
  signal?: AbortSignal,
): AsyncGenerator<EngineStats, void, void> {
  let before = { cpu: { user: 0, system: 0 }, at: -process.uptime() * 1_000 + engine.clock.monotonic() };
  while (!signal?.aborted) {
    const cpu = process.cpuUsage();
    const at = engine.clock.monotonic();
    const busyMs = (cpu.user - before.cpu.user + cpu.system - before.cpu.system) / 1_000;
    const session = engine.session();
    yield {
      at: engine.clock.now(),
      cpuFraction: Math.max(0, busyMs / Math.max(1, at - before.at)),
      memoryBytes: process.memoryUsage.rss(),
      requestsPerSecond: session?.requestRate() ?? 0,
      entities: session?.world.entityCount ?? 0,
      links: session?.world.linkCount ?? 0,
      watchers: engine.feed.readerCount,
    };
    before = { cpu, at };
    try {
      await engine.clock.sleep(EVERY_MS, signal);
    } catch {
      return;
    }
  }
}
