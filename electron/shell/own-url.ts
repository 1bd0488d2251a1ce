/** The desktop's own scheme and host: `app://gantry/` serves the renderer, and nothing else is ever loaded. */
export const APP_SCHEME = 'app';
export const APP_HOST = 'gantry';
export const APP_ORIGIN = `${APP_SCHEME}://${APP_HOST}`;
export const APP_URL = `${APP_ORIGIN}/`;

function parsed(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** Whether a URL, as text, is one of our own. Compares parsed parts: `app://gantry.evil/` only looks alike. */
export function isOwnUrl(text: string): boolean {
  const url = parsed(text);
  return (
    url !== undefined &&
    url.protocol === `${APP_SCHEME}:` &&
    url.hostname === APP_HOST &&
    url.port === '' &&
    url.username === '' &&
    url.password === ''
  );
}

const MAX_LINK_LENGTH = 2_048;

/**
 * The link that may be handed to the operating system, or undefined. Only `https:` with an ordinary host: the system's
 * handlers for other schemes run programs. Credentials in a link are a trick, and so are characters that cannot be seen.
 */
export function externalLinkOf(text: string): URL | undefined {
  if (text.length > MAX_LINK_LENGTH || /[\s\p{Cc}\p{Cf}\\]/u.test(text)) return undefined;
  const url = parsed(text);
  if (url === undefined || url.protocol !== 'https:' || url.hostname === '') return undefined;
  return url.username === '' && url.password === '' ? url : undefined;
}
