import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { CheckStep } from '../../../shared/model/connection.ts';
import type { Tls } from '../../../shared/model/environment.ts';
import { GantryError, toErrorData, type GantryErrorData } from '../../../shared/model/error.ts';
import type { Clock, Random } from '../clock.ts';
import { abortScope, orAborted } from '../net/abort.ts';
import { parseBase, type Base } from '../net/address.ts';
import { assertPinned, CONNECT_TIMEOUT_MS, ConnectTimeout, trustOptions } from '../net/connector.ts';
import { failureOf } from '../net/failure.ts';
import { FaultError } from '../net/fault.ts';
import { createHttpClient } from '../net/http-client.ts';
import type { SystemFacts } from '../systems/system.ts';
import type { ReadyConfig } from './configuration.ts';

const CHECK_DEADLINE_MS = 15_000;

export interface CheckDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal?: AbortSignal;
}

type StepName = CheckStep['step'];

/** The one step of a connection whose configuration is at fault. */
export function failedConfiguration(error: GantryErrorData): CheckStep {
  return { step: 'configuration', ok: false, detail: text(error.detail ?? error.advice), ms: 0, error };
}

/**
 * Walks the way to a system: configuration → dns → tcp → tls (https only) → auth → version → permissions. One step at a
 * time on sockets of its own; the first that fails is the last. Never throws: a passed deadline or an abort is the
 * failure of the step that was under way.
 */
export async function* testConnection(
  ready: ReadyConfig,
  deps: CheckDeps,
): AsyncGenerator<CheckStep, void, void> {
  const scope = abortScope(deps.signal);
  const over = new AbortController();
  void deps.clock.sleep(CHECK_DEADLINE_MS, over.signal).then(
    () => scope.abort(new FaultError({ kind: 'deadline', afterMs: CHECK_DEADLINE_MS })),
    () => {},
  );
  try {
    yield* steps(ready, deps, scope.signal);
  } finally {
    over.abort();
    scope.abort(new FaultError({ kind: 'aborted' }));
    scope.release();
  }
}

async function* steps(
  ready: ReadyConfig,
  deps: CheckDeps,
  signal: AbortSignal,
): AsyncGenerator<CheckStep, void, void> {
  const { config, system } = ready;
  const base = parseBase(config.url);
  const run = stepRunner(deps.clock, signal, base);
  yield { step: 'configuration', ok: true, detail: `${system.title} at ${base.authority}`, ms: 0 };

  const dns = await run('dns', 'look the name up', () => resolveName(base.host));
  yield dns;
  if (!dns.ok) return;
  const tcp = await run('tcp', 'connect', () => tryTcp(base, signal));
  yield tcp;
  if (!tcp.ok) return;
  if (base.secure) {
    const tls = await run('tls', 'agree on encryption', () => tryTls(base, config.tls, signal));
    yield tls;
    if (!tls.ok) return;
  }
  yield* askSystem(ready, deps, signal);
}

type StepRunner = (step: StepName, attempted: string, work: () => Promise<string>) => Promise<CheckStep>;

function stepRunner(clock: Clock, signal: AbortSignal, base: Base): StepRunner {
  return async (step, attempted, work) => {
    const startedAt = clock.monotonic();
    const spent = () => Math.round(clock.monotonic() - startedAt);
    try {
      signal.throwIfAborted();
      const detail = await orAborted(work(), signal);
      return { step, ok: true, detail: text(detail), ms: spent() };
    } catch (thrown) {
      const error = failureOf(stopReason(thrown, signal), {
        attempted,
        target: base.origin,
        authority: base.authority,
        safe: true,
        sent: false,
        redact: (words) => words,
      }).data;
      return { step, ok: false, detail: text(error.detail ?? error.advice), ms: spent(), error };
    }
  };
}

async function resolveName(host: string): Promise<string> {
  if (isIP(host) !== 0) return `${host} is an address`;
  try {
    const found = await lookup(host, { all: true });
    return found.map(({ address }) => address).join(', ');
  } catch (cause) {
    throw new FaultError({ kind: 'connect', phase: 'tcp', cause });
  }
}

