import type { Duplex } from 'node:stream';
import type { CheckStep } from '../../../shared/model/connection.ts';
import { addressOf, type SshTarget } from '../ssh/target.ts';
import { openSsh, type SshTransport } from '../ssh/transport.ts';
import { resolveName, stepRunner, stepText, underDeadline, type CheckDeps } from './check-steps.ts';
import { deferred } from './deferred.ts';
import { dialSsh, type SshRoute } from './ssh-dial.ts';

/**
 * Walks the way to an SSH host: configuration → dns → tcp → host-key → auth → version → permissions, on a connection of
 * its own. The first step that fails is the last. Never throws.
 */
export function testSsh(
  target: SshTarget,
  route: SshRoute,
  deps: CheckDeps,
): AsyncGenerator<CheckStep, void, void> {
  return underDeadline(deps, (signal) => steps(target, route, deps, signal));
}

async function* steps(
  target: SshTarget,
  route: SshRoute,
  { clock }: CheckDeps,
  signal: AbortSignal,
): AsyncGenerator<CheckStep, void, void> {
  const authority = addressOf(target);
  const hop = route.dialer?.hop;
  const run = stepRunner(clock, signal, { target: target.name, authority });
  yield { step: 'configuration', ok: true, detail: stepText(`SSH host at ${authority}`), ms: 0 };

  const dns = await run('dns', 'look the name up', async () =>
    hop === undefined ? resolveName(target.host) : `looked up by the SSH host "${hop}"`,
  );
  yield dns;
  if (!dns.ok) return;

  let stream: Duplex | undefined;
  const tcp = await run('tcp', 'connect', async () => {
    stream = await dialSsh(target, route, signal);
    return `connected to ${authority}${hop === undefined ? '' : ` through the SSH host "${hop}"`}`;
  });
  yield tcp;
  if (!tcp.ok || !stream) return;
  yield* login(target, route, stream, run, signal);
}

/** The host key and the login come out of one handshake; a failure belongs to the step that it speaks of. */
async function* login(
  target: SshTarget,
  route: SshRoute,
  stream: Duplex,
  run: ReturnType<typeof stepRunner>,
  signal: AbortSignal,
): AsyncGenerator<CheckStep, void, void> {
  const verified = deferred<string>();
  const opening = openSsh(
    stream,
    target,
    {
      knownHosts: route.knownHosts,
      onHostKey: ({ type, fingerprint }, by) => verified.resolve(`${type} ${fingerprint}, ${by}`),
    },
    signal,
  );
  opening.catch((thrown: unknown) => verified.reject(thrown));
  verified.promise.catch(() => {});
  let transport: SshTransport | undefined;
  try {
    const hostKey = await run('host-key', 'verify the host key', () => verified.promise);
    yield hostKey;
    if (!hostKey.ok) return;
    const auth = await run('auth', 'log in', async () => {
      transport = await opening;
      return target.auth.type === 'none'
        ? 'no credentials needed'
        : `${target.username}, by ${target.auth.type}`;
    });
    yield auth;
    if (!auth.ok || !transport) return;
    yield { step: 'version', ok: true, detail: stepText(transport.ident), ms: 0 };
    const words = 'may log in; whether it may connect further shows with the first connection through it';
    yield { step: 'permissions', ok: true, detail: words, ms: 0 };
  } finally {
    await transport?.close();
    stream.destroy();
  }
}
