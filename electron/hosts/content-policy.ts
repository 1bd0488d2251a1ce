/**
 * What the page may load and do, the same for the desktop window and for browser mode. Everything is the console's own:
 * no inline script or style, no eval, no foreign origin, no frame, no form. `'self'` in `connect-src` includes the
 * WebSocket of the same host.
 */
const directives = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "object-src 'none'",
  "frame-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
];

export const contentSecurityPolicy = directives.join('; ');

/** Sent with every answer that a page may read, on `app://` and on HTTP. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy':
    'camera=(), microphone=(), geolocation=(), hid=(), serial=(), usb=(), payment=(), display-capture=()',
  'cache-control': 'no-store',
};
