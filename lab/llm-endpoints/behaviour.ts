import { randomBytes } from 'node:crypto';
import type { LabWorld } from '../kit/world.ts';
import type { LlmEndpointSpec } from '../scenario.ts';

/** How one endpoint behaves; every field may be changed while it runs. */
export interface LlmBehaviour {
  /** Median time of a whole answer, ms; single answers vary between 0.7 and 1.6 times that. */
  latencyMs: number;
  /** Share of chat requests (0–1) answered with `failureStatus`. */
  failureFraction: number;
  failureStatus: number;
  /** Prompt plus answer may not pass this many tokens: 400 `context_length_exceeded`. */
  contextTokens: number;
  /** Chat requests a minute before 429 with `retry-after`; 0: unlimited. */
  requestsPerMinute: number;
  /** Length of an answer when the caller sets no limit, in tokens. */
  answerTokens: number;
  /**
   * Whether the last event of a stream (usage) and `[DONE]` leave in one network write. Servers differ in this, and a
   * proxy that looks at the last write only loses the usage when they do not.
   */
  usageWithDone: boolean;
  /** Whether a model of another name is a 404. Otherwise any name will do, as with a proxy that looks at none. */
  strictModel: boolean;
  /** Accepted as `Authorization: Bearer`. */
  readonly apiKey: string;
}

const behaviours = new WeakMap<LabWorld, Map<string, LlmBehaviour>>();

/**
 * The behaviour of the endpoint called `name` in this lab, to read its API key or to change what it does. Made on first
 * use, so whoever asks first (the endpoint or the balancer's seed) gets the same keys. Throws RangeError for an unknown name.
 */
export function llmBehaviour(world: LabWorld, name: string): LlmBehaviour {
  const spec = world.scenario.llmEndpoints.find((endpoint) => endpoint.name === name);
  if (!spec) throw new RangeError(`no LLM endpoint "${name}"`);
  let known = behaviours.get(world);
  if (!known) behaviours.set(world, (known = new Map()));
  let behaviour = known.get(name);
  if (!behaviour) known.set(name, (behaviour = defaultBehaviour(spec)));
  return behaviour;
}

export function defaultBehaviour(spec: Pick<LlmEndpointSpec, 'latencyMs'>): LlmBehaviour {
  return {
    latencyMs: spec.latencyMs,
    failureFraction: 0,
    failureStatus: 500,
    contextTokens: 8_192,
    requestsPerMinute: 0,
    answerTokens: 48,
    usageWithDone: true,
    strictModel: false,
    apiKey: `sk-lab-${randomBytes(18).toString('base64url')}`,
  };
}
