import { homedir } from 'node:os';
import path from 'node:path';
import type { ConnectionAuth, ConnectionConfig } from '../../../shared/model/environment.ts';
import type { SshAuth, SshTarget } from '../ssh/target.ts';
import { refused, resolveSecret, type Env } from './configuration.ts';

/** Agents of Windows listen on a pipe of a fixed name. */
const WINDOWS_AGENT = '\\\\.\\pipe\\openssh-ssh-agent';

/**
 * An SSH host from its connection, with the secrets. Throws `GantryError` `invalid-input`: a URL that is more than an
 * address, no user name or two, settings that an SSH host does not take, a variable that is not set.
 */
export function sshTarget(config: ConnectionConfig, env: Env): SshTarget {
  const url = new URL(config.url);
  checkUrl(config, url);
  if (config.tls) {
    throw refused(
      config,
      'invalid-input',
      'The connection has "tls" settings; SSH does not use TLS.',
      'Remove "tls". Who the host is, is said by "hostKey" or known_hosts.',
    );
  }
  const auth: ConnectionAuth = config.auth ?? { type: 'none' };
  const hostKeys = config.hostKey ?? [];
  return {
    name: config.id,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 22 : Number(url.port),
    username: userName(config, url, auth),
    auth: sshAuth(config, auth, env),
    hostKeys: typeof hostKeys === 'string' ? [hostKeys] : hostKeys,
  };
}

function checkUrl(config: ConnectionConfig, url: URL): void {
  if (url.protocol !== 'ssh:' || url.hostname === '') {
    throw refused(
      config,
      'invalid-input',
      'The URL of an SSH host must be ssh://user@host:port.',
      'Use ssh:// and the name or address of the host.',
    );
  }
  if (url.password !== '') {
    throw refused(
      config,
      'invalid-input',
      'The URL holds a password.',
      'Move it to "auth": a URL is shown on screen and written to logs.',
    );
  }
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') {
    throw refused(
      config,
      'invalid-input',
      'The URL has more than a user, a host and a port.',
      'Remove what stands behind the port.',
    );
  }
}

function userName(config: ConnectionConfig, url: URL, auth: ConnectionAuth): string {
  const inAuth = 'username' in auth ? auth.username : undefined;
  const inUrl = url.username === '' ? undefined : decoded(url.username);
  if (inAuth !== undefined && inUrl !== undefined && inAuth !== inUrl) {
    throw refused(
      config,
      'invalid-input',
      'The URL and auth.username name different users.',
      'Keep one of the two.',
    );
  }
  const name = inAuth ?? inUrl;
  if (name !== undefined) return name;
  throw refused(
    config,
    'invalid-input',
    'No user name is given.',
    'Put it into the URL (ssh://user@host) or into auth.username.',
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function sshAuth(config: ConnectionConfig, auth: ConnectionAuth, env: Env): SshAuth {
  switch (auth.type) {
    case 'none':
      return { type: 'none' };
    case 'token':
      throw refused(
        config,
        'invalid-input',
        'auth.type is "token"; an SSH host takes: none, password, key, agent.',
        `Set auth.type of "${config.id}" to one of: none, password, key, agent.`,
      );
    case 'password': {
      const password = resolveSecret(config, 'auth.password', auth.password, env);
      return { type: 'password', password, keyboardInteractive: auth.keyboardInteractive ?? false };
    }
    case 'key':
      return {
        type: 'key',
        source: keySource(config, auth, env),
        passphrase:
          auth.passphrase === undefined
            ? undefined
            : resolveSecret(config, 'auth.passphrase', auth.passphrase, env),
      };
    case 'agent': {
      const named = env['SSH_AUTH_SOCK'];
      const usual = process.platform === 'win32' ? WINDOWS_AGENT : undefined;
      return {
        type: 'agent',
        socket: named === undefined || named === '' ? usual : named,
        identity: auth.identity,
      };
    }
  }
}

function keySource(
  config: ConnectionConfig,
  { privateKey, privateKeyFile }: Extract<ConnectionAuth, { type: 'key' }>,
  env: Env,
): { readonly text: string } | { readonly file: string } {
  if ((privateKey === undefined) === (privateKeyFile === undefined)) {
    throw refused(
      config,
      'invalid-input',
      'auth needs either privateKey or privateKeyFile, and not both.',
      'Give the text of the key (or ${env:NAME}), or the path of its file.',
    );
  }
  if (privateKey !== undefined) {
    return { text: resolveSecret(config, 'auth.privateKey', privateKey, env) };
  }
  const written = privateKeyFile ?? '';
  const file = written.startsWith('~/') ? path.join(env['HOME'] ?? homedir(), written.slice(2)) : written;
  if (path.isAbsolute(file)) return { file };
  throw refused(
    config,
    'invalid-input',
    'auth.privateKeyFile is a relative path.',
    'Write the whole path, or one from the home folder: ~/.ssh/id_ed25519.',
  );
}
