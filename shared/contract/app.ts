import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { call, stream } from './procedure.ts';

export const AppInfoSchema = z.object({
  version: z.string(),
  /** Which host carries the engine. */
  host: z.enum(['desktop', 'browser', 'cli', 'test']),
  platform: z.string(),
  startedAt: z.number(),
});
export type AppInfo = z.infer<typeof AppInfoSchema>;

/** What the console itself costs, and what it asks of the managed systems. */
export const EngineStatsSchema = z.object({
  at: z.number(),
  /** Engine process: share of one core since the last event, 0…n. */
  cpuFraction: z.number(),
  memoryBytes: z.number(),
  /** Requests made to managed systems, per second over the last 10 s. */
  requestsPerSecond: z.number(),
  entities: z.number().int(),
  links: z.number().int(),
  /** Readers of the world: windows, tabs, scripts. */
  watchers: z.number().int(),
});
export type EngineStats = z.infer<typeof EngineStatsSchema>;

export const app = {
  info: call(5_000).input(z.strictObject({})).output(AppInfoSchema),
  /** One event every 2 s. */
  watchStats: stream(5_000).input(z.strictObject({})).output(eventIterator(EngineStatsSchema)),
};
