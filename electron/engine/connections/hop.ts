import type { Duplex } from 'node:stream';
import { toErrorData, GantryError, type GantryErrorData } from '../../../shared/model/error.ts';
import { abortScope, orAborted } from '../net/abort.ts';
import type { Dialer } from '../net/dialer.ts';
import { FaultError } from '../net/fault.ts';
import type { SshTransport } from '../ssh/transport.ts';
import { deferred } from './deferred.ts';

/** How long a socket waits for the first attempt of its hop. Shorter than a request's deadline, so that the hop gets named. */
const PATIENCE_MS = 8_000;

type HopState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'up'; readonly transport: SshTransport }
  | { readonly kind: 'down'; readonly reason: GantryErrorData };

/**
 * One SSH connection as seen by those that go through it. Its own connection says when it is up or down; who goes through
 * it never dials it, so that one place alone decides when to try again.
 */
export class Hop implements Dialer {
  readonly hop: string;
  #state: HopState = { kind: 'starting' };
  readonly #decided = deferred<undefined>();
  readonly #listeners = new Set<() => void>();

  constructor(id: string) {
    this.hop = id;
  }

  up(transport: SshTransport): void {
    this.#become({ kind: 'up', transport });
    for (const listener of this.#listeners) listener();
  }

  down(reason: GantryErrorData): void {
    this.#become({ kind: 'down', reason });
  }

  /** Calls `listener` each time the hop comes up; returns how to end that. */
  onUp(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async open(host: string, port: number, signal: AbortSignal): Promise<Duplex> {
    if (this.#state.kind === 'starting') await this.#firstAttempt(signal);
    const state: HopState = this.#state;
    switch (state.kind) {
      case 'starting':
        throw this.#notUp(stillStarting(this.hop));
      case 'down':
        throw this.#notUp(state.reason);
      case 'up':
        return state.transport.openSocket(host, port, signal).catch((thrown: unknown) => {
          // The transport ended; its connection says so in a moment.
          if (thrown instanceof GantryError) throw this.#notUp(toErrorData(thrown, '', this.hop));
          throw thrown;
        });
    }
  }

  async #firstAttempt(signal: AbortSignal): Promise<void> {
    const limit = abortScope(signal);
    const timer = setTimeout(() => limit.abort(this.#notUp(stillStarting(this.hop))), PATIENCE_MS);
    try {
      await orAborted(this.#decided.promise, limit.signal);
    } finally {
      clearTimeout(timer);
      limit.release();
    }
  }

  #become(state: HopState): void {
    this.#state = state;
    this.#decided.resolve(undefined);
  }

  #notUp(reason: GantryErrorData): FaultError {
    return new FaultError({ kind: 'hop', hop: this.hop, reason });
  }
}

function stillStarting(id: string): GantryErrorData {
  return {
    code: 'timeout',
    attempted: 'connect to the SSH host',
    target: id,
    knownEffect: 'nothing was sent',
    advice: 'It has not answered yet. Gantry goes on trying.',
    retryable: true,
  };
}
