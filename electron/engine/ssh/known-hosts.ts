import { createHmac, timingSafeEqual } from 'node:crypto';
import { keyType } from './host-key.ts';

/** One usable line of an OpenSSH known_hosts file (the format is in sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). */
export interface KnownHostLine {
  readonly marker: 'none' | 'revoked' | 'cert-authority';
  /** The hosts field as written: patterns with commas between, or one `|1|salt|hash`. */
  readonly hosts: string;
  /** The public key as it goes over the wire. */
  readonly key: Buffer;
  /** Type that the key itself names, `ssh-ed25519`. */
  readonly type: string;
  /** Where it stands: `file:line`, for advice. */
  readonly where: string;
}

export interface KnownHosts {
  readonly lines: readonly KnownHostLine[];
  /**
   * Lines that may forbid a key and cannot be read (`@revoked` with a broken key, an unknown marker), as `file:line`. Nothing
   * may be trusted by a file that has one. Other broken lines are passed over, as OpenSSH does.
   */
  readonly unusable: readonly string[];
}

/** Reads the text of one file. Never throws: what a line lacks is told in `unusable` or passed over. */
export function parseKnownHosts(text: string, file: string): KnownHosts {
  const lines: KnownHostLine[] = [];
  const unusable: string[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const where = `${file}:${index + 1}`;
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const fields = line.split(/[ \t]+/);
    const marked = line.startsWith('@');
    const marker = marked ? markerOf(fields.shift() ?? '') : 'none';
    const [hosts, type, encoded] = fields;
    const key = encoded === undefined ? undefined : decodeKey(encoded);
    const sound = type !== undefined && key !== undefined && keyType(key) === type;
    if (marker && hosts !== undefined && sound) lines.push({ marker, hosts, key, type, where });
    else if (marked && marker !== 'cert-authority') unusable.push(where);
  }
  return { lines, unusable };
}

function markerOf(word: string): KnownHostLine['marker'] | undefined {
  if (word === '@revoked') return 'revoked';
  return word === '@cert-authority' ? 'cert-authority' : undefined;
}

function decodeKey(encoded: string): Buffer | undefined {
  const key = Buffer.from(encoded, 'base64');
  // `Buffer.from` stops at the first foreign character; such a key is broken, not short.
  return key.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '') ? key : undefined;
}

/** How a host is written in the file: `name` on port 22, `[name]:port` on others. Lower case: names have none. */
export function knownHostName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** Every line that speaks of this host and port, whatever the type of its key. */
export function linesFor(known: KnownHosts, host: string, port: number): KnownHostLine[] {
  const name = knownHostName(host, port);
  return known.lines.filter(({ hosts }) => matchesHosts(hosts, name));
}

/** Whether a hosts field speaks of a name. One negated pattern that fits rules the whole field out. */
export function matchesHosts(hosts: string, name: string): boolean {
  if (hosts.startsWith('|')) return matchesHash(hosts, name);
  let matched = false;
  for (const pattern of hosts.toLowerCase().split(',')) {
    const negated = pattern.startsWith('!');
    if (!matchesPattern(negated ? pattern.slice(1) : pattern, name)) continue;
    if (negated) return false;
    matched = true;
  }
  return matched;
}

/** `|1|salt|hash`: HMAC-SHA1 of the name, keyed with the salt; both in base64. */
function matchesHash(field: string, name: string): boolean {
  const [, version, salt, hash, ...rest] = field.split('|');
  if (version !== '1' || salt === undefined || hash === undefined || rest.length > 0) return false;
  const expected = Buffer.from(hash, 'base64');
  const found = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return expected.length === found.length && timingSafeEqual(expected, found);
}

/**
 * Whether a pattern of `*` and `?` covers the whole name. Walks both once with one point to go back to, so that no pattern
 * can make it slow, as a regular expression made from one could be.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let resume = 0;
  while (n < name.length) {
    // A star is a wildcard first, even where the name has a star of its own.
    if (pattern[p] === '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) {
      p++;
      n++;
    } else if (star !== -1) {
      p = star + 1;
      n = ++resume;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
