import type { Auth } from '../../../shared/model/environment.ts';
import type { System } from '../systems/system.ts';
import { orAborted } from './abort.ts';
import type { HttpClient } from './http.ts';

type Headers = Readonly<Record<string, string>>;

/** The headers that carry a connection's credentials, whether they are fixed or must be fetched by signing in. */
export interface Credentials {
  /** Signs in first where that is needed. Throws what signing in threw. */
  headers(signal: AbortSignal): Promise<Headers>;
  /** The headers as far as they are known now, for cutting them out of texts. */
  known(): Headers;
  /** The system refused these. True when asking for headers again gives others. */
  renew(refused: Headers): boolean;
}

/**
 * One sign-in serves all requests that wait for it. What it gave is kept in memory only, and until the system refuses it:
 * its own refusal is better evidence than any lifetime.
 */
export function createCredentials(
  auth: Auth,
  system: Pick<System, 'authHeaders' | 'signIn'>,
  anonymous: HttpClient,
): Credentials {
  const { signIn } = system;
  if (auth.type !== 'password' || !signIn) {
    const fixed = () => system.authHeaders(auth);
    return { headers: () => Promise.resolve(fixed()), known: fixed, renew: () => false };
  }
  let current: Headers | undefined;
  let underWay: Promise<Headers> | undefined;
  return {
    async headers(signal) {
      if (current) return current;
      // Not ended by one impatient caller, since others wait for it too: it has a deadline of its own.
      underWay ??= signIn(auth, anonymous)
        .then((headers) => (current = headers))
        .finally(() => {
          underWay = undefined;
        });
      return orAborted(underWay, signal);
    },
    known: () => current ?? {},
    renew(refused) {
      if (current === refused) current = undefined;
      return true;
    },
  };
}
