import type { SystemName } from './environment.ts';
import type { Certificate } from './certificate.ts';
import type { LabNetwork } from './network.ts';
import type { LabServer } from './server.ts';
import type { LabWorld } from './world.ts';

export interface LabContext {
  readonly world: LabWorld;
  readonly network: LabNetwork;
  readonly now: () => number;
  readonly random: () => number;
  /** Shared by all servers that speak TLS; the environment file pins `valid`. */
  readonly tls: { readonly valid: Certificate; readonly expired: Certificate };
  /** Aborted when the lab stops; timers and streams end with it. */
  readonly signal: AbortSignal;
}

/** How Gantry reaches a stand-in, in the words of the published environment file. */
export interface LabConnection {
  readonly id: string;
  readonly system: SystemName;
  readonly url: string;
  readonly auth?:
    | { readonly type: 'token'; readonly token: string }
    | { readonly type: 'password'; readonly username: string; readonly password: string };
  readonly tls?: { readonly fingerprint: string };
}

export interface RunningModule {
  readonly servers: readonly LabServer[];
  /** What goes into the environment file. LLM endpoints, for instance, have none. */
  readonly connections: readonly LabConnection[];
  /** Called once a second by the lab with the seconds passed: makes this module's counters move. */
  tick?(seconds: number): void;
  /** Stops timers; the servers are closed by the lab. */
  close?(): Promise<void>;
}

/** One stand-in system. A new one is a folder of its own and one line in `registry.ts`. */
export interface LabModule {
  readonly name: string;
  start(context: LabContext): Promise<RunningModule>;
}
