import type { Duplex } from 'node:stream';
import { dialTcp, type Dialer } from '../net/dialer.ts';
import { SSH_CONNECT_TIMEOUT_MS } from '../ssh/transport.ts';
import type { SshTarget } from '../ssh/target.ts';

/** How an SSH host is reached, and by what it is known. */
export interface SshRoute {
  /** The SSH host on the way; undefined: straight. */
  readonly dialer: Dialer | undefined;
  /** OpenSSH known_hosts files. */
  readonly knownHosts: readonly string[];
}

/** A stream to an SSH host. Throws `FaultError` or the signal's reason. */
export function dialSsh(
  { host, port }: SshTarget,
  { dialer }: SshRoute,
  signal: AbortSignal,
): Promise<Duplex> {
  return dialer
    ? dialer.open(host, port, signal)
    : dialTcp(host, port, signal, { timeoutMs: SSH_CONNECT_TIMEOUT_MS });
}
