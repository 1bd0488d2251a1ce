import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { CheckStep } from '../../../shared/model/connection.ts';
import { GantryError, type GantryErrorData } from '../../../shared/model/error.ts';
import type { Clock, Random } from '../clock.ts';
import { abortScope, orAborted } from '../net/abort.ts';
import { failureOf } from '../net/failure.ts';
import { FaultError } from '../net/fault.ts';

/** What every test of a connection is made of, whatever it connects to. */

const CHECK_DEADLINE_MS = 15_000;

export interface CheckDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal?: AbortSignal;
}

type StepName = CheckStep['step'];

/** Names the system in the words of a failure. */
export interface Subject {
  /** Connection id or URL, without credentials. */
  readonly target: string;
  /** `host:port` */
  readonly authority: string;
}

/** The one step of a connection whose configuration is at fault. */
export function failedConfiguration(error: GantryErrorData): CheckStep {
  return { step: 'configuration', ok: false, detail: stepText(error.detail ?? error.advice), ms: 0, error };
}

/** Gives a test its signal: it aborts with the deadline, with the caller's signal, and when the reader stops. */
export async function* underDeadline(
  deps: CheckDeps,
  steps: (signal: AbortSignal) => AsyncGenerator<CheckStep, void, void>,
): AsyncGenerator<CheckStep, void, void> {
  const scope = abortScope(deps.signal);
  const over = new AbortController();
  void deps.clock.sleep(CHECK_DEADLINE_MS, over.signal).then(
    () => scope.abort(new FaultError({ kind: 'deadline', afterMs: CHECK_DEADLINE_MS })),
    () => {},
  );
  try {
    yield* steps(scope.signal);
  } finally {
    over.abort();
    scope.abort(new FaultError({ kind: 'aborted' }));
    scope.release();
  }
}

export type StepRunner = (
  step: StepName,
  attempted: string,
  work: () => Promise<string>,
) => Promise<CheckStep>;

/** Runs one step's work and puts its outcome into words. Never rejects. */
export function stepRunner(clock: Clock, signal: AbortSignal, subject: Subject): StepRunner {
  return async (step, attempted, work) => {
    const startedAt = clock.monotonic();
    const spent = () => Math.round(clock.monotonic() - startedAt);
    try {
      signal.throwIfAborted();
      const detail = await orAborted(work(), signal);
      return { step, ok: true, detail: stepText(detail), ms: spent() };
    } catch (thrown) {
      const error = failureOf(stopReason(thrown, signal), {
        ...subject,
        attempted,
        safe: true,
        sent: false,
        redact: (words) => words,
      }).data;
      return { step, ok: false, detail: stepText(error.detail ?? error.advice), ms: spent(), error };
    }
  };
}

/** The addresses of a name. Throws `FaultError` `connect`. */
export async function resolveName(host: string): Promise<string> {
  if (isIP(host) !== 0) return `${host} is an address`;
  try {
    const found = await lookup(host, { all: true });
    return found.map(({ address }) => address).join(', ');
  } catch (cause) {
    throw new FaultError({ kind: 'connect', phase: 'tcp', cause });
  }
}

/** Once the signal is aborted its reason is the failure, whatever broke because of it. */
export function stopReason(thrown: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted) return thrown;
  if (thrown instanceof GantryError && thrown.code !== 'aborted') return thrown;
  return signal.reason instanceof FaultError ? signal.reason : new FaultError({ kind: 'aborted' });
}

export function stepText(words: string): string {
  return words.length <= 500 ? words : `${words.slice(0, 499).toWellFormed()}…`;
}
