import { createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprintOf, hostKeyAlgorithms, keyType } from './host-key.ts';
import { linesFor, matchesHosts, matchesPattern, parseKnownHosts } from './known-hosts.ts';
import { hostKeyError, judgeHostKey, knownTypes, type ExpectedHost } from './trust.ts';

/** A public key of a type, with a body of its own. */
function key(type: string, body = type): Buffer {
  const field = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  return Buffer.concat([field(Buffer.from(type)), field(Buffer.from(body))]);
}
const text = (type: string, body = type) => `${type} ${key(type, body).toString('base64')}`;
const hashed = (name: string, salt = randomBytes(20)) =>
  `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;

const ed = text('ssh-ed25519');
const rsa = text('ssh-rsa');

describe('known_hosts', () => {
  it.each<[hosts: string, host: string, port: number, matches: boolean]>([
    ['web', 'web', 22, true],
    ['WEB', 'web', 22, true],
    ['web', 'WEB', 22, true],
    ['web', 'web', 2222, false],
    ['[web]:2222', 'web', 2222, true],
    ['[web]:2222', 'web', 22, false],
    ['[web]:22', 'web', 22, false],
    ['a,web,b', 'web', 22, true],
    ['*.corp', 'web.corp', 22, true],
    ['*.corp', 'corp', 22, false],
    ['*.corp,!bad.corp', 'bad.corp', 22, false],
    ['!bad.corp,*.corp', 'bad.corp', 22, false],
    ['*.corp,!bad.corp', 'good.corp', 22, true],
    ['!bad.corp', 'good.corp', 22, false],
    ['[*.corp]:22??', 'web.corp', 2222, true],
    ['w?b', 'web', 22, true],
    ['10.0.0.5', '10.0.0.5', 22, true],
    ['10.0.0.*', '10.0.0.57', 22, true],
    ['[::1]:2222', '::1', 2222, true],
    [hashed('web'), 'web', 22, true],
    [hashed('web'), 'other', 22, false],
    [hashed('[web]:2222'), 'web', 2222, true],
    [hashed('[web]:2222'), 'web', 22, false],
    ['|2|AAAA|AAAA', 'web', 22, false],
    ['|1|', 'web', 22, false],
    ['', 'web', 22, false],
  ])('%s speaks of %s port %i: %s', (hosts, host, port, matches) => {
    const known = parseKnownHosts(`${hosts} ${ed}\n`, 'f');
    expect(linesFor(known, host, port)).toHaveLength(matches ? 1 : 0);
  });

  it('reads comments, markers, blank lines, tabs and Windows line ends, and says where a line stands', () => {
    const file = [
      '# comment',
      '',
      `web\t${ed}  some comment\r`,
      `@revoked * ${rsa}`,
      `@cert-authority *.corp ${ed}`,
    ].join('\n');
    const { lines, unusable } = parseKnownHosts(file, 'known');
    expect(unusable).toEqual([]);
    expect(lines.map(({ marker, hosts, type, where }) => [marker, hosts, type, where])).toEqual([
      ['none', 'web', 'ssh-ed25519', 'known:3'],
      ['revoked', '*', 'ssh-rsa', 'known:4'],
      ['cert-authority', '*.corp', 'ssh-ed25519', 'known:5'],
    ]);
  });

  it.each([
    ['no key', 'web ssh-ed25519', false],
    ['a key that is no base64', 'web ssh-ed25519 !!!', false],
    ['a key of another type than the line says', `web ssh-rsa ${ed.split(' ')[1]}`, false],
    ['a revocation that cannot be read', '@revoked web ssh-ed25519 !!!', true],
    ['a marker nobody knows', `@refused web ${ed}`, true],
    ['a broken authority', '@cert-authority web', false],
  ])('passes over %s, unless it may forbid something: %s', (_, line, unusable) => {
    const known = parseKnownHosts(`${line}\nother ${ed}`, 'f');
    expect(known.lines.map(({ hosts }) => hosts)).toEqual(['other']);
    expect(known.unusable).toEqual(unusable ? ['f:1'] : []);
  });

  it('never throws, whatever the file holds', () => {
    const word = fc.constantFrom('@revoked', '@', '|1|', '*', '!', ',', ed, rsa, 'web', ' ', '\n', '\t', '#');
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 30 }), (parts) => {
        const known = parseKnownHosts(parts.join(''), 'f');
        for (const { key: blob, type } of linesFor(known, 'web', 22)) expect(keyType(blob)).toBe(type);
      }),
    );
  });

  it('matches patterns as a regular expression of the same meaning would', () => {
    const letter = fc.constantFrom('a', 'b', '.', '*', '?');
    fc.assert(
      fc.property(
        fc.array(letter, { maxLength: 8 }),
        fc.array(fc.constantFrom('a', 'b', '.', '*', '?'), { maxLength: 8 }),
        (pattern, name) => {
          const source = pattern.map((c) => (c === '*' ? '.*' : c === '?' ? '.' : c === '.' ? '\\.' : c));
          const expected = new RegExp(`^${source.join('')}$`).test(name.join(''));
          expect(matchesPattern(pattern.join(''), name.join(''))).toBe(expected);
        },
      ),
    );
  });

  it('finds a hashed name exactly where it finds the plain one', () => {
    const name = fc.stringMatching(/^[a-z0-9.-]{1,20}$/);
    fc.assert(
      fc.property(name, name, (written, asked) => {
        expect(matchesHosts(hashed(written), asked)).toBe(matchesHosts(written, asked));
      }),
    );
  });

  it('is not slowed down by a hostile pattern', () => {
    const started = performance.now();
    expect(matchesPattern('*a'.repeat(2_000), 'a'.repeat(1_999))).toBe(false);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('judging a host key', () => {
  const expected: ExpectedHost = { name: 'bastion', host: 'web', port: 2222, pins: [] };
  const trust = (file: string, pins: string[] = []) => ({
    expected: { ...expected, pins },
    lines: linesFor(parseKnownHosts(file, 'f'), 'web', 2222),
  });
  const name = '[web]:2222';
  const print = fingerprintOf(key('ssh-ed25519'));

  it.each<[string, string, string[], Buffer, string]>([
    ['a known key', `${name} ${ed}`, [], key('ssh-ed25519'), 'trusted'],
    ['one of several known keys', `${name} ${rsa}\n${name} ${ed}`, [], key('ssh-ed25519'), 'trusted'],
    ['a host of which nothing is known', '', [], key('ssh-ed25519'), 'unknown'],
    ['the same name on another port', `web ${ed}`, [], key('ssh-ed25519'), 'unknown'],
    ['another key', `${name} ${text('ssh-ed25519', 'old')}`, [], key('ssh-ed25519'), 'changed'],
    ['a key of a new type', `${name} ${rsa}`, [], key('ssh-ed25519'), 'changed'],
    ['a revoked key', `${name} ${ed}\n@revoked * ${ed}`, [], key('ssh-ed25519'), 'revoked'],
    ['a pinned key', '', [print], key('ssh-ed25519'), 'trusted'],
    ['a pinned key with padding', '', [`${print}=`], key('ssh-ed25519'), 'trusted'],
    ['another key than the pinned one, though known', `${name} ${rsa}`, [print], key('ssh-rsa'), 'changed'],
    ['a pinned key that is revoked', `@revoked ${name} ${ed}`, [print], key('ssh-ed25519'), 'revoked'],
    ['an authority only', `@cert-authority ${name} ${rsa}`, [], key('ssh-rsa'), 'unknown'],
  ])('%s', (_, file, pins, blob, kind) => {
    const verdict = judgeHostKey(trust(file, pins), blob);
    expect(verdict.kind).toBe(kind);
    const error = hostKeyError({ ...expected, pins }, blob, verdict);
    if (kind === 'trusted') expect(error).toBeUndefined();
    else {
      expect(error?.data).toMatchObject({ code: 'host-key', target: 'bastion', retryable: false });
      expect(error?.data.detail).toContain(fingerprintOf(blob));
    }
  });

  it('shows both fingerprints of a change, and how to get out of it', () => {
    const known = trust(`${name} ${text('ssh-ed25519', 'old')}`);
    const error = hostKeyError(expected, key('ssh-ed25519'), judgeHostKey(known, key('ssh-ed25519')));
    expect(error?.data.detail).toContain(fingerprintOf(key('ssh-ed25519', 'old')));
    expect(error?.data.detail).toContain('(f:1)');
    expect(error?.data.advice).toContain("ssh-keygen -R '[web]:2222'");
  });

  it('says that an authority of certificates is of no use', () => {
    const known = trust(`@cert-authority ${name} ${rsa}`);
    const error = hostKeyError(expected, key('ssh-rsa'), judgeHostKey(known, key('ssh-rsa')));
    expect(error?.data.advice).toContain('certificate authority');
    expect(error?.data.advice).toContain(fingerprintOf(key('ssh-rsa')));
  });

  it('trusts nothing that is neither known nor pinned', () => {
    const body = fc.string({ minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(
        fc.array(body, { maxLength: 4 }),
        fc.array(body, { maxLength: 3 }),
        body,
        (known, pinned, shown) => {
          const file = known.map((one) => `${name} ${text('ssh-ed25519', one)}`).join('\n');
          const pins = pinned.map((one) => fingerprintOf(key('ssh-ed25519', one)));
          const verdict = judgeHostKey(trust(file, pins), key('ssh-ed25519', shown));
          const right = pins.length > 0 ? pinned.includes(shown) : known.includes(shown);
          expect(verdict.kind === 'trusted').toBe(right);
        },
      ),
    );
  });

  it('asks for known types first, and never for SHA-1', () => {
    expect(hostKeyAlgorithms(knownTypes(trust(`${name} ${rsa}`))).slice(0, 3)).toEqual([
      'rsa-sha2-512',
      'rsa-sha2-256',
      'ssh-ed25519',
    ]);
    expect(hostKeyAlgorithms(new Set())[0]).toBe('ssh-ed25519');
    for (const types of [[], ['ssh-rsa'], ['ssh-dss']]) {
      expect(hostKeyAlgorithms(new Set(types))).toHaveLength(6);
      expect(hostKeyAlgorithms(new Set(types))).not.toContain('ssh-rsa');
    }
  });
});
