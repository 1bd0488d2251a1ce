export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export const noUsage: Usage = { promptTokens: 0, completionTokens: 0 };

/** `usage` of a whole answer; none when the body is no JSON or says nothing. */
export function usageOfBody(body: Buffer): Usage {
  try {
    return usageOf(JSON.parse(body.toString('utf8'))) ?? noUsage;
  } catch {
    return noUsage;
  }
}

/**
 * `usage` of the events that end in `chunk`, which is all the balancer keeps of a stream: the last one received. A
 * stream whose `[DONE]` arrives by itself therefore counts no tokens.
 */
export function usageOfLastChunk(chunk: Buffer): Usage {
  let found = noUsage;
  for (const line of chunk.toString('utf8').split('\n')) {
    if (!line.startsWith('data:')) continue;
    try {
      found = usageOf(JSON.parse(line.slice('data:'.length))) ?? found;
    } catch {
      // `[DONE]`, or an event whose beginning was in an earlier chunk.
    }
  }
  return found;
}

function usageOf(answer: unknown): Usage | undefined {
  const usage = typeof answer === 'object' && answer !== null ? (answer as { usage?: unknown }).usage : null;
  if (typeof usage !== 'object' || usage === null) return undefined;
  const { prompt_tokens: prompt, completion_tokens: completion } = usage as Record<string, unknown>;
  return { promptTokens: count(prompt), completionTokens: count(completion) };
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? Math.trunc(value) : 0;
}
