import { GantryError, type GantryErrorData } from '../../../shared/model/error.ts';
import { addressOf, type SshAuth, type SshTarget } from './target.ts';

/** An error that speaks of one SSH host. */
export function sshError(
  target: Pick<SshTarget, 'name' | 'auth'>,
  data: Omit<GantryErrorData, 'target'>,
  cause?: unknown,
): GantryError {
  const detail = data.detail === undefined ? {} : { detail: tidy(redacted(data.detail, target.auth), 500) };
  return new GantryError(
    { ...data, ...detail, advice: tidy(data.advice, 1_000), target: target.name },
    { cause },
  );
}

/** Hosts may repeat what they were sent. */
function redacted(text: string, auth: SshAuth): string {
  return auth.type === 'password' ? text.replaceAll(auth.password, '•••') : text;
}

/** How far the handshake came before it failed. */
export interface Progress {
  /** Whether the host proved to be the right one. */
  readonly verified: boolean;
  /** Authentication methods tried, in order. */
  readonly tried: readonly string[];
  /** Methods that the server says it takes. */
  readonly offered: readonly string[];
  /** Why the agent was of no use. */
  readonly agentTrouble: string | undefined;
}

/** Words for what ssh2 reports until the connection is ready. */
export function handshakeError(target: SshTarget, thrown: unknown, progress: Progress): GantryError {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const level = thrown instanceof Error && 'level' in thrown ? thrown.level : undefined;
  const tooMany = progress.verified && /authentication failures/i.test(message);
  if (level === 'client-authentication' || tooMany) return refused(target, tooMany ? message : '', progress);
  if (level === 'client-timeout') {
    return sshError(target, {
      code: 'timeout',
      attempted: 'connect to the SSH host',
      knownEffect: 'nothing was changed',
      advice: `${addressOf(target)} accepted the connection but did not complete the SSH handshake in time. The host may be overloaded.`,
      retryable: true,
      detail: message,
    });
  }
  const advice =
    level === 'handshake'
      ? `${addressOf(target)} and Gantry have no common algorithm, or something on the way interferes. Old servers that know SHA-1 only are not supported.`
      : `${addressOf(target)} ended the connection during the SSH handshake. Check that an SSH server listens on this port, and its log.`;
  return sshError(
    target,
    {
      code: 'unreachable',
      attempted: 'connect to the SSH host',
      knownEffect: 'nothing was changed',
      advice,
      retryable: true,
      detail: message,
    },
    thrown,
  );
}

function refused(
  target: SshTarget,
  message: string,
  { tried, offered, agentTrouble }: Progress,
): GantryError {
  const used = tried.filter((method) => method !== 'none');
  const detail = [
    `tried: ${used.length === 0 ? 'no credentials' : used.join(', ')}`,
    `the host offers: ${offered.length === 0 ? 'nothing' : offered.join(', ')}`,
    ...(agentTrouble === undefined ? [] : [`the agent: ${agentTrouble}`]),
    ...(message === '' ? [] : [message]),
  ].join('; ');
  const methods = { password: 'password', key: 'publickey', agent: 'publickey', none: 'none' };
  const wanted = methods[target.auth.type];
  const asks = offered.includes('keyboard-interactive') && target.auth.type === 'password';
  const advice = asks
    ? 'The host asks for the password in a dialogue. Set auth.keyboardInteractive to true to answer it with the password.'
    : offered.length > 0 && !offered.includes(wanted)
      ? 'The host does not take this kind of credentials. Use one that it offers.'
      : 'The host does not accept the credentials. Check the user name, and that the key or password belongs to it.';
  return sshError(target, {
    code: 'unauthorized',
    attempted: 'log in to the SSH host',
    knownEffect: 'nothing was changed',
    advice,
    retryable: false,
    detail,
  });
}

/** The connection stood, and is gone. */
export function lostError(target: SshTarget, thrown: unknown): GantryError {
  const message = thrown instanceof Error ? thrown.message : '';
  const silent = /keepalive/i.test(message);
  return sshError(target, {
    code: 'unreachable',
    attempted: 'keep the SSH connection up',
    knownEffect: 'nothing was changed',
    advice: silent
      ? `${addressOf(target)} stopped answering. The host may be down, or the network between.`
      : `${addressOf(target)} ended the connection. The host or its SSH server may have restarted.`,
    retryable: true,
    ...(message === '' ? {} : { detail: message }),
  });
}

/** One line of at most `max` characters. */
function tidy(text: string, max: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= max ? line : `${line.slice(0, max - 1).toWellFormed()}…`;
}
