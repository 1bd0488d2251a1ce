import type { Auth } from '../../../../shared/model/environment.ts';
import * as client from './client.ts';
import { explain } from './explain.ts';
import { GuestMemory } from './guest-memory.ts';
import { lookUpGuests } from './lookups.ts';
import { observeCluster, SCOPE } from './observe.ts';
import { rightsOf } from './rights.ts';
import { SlowFacts } from './slow-facts.ts';
import type { CheckContext, ObserveContext, SourceSpec, System, SystemFacts } from '../system.ts';

/** Nodes gather their values every 10 s; asking faster than every 5 s buys nothing. */
const INTERVAL_MS = 5_000;
/** How long a reading waits for guests' addresses before it is shown without them. */
const PATIENCE_MS = 1_000;

export const proxmoxSystem: System = {
  kind: 'proxmox',
  title: 'Proxmox VE',
  // 24 a minute for the cluster itself, the rest for guests that are new or changed; see lookups.ts.
  budget: { requestsPerMinute: 900, concurrency: 8 },
  authTypes: ['token', 'password'],
  authHeaders,
  signIn: (auth, http) => client.signIn(http, auth),
  explain,
  sources: () => [resourcesSource()],
  check,
};

/** `user@realm!id=secret`. With or without the scheme's own prefix, as people paste it. */
function authHeaders(auth: Auth): Readonly<Record<string, string>> {
  if (auth.type !== 'token') return {};
  return { authorization: `PVEAPIToken=${auth.token.replace(/^PVEAPIToken[= ]/, '')}` };
}

/** One source for everything: guests' addresses belong to the guests, so they are published with them. */
function resourcesSource(): SourceSpec {
  const slow = new SlowFacts();
  let memory: GuestMemory | undefined;
  return {
    scope: SCOPE,
    mode: 'poll',
    intervalMs: INTERVAL_MS,
    async observe(context) {
      memory ??= new GuestMemory(context.random);
      await observeOnce(context, memory, slow);
    },
  };
}

async function observeOnce(context: ObserveContext, memory: GuestMemory, slow: SlowFacts): Promise<void> {
  const { connectionId, http, clock, signal } = context;
  await slow.refresh(context);
  if (slow.version !== undefined) context.reportVersion(slow.version);
  const [resources, statusAnswer] = await Promise.all([
    client.readResources(http, { signal }),
    slow.readStatus(context),
  ]);
  const asOf = clock.now();
  const status = slow.takeStatus(statusAnswer, context);
  memory.update(resources, clock.monotonic());
  const publish = () => {
    const now = clock.monotonic();
    const factsOf = (vmid: number) => memory.facts(vmid, now);
    const { nodeVersions: versions } = slow;
    context.publish(
      observeCluster({
        connectionId,
        asOf,
        resources: named(resources, memory),
        status,
        versions,
        factsOf,
        gaps: slow.gaps(),
      }),
    );
  };
  const asked = Promise.all([
    lookUpGuests({ http, clock, memory, signal }),
    slow.refreshNodes(resources, context),
  ]);
  const patience = new AbortController();
  const inTime = await Promise.race([
    asked.then(() => true),
    clock.sleep(PATIENCE_MS, AbortSignal.any([signal, patience.signal])).then(() => false),
  ]);
  patience.abort();
  publish();
  if (inTime) return;
  await asked;
  publish();
}

/** Names of guests on silent nodes are missing in some answers; the last known ones stay. */
function named<
  T extends { readonly guests: readonly { readonly vmid: number; readonly name?: string | undefined }[] },
>(resources: T, memory: GuestMemory): T {
  const guests = resources.guests.map((row) =>
    row.name === undefined ? { ...row, name: memory.entry(row.vmid)?.row.name } : row,
  );
  return { ...resources, guests };
}

/** Version proves the credentials; rights and one reading say what they are good for. */
async function check({ http, signal }: CheckContext): Promise<SystemFacts> {
  const version = await client.readVersion(http, { signal });
  const permissions = await client.readPermissions(http, { signal });
  const { guests, hosts } = await client.readResources(http, { signal });
  const { held, gaps: hidden, statusGap } = rightsOf(permissions);
  const gaps = statusGap === undefined ? hidden : [...hidden, statusGap];
  const sees = `sees ${guests.length} guests on ${hosts.length} nodes`;
  const holds = held.length === 0 ? 'holds no privilege on everything' : `holds ${held.join(', ')}`;
  const lacks = gaps.length === 0 ? '' : `; not visible: ${gaps.join(', ')}`;
  return { version, permissions: `${sees}; ${holds}${lacks}` };
}
