import type { Auth } from '../../../../shared/model/environment.ts';
import { GantryError, type ErrorCode } from '../../../../shared/model/error.ts';
import type { CheckContext, ObserveContext, SourceSpec, System, SystemFacts } from '../system.ts';
import * as client from './client.ts';
import { explain } from './explain.ts';
import { portId } from './identity.ts';
import { observeNode } from './observe-node.ts';
import { observeRules } from './observe.ts';
import { isAboutOneAnswer, Parts } from './parts.ts';
import { RateMeter } from './rates.ts';
import type { Device, NetworkPort, TrafficCounter, Version } from './wire.ts';

/** LoxiLB's own guidance: rules and end points no faster than every 5 s, status slower. */
const RULES_INTERVAL_MS = 5_000;
/** HA state and ports: a failover should show soon. */
const NODE_INTERVAL_MS = 10_000;
/** Version and device change only with a restart: asked every sixth turn, once a minute. */
const FACTS_EVERY_TURNS = 6;

export const OLD_VERSION = '0.9.7 or older';

export const loxilbSystem: System = {
  kind: 'loxilb',
  title: 'LoxiLB',
  budget: { requestsPerMinute: 120, concurrency: 2 },
  authTypes: ['none', 'token', 'password'],
  authHeaders,
  signIn: async (auth, http) => ({ authorization: await client.login(http, auth) }),
  explain,
  sources: () => [rulesSource(), nodeSource()],
  check,
};

/** The raw token: LoxiLB compares the whole header, so a `Bearer` prefix makes it invalid. */
function authHeaders(auth: Auth): Readonly<Record<string, string>> {
  return auth.type === 'token' ? { authorization: auth.token } : {};
}

function rulesSource(): SourceSpec {
  const meter = new RateMeter();
  return {
    scope: 'rules',
    mode: 'poll',
    intervalMs: RULES_INTERVAL_MS,
    async observe(context) {
      const { connectionId, http, clock, signal } = context;
      const parts = new Parts();
      const rules = await client.readRules(http, { signal });
      const countedAt = clock.monotonic();
      const probes = await parts.read('end point probes', () => client.readProbes(http, { signal }));
      context.publish(
        observeRules({ connectionId, rules, probes, missing: parts.missing, asOf: clock.now() }, (counters) =>
          meter.turn(counters, countedAt),
        ),
      );
    },
  };
}

function nodeSource(): SourceSpec {
  const meter = new RateMeter();
  let facts: NodeFacts = { version: undefined, device: undefined };
  let turn = 0;
  return {
    scope: 'node',
    mode: 'poll',
    intervalMs: NODE_INTERVAL_MS,
    async observe(context) {
      const { connectionId, http, clock, signal } = context;
      if (turn % FACTS_EVERY_TURNS === 0) facts = await readFacts(context, facts);
      const parts = new Parts();
      const ha = await parts.read('HA state', () => client.readHaState(http, { signal }));
      const addresses = await parts.read('addresses', () => client.readAddresses(http, { signal }));
      const ports = await parts.read('ports', () => client.readPorts(http, { signal }));
      parts.failIfAllFailed();
      const { missing } = parts;
      const rateOf = meter.turn(portCounters(connectionId, ports ?? []), clock.monotonic());
      turn++;
      context.publish(
        observeNode({ connectionId, ...facts, ha, ports, addresses, missing, rateOf, asOf: clock.now() }),
      );
    },
  };
}

interface NodeFacts {
  readonly version: string | undefined;
  readonly device: Device | undefined;
}

/** Version and device; what cannot be read now stays as it was known. */
async function readFacts(context: ObserveContext, known: NodeFacts): Promise<NodeFacts> {
  const { http, signal } = context;
  const version = await readVersionText({ http, signal });
  if (version !== undefined) context.reportVersion(version);
  // Without the file that LoxiLB reads (present on some kernels only) this is an error; nothing is missed then.
  const device = await new Parts().read('device status', () => client.readDevice(http, { signal }));
  return { version: version ?? known.version, device: device ?? known.device };
}

/** undefined: not readable now. */
async function readVersionText({ http, signal }: CheckContext): Promise<string | undefined> {
  try {
    return versionText(await client.readVersion(http, { signal }));
  } catch (thrown) {
    if (codeOf(thrown) === 'not-found') return OLD_VERSION;
    if (isAboutOneAnswer(thrown)) return undefined;
    throw thrown;
  }
}

function versionText({ version, product }: Version): string {
  return (product === undefined ? version : `${version} (${product})`).slice(0, 200).toWellFormed();
}

function* portCounters(
  connectionId: string,
  ports: readonly NetworkPort[],
): Generator<readonly [string, TrafficCounter]> {
  for (const { name, received, sent } of ports) {
    const id = portId(connectionId, name);
    const both = { packets: received.packets + sent.packets, bytes: received.bytes + sent.bytes };
    if (id !== undefined) yield [id, both];
  }
}

async function check({ http, signal }: CheckContext): Promise<SystemFacts> {
  const version = await readVersionText({ http, signal });
  const rules = await client.readRules(http, { signal });
  const parts = new Parts();
  const probes = await parts.read('end point probes', () => client.readProbes(http, { signal }));
  const ports = await parts.read('ports', () => client.readPorts(http, { signal }));
  const ha = await parts.read('HA state', () => client.readHaState(http, { signal }));
  const read = [
    `${rules.filter((rule) => !rule.internal).length} rules`,
    ...(probes ? [`${probes.length} end point probes`] : []),
    ...(ports ? [`${ports.length} ports`] : []),
    ...(ha ? ['HA state'] : []),
  ];
  return {
    version: version ?? 'not readable',
    permissions: [`reads ${read.join(', ')}`, ...parts.missing].join('; ').slice(0, 500),
  };
}

function codeOf(thrown: unknown): ErrorCode | undefined {
  return thrown instanceof GantryError ? thrown.code : undefined;
}
