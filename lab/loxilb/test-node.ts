import { makeCertificate } from '../kit/certificate.ts';
import type { RunningModule } from '../kit/module.ts';
import { LabNetwork } from '../kit/network.ts';
import type { LabServer } from '../kit/server.ts';
import { LabWorld } from '../kit/world.ts';
import { scenario } from '../scenario.ts';
import { moveTraffic } from '../traffic.ts';
import { createLoxilbLab, type LoxilbLabOptions } from './index.ts';

type Row = Readonly<Record<string, unknown>>;

export interface RuleRow {
  readonly serviceArguments: Row;
  readonly endpoints: readonly Row[];
  readonly secondaryIPs: unknown;
  readonly allowedSources?: unknown;
}

/** The fields that tests read of some answer or other; which of them are there is what the tests are about. */
interface AnswerBody extends Row {
  readonly code: number;
  readonly message: string;
  readonly result: string;
  readonly token: string;
  readonly version: string;
  readonly next_cursor: string;
  readonly logs: readonly string[];
  readonly nodes: readonly Row[];
  readonly lbAttr: readonly RuleRow[];
  readonly Attr: readonly Row[];
  readonly ctAttr: readonly Row[];
  readonly portAttr: readonly Row[];
  readonly ipAttr: readonly Row[];
  readonly fwAttr: readonly { readonly ruleArguments: Row; readonly opts: Row }[];
  readonly loadbalancer: readonly RuleRow[];
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** `{}` when it is no JSON. */
  readonly body: AnswerBody;
}

/** A stand-in for tests: its clock and traffic move only when told. */
export interface TestNode {
  readonly world: LabWorld;
  readonly server: LabServer;
  readonly module: RunningModule;
  /** Moves the clock by `ms`. */
  pass(ms: number): void;
  /** Traffic of so many seconds. */
  traffic(seconds: number): void;
  /** A request below `/netlox/v1`, without credentials. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  stop(): Promise<void>;
}

export async function startTestNode(options: LoxilbLabOptions = {}): Promise<TestNode> {
  let now = Date.UTC(2026, 8, 1);
  const world = new LabWorld(scenario, now);
  const stopping = new AbortController();
  const certificate = await makeCertificate('lab', Date.now());
  const random = linear(7);
  const module = await createLoxilbLab({ auth: { mode: 'none' }, sweepMs: 5, ...options }).start({
    world,
    network: new LabNetwork(),
    now: () => now,
    random,
    tls: { valid: certificate, expired: certificate },
    signal: stopping.signal,
  });
  const [server] = module.servers;
  if (!server) throw new Error('no server');
  return {
    world,
    server,
    module,
    pass: (ms) => {
      now += ms;
    },
    traffic: (seconds) => {
      moveTraffic(world, seconds, random);
      module.tick?.(seconds);
    },
    async call(method, path, body, headers = {}) {
      const response = await fetch(`${server.origin}/netlox/v1${path}`, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, text, body: parse(text) as AnswerBody };
    },
    async stop() {
      stopping.abort();
      await module.close?.();
      await server.close();
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** A small generator with a fixed start, so that a failing test fails again. */
function linear(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
