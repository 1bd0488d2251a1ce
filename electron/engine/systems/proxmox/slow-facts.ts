import { GantryError } from '../../../../shared/model/error.ts';
import type { Clock } from '../../clock.ts';
import type { HttpClient } from '../../net/http.ts';
import * as client from './client.ts';
import { missingPrivilege } from './explain.ts';
import { rightsOf } from './rights.ts';
import type { ClusterStatus, Resources } from './wire.ts';

/** Version and rights change with an upgrade or an administrator's decision. */
const REFRESH_MS = 10 * 60_000;
/** Asked soon again after a failure that is no refusal. */
const RETRY_MS = 60_000;
const STATUS_RETRY_MS = 15_000;
const MAX_NODES = 64;

interface Context {
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What is asked rarely, kept between readings of one connection. */
export class SlowFacts {
  version: string | undefined;
  readonly nodeVersions = new Map<string, string>();
  #rightsGaps: readonly string[] = [];
  #status: ClusterStatus | undefined;
  #statusGap: string | undefined;
  #due = -Infinity;
  #nodesAskedAt = -Infinity;
  #statusDue = -Infinity;

  /** Words for what rights or failures hide. */
  gaps(): string[] {
    const all = [...this.#rightsGaps, ...(this.#statusGap === undefined ? [] : [this.#statusGap])];
    return all.length === 0 ? [] : [`not visible: ${all.join(', ')}`];
  }

  /** Version, then rights. Refused credentials are told by the version call alone: each refusal costs the server 3 s. */
  async refresh({ http, clock, signal }: Context): Promise<void> {
    if (clock.monotonic() < this.#due) return;
    this.version = await client.readVersion(http, { signal });
    this.#due = clock.monotonic() + REFRESH_MS;
    try {
      this.#rightsGaps = rightsOf(await client.readPermissions(http, { signal })).gaps;
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof GantryError)) throw thrown;
      this.#due = clock.monotonic() + RETRY_MS;
      this.#rightsGaps = ['what these credentials may not see (their rights could not be read)'];
    }
  }

  /** Asks for node addresses and quorum, unless that was in vain lately. The answer goes to `takeStatus`. */
  async readStatus({ http, clock, signal }: Context): Promise<ClusterStatus | GantryError | undefined> {
    if (clock.monotonic() < this.#statusDue) return undefined;
    try {
      return await client.readClusterStatus(http, { signal });
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof GantryError)) throw thrown;
      return thrown;
    }
  }

  /**
   * What to show of it. Where it could not be read: the addresses last known, and a gap. To be called only when the reading
   * beside it went well, for otherwise the whole connection is at fault and not this call. A refusal is not repeated for ten
   * minutes.
   */
  takeStatus(read: ClusterStatus | GantryError | undefined, { clock }: Context): ClusterStatus | undefined {
    if (read !== undefined && !(read instanceof GantryError)) {
      this.#statusGap = undefined;
      this.#status = read;
      return read;
    }
    if (read) {
      const missing = missingPrivilege(read.data.detail ?? '');
      const why = missing
        ? `${missing.privileges.join(' or ')} on ${missing.path} is missing`
        : `reading them failed: ${read.code}`;
      this.#statusGap = `node addresses and quorum (${why})`;
      this.#statusDue = clock.monotonic() + (read.code === 'forbidden' ? REFRESH_MS : STATUS_RETRY_MS);
    }
    return this.#status && { addresses: this.#status.addresses, quorate: undefined };
  }

  /** Versions of the nodes that are there. A node that does not tell has none; nobody is kept waiting for it. */
  async refreshNodes({ hosts }: Resources, { http, clock, signal }: Context): Promise<void> {
    const asked = hosts
      .filter(({ status }) => status === 'online')
      .map(({ node }) => node)
      .slice(0, MAX_NODES);
    const age = clock.monotonic() - this.#nodesAskedAt;
    const isComplete = asked.every((node) => this.nodeVersions.has(node));
    if (age < (isComplete ? REFRESH_MS : RETRY_MS)) return;
    this.#nodesAskedAt = clock.monotonic();
    await Promise.all(
      asked.map(async (node) => {
        try {
          this.nodeVersions.set(node, await client.readNodeVersion(http, node, { signal }));
        } catch (thrown) {
          if (!signal.aborted && !(thrown instanceof GantryError)) throw thrown;
        }
      }),
    );
  }
}
