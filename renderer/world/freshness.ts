import type { ConnectionStatus } from '../../shared/model/connection.ts';
import type { FreshnessState, Source } from '../../shared/model/freshness.ts';

/** How far something on the screen can be trusted, and since when it is known. */
export interface Freshness {
  readonly state: FreshnessState;
  /** Epoch ms (engine clock) of the last good answer; null: never. */
  readonly asOf: number | null;
  /** What is missing, when partial. */
  readonly note?: string;
}

/**
 * Of one source. While the engine itself is away (`engineLive` false), nothing that it said can be current: everything
 * is stale, whatever it said last.
 */
export function freshnessOf(source: Source | undefined, engineLive: boolean): Freshness {
  if (!source || source.asOf === null) return { state: 'never', asOf: null };
  if (!engineLive) return { state: 'stale', asOf: source.asOf };
  const note = source.note === undefined ? {} : { note: source.note };
  return { state: source.state, asOf: source.asOf, ...note };
}

/** Of a whole connection. */
export function connectionFreshness(connection: ConnectionStatus, engineLive: boolean): Freshness {
  const asOf = connection.lastAnswerAt;
  if (asOf === null) return { state: 'never', asOf: null };
  if (!engineLive) return { state: 'stale', asOf };
  switch (connection.state) {
    case 'live':
      return { state: 'live', asOf };
    case 'late':
    case 'connecting':
      return { state: 'late', asOf };
    case 'stale':
    case 'down':
    case 'forbidden':
      return { state: 'stale', asOf };
  }
}
