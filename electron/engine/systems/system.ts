import type { Auth } from '../../../shared/model/environment.ts';
import type { SystemKind } from '../../../shared/model/connection.ts';
import type { Observation } from '../../../shared/model/entity.ts';
import type { GantryErrorData } from '../../../shared/model/error.ts';
import type { Clock, Random } from '../clock.ts';
import type { HttpClient } from '../net/http.ts';

/**
 * What a managed system is to the engine. A new system is one folder with `client.ts`, `wire.ts`, `observe.ts` and
 * `index.ts`, and one line in `registry.ts`; nothing else knows it by name.
 */
export interface System {
  readonly kind: SystemKind;
  readonly title: string;
  /** Politeness: how much this system is asked at most, and at once. Watches (long polls) count once a request. */
  readonly budget: RequestBudget;
  /** Which of the file's `auth` types it takes. Others are refused with `invalid-input` before anything is sent. */
  readonly authTypes: readonly Auth['type'][];
  /** Headers that carry the credentials (already resolved). Called for each request; never logged. */
  authHeaders(auth: Auth): Readonly<Record<string, string>>;
  /**
   * For systems that want a user name and password exchanged for something else first: the headers that it gave. Called
   * before the first request, and again when the system refuses what it gave. `http` sends no credentials.
   */
  signIn?(
    auth: Extract<Auth, { type: 'password' }>,
    http: HttpClient,
  ): Promise<Readonly<Record<string, string>>>;
  /**
   * Turns an HTTP failure into better words: which right is missing, what a status means here. Returns only what it
   * knows better; `body` (at most 4 KiB) and `reasonPhrase` (the text behind the status) are hostile text.
   */
  explain?(
    status: number,
    body: string,
    reasonPhrase: string,
  ): Partial<Pick<GantryErrorData, 'code' | 'advice' | 'detail' | 'retryable'>>;
  /** What is observed, each with its own rhythm. Called once when the connection starts. */
  sources(context: SourceContext): readonly SourceSpec[];
  /** After TCP and TLS stand: proves credentials, version and rights. The caller adds the earlier steps and the times. */
  check(context: CheckContext): Promise<SystemFacts>;
}

export interface RequestBudget {
  readonly requestsPerMinute: number;
  readonly concurrency: number;
}

/** What `check` found out. It throws `GantryError` (`unauthorized`, `forbidden`, `malformed`, …) where a step fails. */
export interface SystemFacts {
  readonly version: string;
  /** One line on what the credentials may do: "reads rules and ports", "sees 12 of 12 nodes". */
  readonly permissions: string;
}

export interface CheckContext {
  readonly http: HttpClient;
  readonly signal: AbortSignal;
}

export interface SourceContext {
  readonly connectionId: string;
  /** URL without credentials. */
  readonly url: string;
}

/**
 * One scope that is observed. `poll`: `observe` is called every `intervalMs` (with jitter), one at a time per
 * connection, and publishes before it returns. `watch`: `observe` runs for as long as the connection does,
 * publishing when something changed and confirming when nothing did; `intervalMs` is the longest normal silence.
 * Either throws to report a failure; the runner then backs off (1 s doubling to 30 s, jittered) and calls it again.
 */
export interface SourceSpec {
  readonly scope: string;
  readonly mode: 'poll' | 'watch';
  readonly intervalMs: number;
  /** Useful, but not needed for the connection to count as live. */
  readonly optional?: boolean;
  observe(context: ObserveContext): Promise<void>;
}

export interface ObserveContext {
  readonly connectionId: string;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborted when the connection stops, or for a poll when its time is up. */
  readonly signal: AbortSignal;
  /** A complete answer for this source's scope. */
  publish(observation: Observation): void;
  /** The system answered and nothing changed: refreshes the age of all that this scope said. */
  confirm(asOf: number): void;
  /** Learnt on the way. */
  reportVersion(version: string): void;
}
