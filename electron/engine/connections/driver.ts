import type { CheckStep } from '../../../shared/model/connection.ts';
import type { ConnectionConfig } from '../../../shared/model/environment.ts';
import type { HttpClient } from '../net/http.ts';
import type { HttpMetrics } from '../net/meter.ts';
import type { SourceSpec } from '../systems/system.ts';

/** What a runner keeps going: the same for a system that is asked over HTTP and for an SSH host. */
export interface Driver {
  readonly config: ConnectionConfig;
  readonly budgetPerMinute: number;
  readonly specs: readonly SourceSpec[];
  /** What sources are given to ask with. */
  readonly http: HttpClient;
  metrics(): HttpMetrics;
  /** Forgets earlier failures, so that the next attempt is made at once. */
  rearm(): void;
  /** Calls `listener` when trying again has become worth it; returns how to end that. */
  onHope(listener: () => void): () => void;
  test(signal?: AbortSignal): AsyncGenerator<CheckStep, void, void>;
  /** Ends everything that is open; resolves when it is gone. Called once the sources were told to stop. */
  close(): Promise<void>;
}
