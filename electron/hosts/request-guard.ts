import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a request was made to us by our own page or by the address bar, and not by a foreign page that reached the
 * loopback port (cross-site request) or gave its own name our address (DNS rebinding). Pure.
 *
 * `navigation`: GET of a file; a browser sends no Origin with it. `script`: POST and WebSocket upgrade; a browser always
 * sends Origin with those, so its absence is refused too.
 *
 * @returns why it is refused, or undefined when it is fine.
 */
export function refusalOf(
  headers: IncomingHttpHeaders,
  port: number,
  kind: 'navigation' | 'script',
): string | undefined {
  const host = headers.host;
  if (host === undefined || !ownHosts(port).includes(host)) return 'unknown host';
  const origin = headers.origin;
  if (origin === undefined) {
    if (kind === 'script') return 'no origin';
  } else if (origin !== `http://${host}`) return 'foreign origin';
  const site = headers['sec-fetch-site'];
  const foreignSite = site === 'cross-site' || site === 'same-site';
  // A link from elsewhere may open the page; nothing else of ours may be used from elsewhere.
  if (foreignSite && !(kind === 'navigation' && headers['sec-fetch-mode'] === 'navigate'))
    return 'foreign page';
  return undefined;
}

function ownHosts(port: number): readonly string[] {
  return [`127.0.0.1:${port}`, `localhost:${port}`];
}

/** Cookies know no ports: the name keeps two consoles on one machine apart. */
export function sessionCookieName(port: number): string {
  return `gantry-session-${port}`;
}

/** The value of a cookie, or undefined when it is missing or sent twice. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`));
  return values.length === 1 ? values[0]?.slice(name.length + 1) : undefined;
}
