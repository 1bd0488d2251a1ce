import type { Observation } from '../../../shared/model/entity.ts';
import { toErrorData, type GantryErrorData } from '../../../shared/model/error.ts';
import type { Clock, Random } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { abortScope, orAborted } from '../net/abort.ts';
import type { HttpClient } from '../net/http.ts';
import type { SourceSpec } from '../systems/system.ts';

export interface ObserverDeps {
  readonly connectionId: string;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger | undefined;
  publish(spec: SourceSpec, observation: Observation): void;
  confirm(spec: SourceSpec, asOf: number): void;
  reportVersion(version: string): void;
}

/** A poll gets four of its intervals, within these bounds: others of its connection wait for their turn meanwhile. */
const SHORTEST_POLL_LIMIT_MS = 15_000;
const LONGEST_POLL_LIMIT_MS = 60_000;

/**
 * Calls `observe` once. Resolves with undefined when it returned, or with its failure; never rejects. A poll that takes
 * too long is a `timeout`. Whatever `observe` says after this call resolved is dropped, so a source that ignores its
 * signal cannot speak for a connection that has moved on.
 */
export async function observeOnce(
  spec: SourceSpec,
  deps: ObserverDeps,
  stopped: AbortSignal,
): Promise<GantryErrorData | undefined> {
  const { clock, connectionId } = deps;
  const scope = abortScope(stopped);
  const over = new AbortController();
  const limitMs = pollLimitMs(spec);
  let late = false;
  if (limitMs !== undefined) {
    void clock.sleep(limitMs, over.signal).then(
      () => {
        late = true;
        scope.abort(new Error('the poll took too long'));
      },
      () => {},
    );
  }
  const whileOpen =
    <A extends readonly unknown[]>(say: (...args: A) => void) =>
    (...args: A) => {
      if (!over.signal.aborted && !scope.signal.aborted) say(...args);
    };
  try {
    const work = spec.observe({
      connectionId,
      http: deps.http,
      clock,
      random: deps.random,
      signal: scope.signal,
      publish: whileOpen((observation) => deps.publish(spec, observation)),
      confirm: whileOpen((asOf) => deps.confirm(spec, asOf)),
      reportVersion: whileOpen((version) => deps.reportVersion(version)),
    });
    await orAborted(work, scope.signal);
    return undefined;
  } catch (thrown) {
    if (late) return tookTooLong(spec, connectionId, limitMs ?? 0);
    const error = toErrorData(thrown, `observe ${spec.scope}`, connectionId);
    if (error.code === 'internal' && !stopped.aborted) {
      deps.logger?.warn('a source failed by a defect', {
        connectionId,
        scope: spec.scope,
        detail: error.detail,
        stack: thrown instanceof Error ? thrown.stack : undefined,
      });
    }
    return error;
  } finally {
    over.abort();
    scope.release();
  }
}

function pollLimitMs(spec: SourceSpec): number | undefined {
  if (spec.mode === 'watch') return undefined;
  return Math.min(Math.max(spec.intervalMs * 4, SHORTEST_POLL_LIMIT_MS), LONGEST_POLL_LIMIT_MS);
}

function tookTooLong(spec: SourceSpec, connectionId: string, limitMs: number): GantryErrorData {
  return {
    code: 'timeout',
    attempted: `observe ${spec.scope}`,
    target: connectionId,
    knownEffect: 'nothing was changed',
    advice: `Reading ${spec.scope} took longer than ${limitMs / 1_000} s. The system may be overloaded or very large.`,
    retryable: true,
  };
}
