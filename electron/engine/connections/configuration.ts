import { X509Certificate } from 'node:crypto';
import type { Auth, ConnectionAuth, ConnectionConfig } from '../../../shared/model/environment.ts';
import { GantryError, type GantryErrorData } from '../../../shared/model/error.ts';
import type { System } from '../systems/system.ts';

/** Variables that `${env:NAME}` may name; `process.env` in the real hosts. */
export type Env = Readonly<Record<string, string | undefined>>;

/** A configuration that can be started: the connector is known and every secret is at hand. */
export interface ReadyConfig {
  readonly config: ConnectionConfig;
  readonly system: System;
  /** With the secrets themselves. Stays in this process and out of every log. */
  readonly auth: Auth;
}

const ENV_REFERENCE = /^\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}$/;

/**
 * Checks everything that can be known without sending anything, and fetches the secrets.
 * Throws `GantryError`: `unsupported` (no connector), `invalid-input` (variable not set, credentials of a kind the
 * system does not take, credentials in the URL, TLS settings that would not protect anything).
 */
export function readyConfig(
  config: ConnectionConfig,
  lookup: (kind: ConnectionConfig['system']) => System | undefined,
  env: Env,
): ReadyConfig {
  const system = lookup(config.system);
  if (!system) {
    throw refused(
      config,
      'unsupported',
      `This version has no connector for "${config.system}".`,
      'Remove the connection, or use a version of Gantry that has the connector.',
    );
  }
  checkUrl(config);
  checkTls(config);
  if (config.hostKey !== undefined) {
    throw refused(
      config,
      'invalid-input',
      'The connection has a "hostKey", and is no SSH host.',
      'Remove it. To pin the certificate of an https:// system use tls.fingerprint.',
    );
  }
  const declared: ConnectionAuth = config.auth ?? { type: 'none' };
  if (declared.type === 'password' && declared.keyboardInteractive !== undefined) {
    throw refused(
      config,
      'invalid-input',
      'auth.keyboardInteractive is for SSH hosts only.',
      `Remove it from "${config.id}".`,
    );
  }
  if (!takes(system, declared)) {
    throw refused(
      config,
      'invalid-input',
      `auth.type is "${declared.type}"; ${system.title} takes: ${system.authTypes.join(', ')}.`,
      `Set auth.type of "${config.id}" to one of: ${system.authTypes.join(', ')}.`,
    );
  }
  return { config, system, auth: resolveAuth(config, declared, env) };
}

function takes(system: System, auth: ConnectionAuth): auth is Auth {
  return (system.authTypes as readonly string[]).includes(auth.type);
}

function checkUrl(config: ConnectionConfig): void {
  const url = new URL(config.url);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw refused(
      config,
      'invalid-input',
      `The URL's scheme is "${url.protocol}//".`,
      'Use http:// or https:// for this system.',
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw refused(
      config,
      'invalid-input',
      'The URL holds credentials.',
      'Move them to "auth": a URL is shown on screen and written to logs.',
    );
  }
  if (url.search !== '' || url.hash !== '') {
    throw refused(
      config,
      'invalid-input',
      'The URL has a query or a fragment.',
      'Give the address and, where needed, a path prefix only.',
    );
  }
}

function checkTls(config: ConnectionConfig): void {
  if (!config.tls) return;
  if (new URL(config.url).protocol !== 'https:') {
    throw refused(
      config,
      'invalid-input',
      'The connection has "tls" settings but its URL is http://, so nothing would be verified.',
      'Use https://, or remove "tls".',
    );
  }
  if (config.tls.ca === undefined) return;
  try {
    // An unreadable CA would otherwise be skipped in silence, and every certificate refused for a reason nobody can see.
    void new X509Certificate(config.tls.ca);
  } catch (cause) {
    throw refused(
      config,
      'invalid-input',
      'tls.ca is not a PEM certificate.',
      'Put the text of the CA certificate there, with its BEGIN and END lines.',
      cause,
    );
  }
}

function resolveAuth(config: ConnectionConfig, auth: Auth, env: Env): Auth {
  switch (auth.type) {
    case 'none':
      return auth;
    case 'token':
      return { ...auth, token: resolveSecret(config, 'auth.token', auth.token, env) };
    case 'password':
      return { ...auth, password: resolveSecret(config, 'auth.password', auth.password, env) };
  }
}

/** The text itself, or the variable it names. Only the whole text may be a reference: a half-resolved secret would be sent as it stands. */
export function resolveSecret(config: ConnectionConfig, path: string, text: string, env: Env): string {
  const name = ENV_REFERENCE.exec(text)?.[1];
  if (name === undefined) {
    if (!text.includes('${env:')) return text;
    throw refused(
      config,
      'invalid-input',
      `${path} mixes a variable with other text, or names it wrongly.`,
      'Write the whole secret as ${env:NAME}, and put the whole text into the variable.',
    );
  }
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value === undefined || value === '') {
    throw refused(
      config,
      'invalid-input',
      `${path} names the environment variable ${name}, which is not set.`,
      `Set ${name} and start Gantry again. Other connections are not affected.`,
    );
  }
  return value;
}

/** The error for a configuration that cannot be started. */
export function refused(
  config: ConnectionConfig,
  code: 'invalid-input' | 'unsupported',
  detail: string,
  advice: string,
  cause?: unknown,
): GantryError {
  const data: GantryErrorData = {
    code,
    attempted: 'start the connection',
    target: config.id,
    knownEffect: 'nothing was sent',
    advice,
    retryable: false,
    detail: detail.slice(0, 500),
  };
  return new GantryError(data, { cause });
}
