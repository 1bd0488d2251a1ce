import type { HttpRequest } from './http.ts';

/** A connection's URL, taken apart once. Holds no credentials. */
export interface Base {
  /** `https://host:8006` */
  readonly origin: string;
  /** Path prefix without a trailing slash; empty for none. */
  readonly prefix: string;
  /** `host:port`, with the port that is really used; for advice. */
  readonly authority: string;
  /** `host` as a resolver takes it: IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

export function parseBase(text: string): Base {
  const url = new URL(text);
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  return {
    origin: url.origin,
    prefix: url.pathname.replace(/\/+$/, ''),
    authority: `${url.hostname}:${port}`,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    secure,
  };
}

/** A URL that may be shown: no user, password, query or fragment. Text that is no URL becomes empty, since it cannot be told what it holds. */
export function publicUrl(text: string): string {
  if (!URL.canParse(text)) return '';
  const url = new URL(text);
  // `user:pass@host` parses, as a path of the scheme `user:`.
  if (url.host === '') return '';
  url.username = '';
  url.password = '';
  url.search = '';
  url.hash = '';
  return url.href.replace(/\/$/, '');
}

/** A dot segment, plain or percent-encoded: servers resolve it, so an id named ".." would call another endpoint. */
const DOT_SEGMENT = /(^|\/)(\.|%2e){1,2}(\/|$)/i;

/**
 * Whether a request path stays below the connection's URL. Ids of managed systems are hostile: what is not plain path
 * text must arrive percent-encoded (`encodeURIComponent`), and parameters go into `query`.
 */
export function isSafePath(path: string): boolean {
  return (
    path.startsWith('/') && /^[\x21-\x7e]*$/.test(path) && !/[?#\\]/.test(path) && !DOT_SEGMENT.test(path)
  );
}

/** `?a=1&b=x%20y`, or nothing. Undefined values are left out. */
export function queryText(query: HttpRequest['query']): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [`${encode(name)}=${encode(String(value))}`],
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function encode(text: string): string {
  // Lone surrogates cannot be percent-encoded; they become the replacement character first.
  return encodeURIComponent(text.toWellFormed());
}
