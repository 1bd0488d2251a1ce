import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { CheckStep } from '../../../shared/model/connection.ts';
import type { Tls } from '../../../shared/model/environment.ts';
import { toErrorData, type GantryErrorData } from '../../../shared/model/error.ts';
import { orAborted } from '../net/abort.ts';
import { parseBase, type Base } from '../net/address.ts';
import { assertPinned, CONNECT_TIMEOUT_MS, trustOptions } from '../net/connector.ts';
import { ConnectTimeout, dialTcp, type Dialer } from '../net/dialer.ts';
import { failureOf } from '../net/failure.ts';
import { FaultError } from '../net/fault.ts';
import { createHttpClient } from '../net/http-client.ts';
import type { SystemFacts } from '../systems/system.ts';
import {
  resolveName,
  stepRunner,
  stepText,
  stopReason,
  underDeadline,
  type CheckDeps,
} from './check-steps.ts';
import type { ReadyConfig } from './configuration.ts';

/** A connection to test, and the way to it. */
interface CheckedConfig extends ReadyConfig {
  /** The SSH host on the way; undefined: straight. */
  readonly dialer?: Dialer | undefined;
}

/**
 * Walks the way to a system: configuration → dns → tcp → tls (https only) → auth → version → permissions. One step at a
 * time on sockets of its own; the first that fails is the last. Never throws: a passed deadline or an abort is the
 * failure of the step that was under way.
 */
export function testConnection(ready: CheckedConfig, deps: CheckDeps): AsyncGenerator<CheckStep, void, void> {
  return underDeadline(deps, (signal) => steps(ready, deps, signal));
}

async function* steps(
  ready: CheckedConfig,
  deps: CheckDeps,
  signal: AbortSignal,
): AsyncGenerator<CheckStep, void, void> {
  const { config, system, dialer } = ready;
  const base = parseBase(config.url);
  const run = stepRunner(deps.clock, signal, { target: base.origin, authority: base.authority });
  yield { step: 'configuration', ok: true, detail: `${system.title} at ${base.authority}`, ms: 0 };

  const dns = await run('dns', 'look the name up', async () =>
    dialer ? `looked up by the SSH host "${dialer.hop}"` : resolveName(base.host),
  );
  yield dns;
  if (!dns.ok) return;
  const tcp = await run('tcp', 'connect', () => tryTcp(base, dialer, signal));
  yield tcp;
  if (!tcp.ok) return;
  if (base.secure) {
    const tls = await run('tls', 'agree on encryption', () => tryTls(base, config.tls, dialer, signal));
    yield tls;
    if (!tls.ok) return;
  }
  yield* askSystem(ready, deps, signal);
}

/** A stream to the system, on the way that the connection's own sockets go. */
function dial({ host, port }: Base, dialer: Dialer | undefined, signal: AbortSignal): Promise<Duplex> {
  return dialer
    ? dialer.open(host, port, signal)
    : dialTcp(host, port, signal, { timeoutMs: CONNECT_TIMEOUT_MS });
}

async function tryTcp(base: Base, dialer: Dialer | undefined, signal: AbortSignal): Promise<string> {
  const socket = await dial(base, dialer, signal);
  socket.destroy();
  if (dialer) return `connected to ${base.host} port ${base.port} through the SSH host "${dialer.hop}"`;
  const { remoteAddress, remotePort } = socket as Socket;
  return `connected to ${remoteAddress ?? base.host} port ${remotePort ?? base.port}`;
}

async function tryTls(
  base: Base,
  tls: Tls | undefined,
  dialer: Dialer | undefined,
  signal: AbortSignal,
): Promise<string> {
  const servername = tls?.serverName ?? (isIP(base.host) === 0 ? base.host : '');
  const stream = await dial(base, dialer, signal);
  const socket = connectTls({
    socket: stream,
    ...trustOptions(tls),
    servername,
    // Without it a certificate for an address would be compared with nothing.
    host: base.host,
    ALPNProtocols: ['http/1.1'],
  });
  try {
    await agreed(socket, signal);
    assertPinned(socket, tls);
    return certificateText(socket, tls);
  } finally {
    socket.destroy();
    stream.destroy();
  }
}

function certificateText(socket: TLSSocket, tls: Tls | undefined): string {
  const certificate = socket.getPeerX509Certificate();
  const trust = tls?.fingerprint === undefined ? 'verified' : 'pinned';
  const issuer = certificate?.issuer.replaceAll('\n', ', ') ?? 'unknown';
  return `${socket.getProtocol() ?? 'TLS'}, ${trust}, issued by ${issuer}, expires ${certificate?.validTo ?? 'unknown'}`;
}

/** Waits until encryption stands. The socket ends with the signal, and does not outlive a failure. */
function agreed(socket: TLSSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => socket.destroy();
    const fail = (cause: unknown) => {
      socket.destroy();
      reject(new FaultError({ kind: 'connect', phase: 'tls', cause }));
    };
    signal.addEventListener('abort', end, { once: true });
    const timer = setTimeout(() => fail(new ConnectTimeout(CONNECT_TIMEOUT_MS)), CONNECT_TIMEOUT_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      fail(new Error('the connection was closed'));
    });
    socket.on('error', fail);
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** The system's own check proves three steps in one go; its failure belongs to the step that it speaks of. */
async function* askSystem(
  { config, system, auth, dialer }: CheckedConfig,
  { clock, random }: CheckDeps,
  signal: AbortSignal,
): AsyncGenerator<CheckStep, void, void> {
  const http = createHttpClient({ url: config.url, tls: config.tls, auth, system, clock, random, dialer });
  const startedAt = clock.monotonic();
  const passed = auth.type === 'none' ? 'no credentials needed' : 'credentials accepted';
  try {
    const facts: SystemFacts = await orAborted(system.check({ http, signal }), signal);
    const ms = Math.round(clock.monotonic() - startedAt);
    yield { step: 'auth', ok: true, detail: passed, ms };
    yield { step: 'version', ok: true, detail: stepText(facts.version), ms: 0 };
    yield { step: 'permissions', ok: true, detail: stepText(facts.permissions), ms: 0 };
  } catch (thrown) {
    const ms = Math.round(clock.monotonic() - startedAt);
    const error = checkFailure(thrown, signal, config.id);
    const failed = stepOfFailure(error);
    if (failed !== 'auth') yield { step: 'auth', ok: true, detail: passed, ms };
    if (failed === 'permissions') yield { step: 'version', ok: true, detail: 'the system answers', ms: 0 };
    yield {
      step: failed,
      ok: false,
      detail: stepText(error.detail ?? error.advice),
      ms: failed === 'auth' ? ms : 0,
      error,
    };
  } finally {
    await http.close();
  }
}

function checkFailure(thrown: unknown, signal: AbortSignal, id: string): GantryErrorData {
  const reason = stopReason(thrown, signal);
  if (!(reason instanceof FaultError)) return toErrorData(reason, 'check the system', id);
  return failureOf(reason, {
    attempted: 'check the system',
    target: id,
    authority: id,
    safe: true,
    sent: true,
    redact: (words) => words,
  }).data;
}

/** Which step a failure of the system's own check speaks of. */
export function stepOfFailure({ code }: GantryErrorData): 'auth' | 'version' | 'permissions' {
  switch (code) {
    case 'forbidden':
      return 'permissions';
    // It lets us in, and is not what we took it for.
    case 'malformed':
    case 'not-found':
    case 'unsupported':
    case 'truncated':
    case 'too-large':
      return 'version';
    default:
      return 'auth';
  }
}
