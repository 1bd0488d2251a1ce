import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { GantryError } from '../../../shared/model/error.ts';
import { fingerprintOf, hostKeyOf, type HostKey } from './host-key.ts';
import {
  knownHostName,
  linesFor,
  parseKnownHosts,
  type KnownHostLine,
  type KnownHosts,
} from './known-hosts.ts';

/** Who a host has to prove to be. */
export interface ExpectedHost {
  /** Connection id, for words. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** SHA-256 fingerprints from the environment file. When there are any, nothing else is asked. */
  readonly pins: readonly string[];
}

/** Where OpenSSH keeps what it knows: the user's file and the machine's. */
export function usualKnownHosts(): string[] {
  const user = path.join(homedir(), '.ssh', 'known_hosts');
  return process.platform === 'win32' ? [user] : [user, '/etc/ssh/ssh_known_hosts'];
}

/** What is known of one host before it is asked. */
export interface HostTrust {
  readonly expected: ExpectedHost;
  readonly lines: readonly KnownHostLine[];
}

export type Verdict =
  /** `by`: what vouches for it, in words. */
  | { readonly kind: 'trusted'; readonly by: string }
  | { readonly kind: 'unknown'; readonly certified: boolean }
  /** `known`: what was expected instead. */
  | { readonly kind: 'changed'; readonly known: readonly string[]; readonly where: string }
  | { readonly kind: 'revoked'; readonly where: string };

/**
 * Judges the key a host showed. Pure. A revoked key is refused even when it is pinned. Keys of all types are compared: a
 * known host with a key of a new type is changed, not unknown.
 */
export function judgeHostKey({ expected, lines }: HostTrust, blob: Buffer): Verdict {
  const revoked = lines.find(({ marker, key }) => marker === 'revoked' && key.equals(blob));
  if (revoked) return { kind: 'revoked', where: revoked.where };
  if (expected.pins.length > 0) {
    const pinned = expected.pins.some((pin) => sameFingerprint(pin, fingerprintOf(blob)));
    if (pinned) return { kind: 'trusted', by: 'pinned by hostKey' };
    return { kind: 'changed', known: expected.pins, where: 'hostKey' };
  }
  const known = lines.filter(({ marker }) => marker === 'none');
  const same = known.find(({ key }) => key.equals(blob));
  if (same) return { kind: 'trusted', by: `known from ${same.where}` };
  if (known.length > 0) {
    return {
      kind: 'changed',
      known: known.map(({ type, key }) => `${type} ${fingerprintOf(key)}`),
      where: known.map(({ where }) => where).join(', '),
    };
  }
  return { kind: 'unknown', certified: lines.some(({ marker }) => marker === 'cert-authority') };
}

function sameFingerprint(pin: string, found: string): boolean {
  return pin.replace(/=+$/, '') === found;
}

/** Key types to ask for first; none when only fingerprints are known, which do not tell a type. */
export function knownTypes({ expected, lines }: HostTrust): ReadonlySet<string> {
  if (expected.pins.length > 0) return new Set();
  return new Set(lines.filter(({ marker }) => marker === 'none').map(({ type }) => type));
}

/**
 * Reads what the files say of a host. A file that does not exist says nothing. Throws `GantryError` `host-key` when one
 * cannot be read, or may forbid a key in a line that cannot be understood: a store in doubt trusts nobody.
 */
export async function readTrust(expected: ExpectedHost, files: readonly string[]): Promise<HostTrust> {
  const lines: KnownHostLine[] = [];
  for (const file of files) {
    const known = await readKnownHosts(expected, file);
    if (known.unusable.length > 0) {
      throw refusal(expected, {
        detail: `cannot be understood: ${known.unusable.join(', ')}`,
        advice: `A line of ${file} may revoke a key, and cannot be read. Correct or remove it: until then no host is trusted.`,
      });
    }
    lines.push(...linesFor(known, expected.host, expected.port));
  }
  return { expected, lines };
}

async function readKnownHosts(expected: ExpectedHost, file: string): Promise<KnownHosts> {
  try {
    return parseKnownHosts(await readFile(file, 'utf8'), file);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR')) {
      return { lines: [], unusable: [] };
    }
    throw refusal(expected, {
      detail: `${file} cannot be read`,
      advice: `Make ${file} readable for the user that runs Gantry: it may revoke a key, so no host is trusted without it.`,
      cause,
    });
  }
}

/** The error for a key that is not trusted; undefined for one that is. */
export function hostKeyError(
  expected: ExpectedHost,
  blob: Buffer,
  verdict: Verdict,
): GantryError | undefined {
  const shown = hostKeyOf(blob);
  switch (verdict.kind) {
    case 'trusted':
      return undefined;
    case 'revoked':
      return refusal(expected, {
        detail: `revoked: ${textOf(shown)} (${verdict.where})`,
        advice: `The key that ${address(expected)} shows is marked as revoked. Whoever has it may be anybody: do not connect before the host has a new key.`,
      });
    case 'changed':
      return refusal(expected, {
        detail: `expected ${verdict.known.join(', ')} (${verdict.where}); found ${textOf(shown)}`,
        advice: `The key of ${address(expected)} is not the known one. If it was replaced, compare the found fingerprint with the one shown on the host itself ("ssh-keygen -lf" on its public key), and only then replace the known one${way(verdict.where, expected)}. If nobody replaced it, someone may be in between.`,
      });
    case 'unknown':
      return refusal(expected, {
        detail: `unknown: ${textOf(shown)}`,
        advice: `${address(expected)} is not known yet${verdict.certified ? ' (known_hosts names a certificate authority for it, which Gantry cannot use)' : ''}. Compare this fingerprint with the one shown on the host itself ("ssh-keygen -lf" on its public key); when they are equal, put "${shown.fingerprint}" into "hostKey" of "${expected.name}", or the key into known_hosts as ${knownHostName(expected.host, expected.port)}.`,
      });
  }
}

function way(where: string, expected: ExpectedHost): string {
  if (where === 'hostKey') return ` in "hostKey" of "${expected.name}" (a fingerprint for each type of key)`;
  return `: "ssh-keygen -R '${knownHostName(expected.host, expected.port)}'" removes it from known_hosts`;
}

function textOf({ type, fingerprint }: HostKey): string {
  return `${type} ${fingerprint}`;
}

function address({ host, port }: ExpectedHost): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function refusal(
  expected: ExpectedHost,
  words: { readonly detail: string; readonly advice: string; readonly cause?: unknown },
): GantryError {
  return new GantryError(
    {
      code: 'host-key',
      attempted: 'verify the host key',
      target: expected.name,
      knownEffect: 'nothing was sent',
      advice: words.advice.slice(0, 1_000),
      retryable: false,
      detail: words.detail.slice(0, 500),
    },
    { cause: words.cause },
  );
}
