import { Agent, type Dispatcher } from 'undici';

export interface TrafficOptions {
  /** Of the balancer. */
  readonly origin: string;
  readonly requestsPerSecond: number;
  /** The client tokens of the moment: asked before each request, so that a deleted one is not used again. */
  readonly tokens: () => readonly string[];
  readonly models: readonly string[];
  readonly random: () => number;
  readonly signal: AbortSignal;
}

export interface Traffic {
  /** Sends the requests that belong to the next `seconds`, spread over that time. */
  tick(seconds: number): void;
  stop(): Promise<void>;
}

const MAX_ACTIVE = 16;
const STREAM_SHARE = 0.4;
const DEADLINE_MS = 40_000;
/** A stalled lab does not make up for lost time all at once. */
const MAX_SECONDS_PER_TICK = 3;

const prompts = [
  'Which member answered the last request of the checkout, and how long did it take?',
  'Summarise the night: what failed, what was restarted, what is still open?',
  'Write a short answer to a customer whose order is two days late.',
  'Explain in one paragraph why a virtual address moved to the other balancer.',
];

/**
 * Clients of the lab's balancer: real chat requests, some streamed, at a gentle rate. Failures are the lab's daily bread and
 * have no effect here. Answers are read to the end: a stream left early would leak one of the balancer's in-flight counts.
 */
export function startTraffic(options: TrafficOptions): Traffic {
  const agent = new Agent({ connections: MAX_ACTIVE });
  const timers = new Set<NodeJS.Timeout>();
  let active = 0;
  let owed = 0;

  const sendOne = async () => {
    if (options.signal.aborted || active >= MAX_ACTIVE) return;
    active++;
    try {
      await exchange(agent, options);
    } catch {
      // Refused, reset or late: the balancer is down, and its absence is the point.
    } finally {
      active--;
    }
  };

  return {
    tick(seconds) {
      if (options.signal.aborted) return;
      owed += options.requestsPerSecond * Math.min(seconds, MAX_SECONDS_PER_TICK);
      for (; owed >= 1; owed--) {
        const timer = setTimeout(() => {
          timers.delete(timer);
          void sendOne();
        }, options.random() * 1_000);
        timers.add(timer);
      }
    },
    async stop() {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      await agent.destroy();
    },
  };
}

async function exchange(agent: Dispatcher, options: TrafficOptions): Promise<void> {
  const token = pick(options.tokens(), options.random);
  const model = pick(options.models, options.random);
  if (token === undefined || model === undefined) return;
  const stream = options.random() < STREAM_SHARE;
  const answer = await agent.request({
    origin: options.origin,
    path: '/v1/chat/completions',
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    headersTimeout: DEADLINE_MS,
    bodyTimeout: DEADLINE_MS,
    body: JSON.stringify({
      model,
      messages: [
        { role: 'system', content: 'You are the assistant of a small web shop.' },
        { role: 'user', content: pick(prompts, options.random) },
      ],
      max_tokens: 80,
      ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
    }),
  });
  await answer.body.dump({ limit: 2 ** 20 });
}

function pick<T>(from: readonly T[], random: () => number): T | undefined {
  return from[Math.floor(random() * from.length)];
}