async function tryTcp(base: Base, signal: AbortSignal): Promise<string> {
  const startSocket = () => connectTcp({ host: base.host, port: base.port });
  const socket = await opened(startSocket, 'connect', 'tcp', signal);
  const detail = `connected to ${socket.remoteAddress ?? base.host} port ${socket.remotePort ?? base.port}`;
  socket.destroy();
  return detail;
}

async function tryTls(base: Base, tls: Tls | undefined, signal: AbortSignal): Promise<string> {
  const servername = tls?.serverName ?? (isIP(base.host) === 0 ? base.host : '');
  const startSocket = () =>
    connectTls({
      host: base.host,
      port: base.port,
      ...trustOptions(tls),
      servername,
      ALPNProtocols: ['http/1.1'],
    });
  const socket = await opened(startSocket, 'secureConnect', 'tls', signal);
  try {
    assertPinned(socket, tls);
    return certificateText(socket, tls);
  } finally {
    socket.destroy();
  }
}

function certificateText(socket: TLSSocket, tls: Tls | undefined): string {
  const certificate = socket.getPeerX509Certificate();
  const trust = tls?.fingerprint === undefined ? 'verified' : 'pinned';
  const issuer = certificate?.issuer.replaceAll('\n', ', ') ?? 'unknown';
  return `${socket.getProtocol() ?? 'TLS'}, ${trust}, issued by ${issuer}, expires ${certificate?.validTo ?? 'unknown'}`;
}

/** Waits for a socket's event. The socket ends with the signal, and does not outlive a failure. */
function opened<S extends Socket>(
  start: () => S,
  event: 'connect' | 'secureConnect',
  phase: 'tcp' | 'tls',
  signal: AbortSignal,
): Promise<S> {
  return new Promise((resolve, reject) => {
    const socket = start();
    const end = () => socket.destroy();
    const fail = (cause: unknown) => {
      socket.destroy();
      reject(new FaultError({ kind: 'connect', phase, cause }));
    };
    signal.addEventListener('abort', end, { once: true });
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => fail(new ConnectTimeout()));
    socket.once('close', () => {
      signal.removeEventListener('abort', end);
      fail(new Error('the connection was closed'));
    });
    socket.on('error', fail);
    socket.once(event, () => resolve(socket));
  });
}

/** The system's own check proves three steps in one go; its failure belongs to the step that it speaks of. */
async function* askSystem(
  { config, system, auth }: ReadyConfig,
  { clock, random }: CheckDeps,
  signal: AbortSignal,
): AsyncGenerator<CheckStep, void, void> {
  const http = createHttpClient({ url: config.url, tls: config.tls, auth, system, clock, random });
  const startedAt = clock.monotonic();
  const passed = auth.type === 'none' ? 'no credentials needed' : 'credentials accepted';
  try {
    const facts: SystemFacts = await orAborted(system.check({ http, signal }), signal);
    const ms = Math.round(clock.monotonic() - startedAt);
    yield { step: 'auth', ok: true, detail: passed, ms };
    yield { step: 'version', ok: true, detail: text(facts.version), ms: 0 };
    yield { step: 'permissions', ok: true, detail: text(facts.permissions), ms: 0 };
  } catch (thrown) {
    const ms = Math.round(clock.monotonic() - startedAt);
    const error = checkFailure(thrown, signal, config.id);
    const failed = stepOfFailure(error);
    if (failed !== 'auth') yield { step: 'auth', ok: true, detail: passed, ms };
    if (failed === 'permissions') yield { step: 'version', ok: true, detail: 'the system answers', ms: 0 };
    yield {
      step: failed,
      ok: false,
      detail: text(error.detail ?? error.advice),
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

/** Once the signal is aborted its reason is the failure, whatever broke because of it. */
function stopReason(thrown: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted) return thrown;
  if (thrown instanceof GantryError && thrown.code !== 'aborted') return thrown;
  return signal.reason instanceof FaultError ? signal.reason : new FaultError({ kind: 'aborted' });
}

function text(words: string): string {
  return words.length <= 500 ? words : `${words.slice(0, 499).toWellFormed()}…`;
}
