import type { Auth } from '../../../shared/model/environment.ts';

/** Shorter texts occur by chance in any answer; replacing them would only garble it. */
const SHORTEST_SECRET = 4;

/**
 * A function that takes the credentials out of a text, as themselves, percent-encoded, and in the forms the
 * headers carry them (base64, with or without a scheme before it). Systems echo what they were sent.
 */
export function redactor(auth: Auth, headers: Readonly<Record<string, string>>): (text: string) => string {
  const own = auth.type === 'token' ? [auth.token] : auth.type === 'password' ? [auth.password] : [];
  const sent =
    auth.type === 'none'
      ? []
      : Object.entries(headers).flatMap(([name, value]) => (CARRIER.test(name) ? value : []));
  const whole = [...own, ...sent];
  // Proxmox tokens and schemes: `PVEAPIToken=user@realm!id=secret`, `Bearer secret`.
  const parts = whole.flatMap((text) =>
    text.split(/\s+/).flatMap((word) => [word, word.slice(word.indexOf('=') + 1)]),
  );
  const forms = [...whole, ...parts].flatMap((text) => [
    text,
    encodeURIComponent(text.toWellFormed()),
    JSON.stringify(text).slice(1, -1),
  ]);
  // Longest first: a part must not be replaced inside the whole, leaving the rest of the whole standing.
  const secrets = [...new Set(forms)]
    .filter((text) => text.length >= SHORTEST_SECRET && !HARMLESS.test(text))
    .sort((a, b) => b.length - a.length);
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, '•••'), text);
}

/** Headers that carry credentials: a session's token as well, which a system was given in exchange for a password. */
const CARRIER = /authorization|cookie|token|key|secret|password/i;

/** Names of authentication schemes stand beside a secret in a header and are none. */
const HARMLESS = /^(bearer|basic|token|key|apikey|pveapitoken)$/i;
