import { describe, expect, it } from 'vitest';
import { cookieOf, refusalOf, sessionCookieName } from './request-guard.ts';

const host = '127.0.0.1:4000';
const origin = `http://${host}`;

describe('refusalOf', () => {
  it.each([
    ['the address bar', { host }, 'navigation'],
    [
      'a link from elsewhere',
      { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
      'navigation',
    ],
    ['our own script', { host, origin, 'sec-fetch-site': 'same-origin' }, 'script'],
    [
      'our own page under its other name',
      { host: 'localhost:4000', origin: 'http://localhost:4000' },
      'script',
    ],
  ] as const)('lets in %s', (_who, headers, kind) => {
    expect(refusalOf(headers, 4000, kind)).toBeUndefined();
  });

  it.each([
    ['no Host', {}, 'navigation'],
    ['a rebound name', { host: 'console.evil.example:4000' }, 'navigation'],
    ['a name that begins like ours', { host: '127.0.0.1.evil.example:4000' }, 'navigation'],
    ['another port', { host: '127.0.0.1:4001' }, 'navigation'],
    ['no port', { host: '127.0.0.1' }, 'navigation'],
    ['a foreign Origin', { host, origin: 'https://evil.example' }, 'script'],
    ['an Origin that begins like ours', { host, origin: `${origin}.evil.example` }, 'script'],
    ['an opaque Origin', { host, origin: 'null' }, 'script'],
    ['our Origin under the other name', { host, origin: 'http://localhost:4000' }, 'script'],
    ['our Origin on https', { host, origin: `https://${host}` }, 'script'],
    ['a script without Origin', { host }, 'script'],
    [
      'a foreign page that embeds a file',
      { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
      'navigation',
    ],
    ['a neighbour port that posts', { host, origin, 'sec-fetch-site': 'same-site' }, 'script'],
  ] as const)('refuses %s', (_who, headers, kind) => {
    expect(refusalOf(headers, 4000, kind)).toBeTypeOf('string');
  });
});

describe('cookieOf', () => {
  const name = sessionCookieName(4000);

  it('finds the value among others', () => {
    expect(cookieOf(`a=1; ${name}=s3cret; b=2`, name)).toBe('s3cret');
  });

  it.each([undefined, '', `${name}x=1`, `x${name}=1`, `${name}=1; ${name}=2`])(
    'finds nothing in %j',
    (header) => {
      expect(cookieOf(header, name)).toBeUndefined();
    },
  );

  it('has one name per port, since cookies know no ports', () => {
    expect(sessionCookieName(1)).not.toBe(sessionCookieName(2));
  });
});
