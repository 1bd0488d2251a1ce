import { createHash } from 'node:crypto';

/** A key that a host showed. */
export interface HostKey {
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, … */
  readonly type: string;
  /** `SHA256:…`, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
}

export function hostKeyOf(blob: Buffer): HostKey {
  return { type: keyType(blob) ?? 'unknown type', fingerprint: fingerprintOf(blob) };
}

/** The type that a public key names in its own first field (RFC 4253, 6.6); undefined when it is no such key. */
export function keyType(blob: Buffer): string | undefined {
  if (blob.length < 4) return undefined;
  const length = blob.readUInt32BE(0);
  if (length === 0 || length > 64 || blob.length < 4 + length) return undefined;
  const type = blob.toString('latin1', 4, 4 + length);
  return /^[\w@.-]+$/.test(type) ? type : undefined;
}

export function fingerprintOf(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/** Signature algorithms to offer, best first. SHA-1 (`ssh-rsa`) and DSA are left out: both are broken. */
const OFFERED = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
] as const;
type OfferedAlgorithm = (typeof OFFERED)[number];

/**
 * What to ask a host for: algorithms of the key types already known for it first. Otherwise a host with a new, better
 * key would show that one, and a known host would look changed.
 */
export function hostKeyAlgorithms(knownTypes: ReadonlySet<string>): OfferedAlgorithm[] {
  const typeOf = (algorithm: string) => (algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm);
  const known = OFFERED.filter((algorithm) => knownTypes.has(typeOf(algorithm)));
  return [...known, ...OFFERED.filter((algorithm) => !known.includes(algorithm))];
}
