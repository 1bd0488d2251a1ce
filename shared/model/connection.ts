import { z } from 'zod';
import { GantryErrorDataSchema } from './error.ts';

export const systemKinds = [
  'loxilb',
  'octavia',
  'consul',
  'kong',
  'mesh',
  'proxmox',
  'llm-balancer',
  'prometheus',
  'jaeger',
  'tempo',
  'ssh',
] as const;
export const SystemKindSchema = z.enum(systemKinds);
export type SystemKind = z.infer<typeof SystemKindSchema>;

/**
 * connecting → live ⇄ late → stale; down; forbidden.
 * `late`: an answer is overdue, or one of several sources fails. `stale`: requests fail, and an earlier state is known and
 * shown, however old. `down`: requests fail and nothing was ever seen. `forbidden`: the system refuses our credentials.
 */
export const connectionStates = ['connecting', 'live', 'late', 'stale', 'down', 'forbidden'] as const;
export const ConnectionStateSchema = z.enum(connectionStates);
export type ConnectionState = z.infer<typeof ConnectionStateSchema>;

/** A connection as screens see it: never a secret. */
export const ConnectionStatusSchema = z.object({
  id: z.string(),
  system: SystemKindSchema,
  /** URL without credentials. */
  url: z.string(),
  state: ConnectionStateSchema,
  /** Epoch ms since when `state` holds. */
  since: z.number(),
  /** Epoch ms of the last good answer; null: never. */
  lastAnswerAt: z.number().nullable(),
  /** Version as the system says it, once known. */
  version: z.string().optional(),
  /** The failure that explains a state other than live; absent when live. */
  error: GantryErrorDataSchema.optional(),
  /** Epoch ms of the next attempt while backing off. */
  nextAttemptAt: z.number().optional(),
  /** Requests made in the last 60 s, and how many the budget allows. */
  requestsPerMinute: z.number(),
  budgetPerMinute: z.number(),
  /** Median of the last answers, ms; null before the first. */
  latencyMs: z.number().nullable(),
  hasSecret: z.boolean(),
});
export type ConnectionStatus = z.infer<typeof ConnectionStatusSchema>;

/** One step of `connections.test` and `gantry check`, in order; the first that fails ends the list. */
export const checkStepNames = [
  'configuration',
  'dns',
  'tcp',
  'tls',
  'host-key',
  'auth',
  'version',
  'permissions',
] as const;
export const CheckStepSchema = z.object({
  step: z.enum(checkStepNames),
  ok: z.boolean(),
  /** What was found: an address, a version, a certificate's issuer and expiry. */
  detail: z.string().max(500),
  ms: z.number(),
  error: GantryErrorDataSchema.optional(),
});
export type CheckStep = z.infer<typeof CheckStepSchema>;
