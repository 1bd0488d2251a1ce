import type { ConnectionConfig } from '../../../shared/model/environment.ts';
import { GantryError } from '../../../shared/model/error.ts';
import type { Clock, Random } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { failureOf } from '../net/failure.ts';
import { FaultError } from '../net/fault.ts';
import type { HttpClient } from '../net/http.ts';
import { addressOf, type SshTarget } from '../ssh/target.ts';
import { KEEPALIVE_MS, openSsh, type SshTransport } from '../ssh/transport.ts';
import type { ObserveContext, SourceSpec } from '../systems/system.ts';
import type { Driver } from './driver.ts';
import type { Hop } from './hop.ts';
import { testSsh } from './ssh-check.ts';
import { dialSsh, type SshRoute } from './ssh-dial.ts';

interface SshDriverDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger | undefined;
  /** What tells others whether they can go through. */
  readonly self: Hop;
  /** The hop that this one goes through. */
  readonly through: Hop | undefined;
  readonly knownHosts: readonly string[];
}

/**
 * An SSH host: one watch that is the connection itself. While it stands and keepalives are answered, the source is
 * confirmed; when it ends, the runner's back-off decides when the next attempt is made.
 */
export function sshDriver(config: ConnectionConfig, target: SshTarget, deps: SshDriverDeps): Driver {
  const { clock, random, through } = deps;
  const route: SshRoute = { dialer: through, knownHosts: deps.knownHosts };
  let underWay: Promise<void> = Promise.resolve();
  const spec: SourceSpec = {
    scope: 'transport',
    mode: 'watch',
    intervalMs: KEEPALIVE_MS,
    observe: (context) => {
      const before = underWay;
      const work = before.then(() => stand(target, route, deps, context));
      underWay = work.catch(() => {});
      return work;
    },
  };
  return {
    config,
    budgetPerMinute: 0,
    specs: [spec],
    http: noHttp(config.id),
    metrics: () => ({ requests60s: 0, requests10s: 0, latencyMs: null }),
    rearm: () => {},
    onHope: (listener) => through?.onUp(listener) ?? (() => {}),
    test: (signal) => testSsh(target, route, { clock, random, ...(signal ? { signal } : {}) }),
    close: () => underWay,
  };
}

/** Connects, and stays until the connection ends (throws why) or the signal aborts. */
async function stand(
  target: SshTarget,
  route: SshRoute,
  { self, logger }: SshDriverDeps,
  context: ObserveContext,
): Promise<void> {
  const { signal } = context;
  let transport: SshTransport | undefined;
  try {
    const stream = await dialSsh(target, route, signal);
    const onWarning = (warning: string) => logger?.warn(warning, { connectionId: target.name });
    transport = await openSsh(stream, target, { knownHosts: route.knownHosts, onWarning }, signal);
    context.reportVersion(transport.ident);
    context.confirm(context.clock.now());
    self.up(transport);
    await lasts(transport, context);
  } catch (thrown) {
    const error = asError(thrown, target, signal);
    self.down(error.data);
    throw error;
  } finally {
    await transport?.close();
  }
}

/** Confirms while anything arrives: an answered keepalive is the least. Returns with the signal, throws with the end. */
async function lasts(transport: SshTransport, context: ObserveContext): Promise<void> {
  const { clock, signal } = context;
  let heard = transport.bytesReceived();
  const ended = transport.closed.then((error) => ({ error }));
  while (!signal.aborted) {
    const pause = new AbortController();
    const stop = () => pause.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const turn = clock.sleep(KEEPALIVE_MS, pause.signal).then(
      () => undefined,
      () => undefined,
    );
    const end = await Promise.race([ended, turn]);
    signal.removeEventListener('abort', stop);
    pause.abort();
    if (end) throw end.error;
    if (transport.bytesReceived() === heard) continue;
    heard = transport.bytesReceived();
    if (!signal.aborted) context.confirm(clock.now());
  }
  throw new FaultError({ kind: 'aborted' });
}

function asError(thrown: unknown, target: SshTarget, signal: AbortSignal): GantryError {
  if (thrown instanceof GantryError) return thrown;
  const fault =
    signal.aborted && !(thrown instanceof FaultError) ? new FaultError({ kind: 'aborted' }) : thrown;
  return failureOf(fault, {
    attempted: 'connect to the SSH host',
    target: target.name,
    authority: addressOf(target),
    safe: true,
    sent: false,
    redact: (words) => words,
  });
}

/** An SSH host has no HTTP; its own source never asks. */
function noHttp(id: string): HttpClient {
  const refuse = () =>
    Promise.reject(
      new GantryError({
        code: 'unsupported',
        attempted: 'ask over HTTP',
        target: id,
        knownEffect: 'nothing was sent',
        advice: 'An SSH host answers no HTTP requests.',
        retryable: false,
      }),
    );
  return { json: refuse, text: refuse };
}
