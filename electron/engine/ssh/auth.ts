import { readFile, stat } from 'node:fs/promises';
import {
  BaseAgent,
  OpenSSHAgent,
  utils,
  type AnyAuthMethod,
  type IdentityCallback,
  type ParsedKey,
  type Prompt,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2';
import { sshError } from './failure.ts';
import { fingerprintOf } from './host-key.ts';
import type { SshAuth, SshTarget } from './target.ts';

/** Most keys of an agent that are offered: OpenSSH hangs up after six attempts, and counts each key. */
const MOST_AGENT_KEYS = 5;
const LARGEST_KEY_FILE = 64 * 1024;

/** The methods to try, in this order and no others. */
export interface AuthPlan {
  readonly methods: readonly AnyAuthMethod[];
  /** Something an operator should know, though it works: a key file that others can read. */
  readonly warning: string | undefined;
}

/**
 * Prepares everything before the host is contacted, so that an unreadable key is no failed login on the server.
 * Throws `GantryError` `invalid-input`.
 */
export async function prepareAuth(target: SshTarget): Promise<AuthPlan> {
  const { auth, username } = target;
  // Asking with no credentials first is what tells which methods the server offers; it is not counted as a failure.
  const none = { type: 'none', username } as const;
  switch (auth.type) {
    case 'none':
      return { methods: [none], warning: undefined };
    case 'password': {
      const { password } = auth;
      const asked = keyboardInteractive(username, password);
      const methods = [none, { type: 'password', username, password } as const];
      return { methods: auth.keyboardInteractive ? [...methods, asked] : methods, warning: undefined };
    }
    case 'key': {
      const { key, warning } = await readKey(target, auth);
      return { methods: [none, { type: 'publickey', username, key }], warning };
    }
    case 'agent': {
      const agent = new ChosenKeys(await agentSocket(target, auth), auth.identity);
      return { methods: [none, { type: 'agent', username, agent }], warning: undefined };
    }
  }
}

/** Answers one hidden question with the password, once. Anything else a server asks needs a person. */
function keyboardInteractive(username: string, password: string): AnyAuthMethod {
  let answered = false;
  return {
    type: 'keyboard-interactive',
    username,
    prompt: (
      _name: string,
      _instructions: string,
      _lang: string,
      prompts: readonly Prompt[],
      finish: (answers: string[]) => void,
    ) => {
      const [only, ...others] = prompts;
      if (only === undefined) return finish([]);
      if (answered || others.length > 0 || only.echo === true) return finish(prompts.map(() => ''));
      answered = true;
      finish([password]);
    },
  };
}

async function readKey(
  target: SshTarget,
  { source, passphrase }: Extract<SshAuth, { type: 'key' }>,
): Promise<{ key: ParsedKey; warning: string | undefined }> {
  const place = 'file' in source ? source.file : 'auth.privateKey';
  const { text, warning } =
    'file' in source ? await readKeyFile(target, source.file) : { text: source.text, warning: undefined };
  const parsed = utils.parseKey(text, passphrase);
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key === undefined || key instanceof Error) {
    // The parser's own words may quote the key; only what kind of trouble it is goes on.
    const locked = key !== undefined && /passphrase|encrypted|decrypt|integrity|bad auth/i.test(key.message);
    throw unusable(
      target,
      locked
        ? `${place} is encrypted, and ${passphrase === undefined ? 'no passphrase is given' : 'the passphrase does not open it'}.`
        : `${place} is no private key that Gantry can read.`,
      locked
        ? 'Set auth.passphrase, or use an agent that holds the key.'
        : 'Use an OpenSSH or PEM private key (ed25519, ECDSA or RSA).',
    );
  }
  if (!key.isPrivateKey()) {
    throw unusable(target, `${place} is a public key.`, 'Name the private key: the file without ".pub".');
  }
  return { key, warning };
}

async function readKeyFile(
  target: SshTarget,
  file: string,
): Promise<{ text: string; warning: string | undefined }> {
  try {
    const { mode, size } = await stat(file);
    if (size > LARGEST_KEY_FILE) throw new Error('too large for a key');
    const open = process.platform !== 'win32' && (mode & 0o077) !== 0;
    const warning = open ? `${file} can be read by other users; restrict it to its owner` : undefined;
    return { text: await readFile(file, 'utf8'), warning };
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'it is not a key file';
    throw unusable(
      target,
      `${file} cannot be read (${why}).`,
      'Check auth.privateKeyFile and the rights of that file.',
    );
  }
}

/** The agent's socket, if it is one of our own: whoever listens there is asked to sign in our name. */
async function agentSocket(
  target: SshTarget,
  { socket }: Extract<SshAuth, { type: 'agent' }>,
): Promise<string> {
  if (socket === undefined) {
    throw unusable(
      target,
      'SSH_AUTH_SOCK is not set: no agent is running for this user.',
      'Start an agent and add the key ("ssh-add"), or use auth.type "key".',
    );
  }
  if (process.platform === 'win32') return socket;
  const found = await stat(socket).catch(() => undefined);
  if (!found?.isSocket() || found.uid !== process.getuid?.()) {
    throw unusable(
      target,
      `${socket} (SSH_AUTH_SOCK) is not a socket of this user.`,
      'Start the agent again, and Gantry from a session that knows it.',
    );
  }
  return socket;
}

/** An agent that shows one chosen key, or the first few. */
class ChosenKeys extends BaseAgent<ParsedKey> {
  readonly #agent: OpenSSHAgent;
  readonly #identity: string | undefined;

  constructor(socket: string, identity: string | undefined) {
    super();
    this.#agent = new OpenSSHAgent(socket);
    this.#identity = identity?.replace(/=+$/, '');
  }

  override getIdentities(done: IdentityCallback<ParsedKey>): void {
    this.#agent.getIdentities((error, keys) => {
      if (error || !keys) return done(error ?? new Error('the agent holds no key'));
      const held = keys.filter((key): key is ParsedKey => 'getPublicSSH' in key);
      const chosen =
        this.#identity === undefined
          ? held
          : held.filter((key) => fingerprintOf(key.getPublicSSH()) === this.#identity);
      if (chosen.length === 0) return done(new Error('it does not hold the key'));
      done(null, chosen.slice(0, MOST_AGENT_KEYS));
    });
  }

  override sign(
    key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    done?: SignCallback,
  ): void {
    if (typeof options === 'function') this.#agent.sign(key, data, options);
    else this.#agent.sign(key, data, options, done);
  }
}

function unusable(target: SshTarget, detail: string, advice: string): Error {
  return sshError(target, {
    code: 'invalid-input',
    attempted: 'prepare the credentials',
    knownEffect: 'nothing was sent',
    advice,
    retryable: false,
    detail,
  });
}
