import { createHmac, randomUUID } from 'node:crypto';
import { CoreError, FrameworkError, json, type Reply } from './reply.ts';

export interface LabUser {
  readonly username: string;
  readonly password: string;
  readonly role: 'admin' | 'viewer';
}

/** One mechanism at a time, as in the real thing. */
export type LabAuth =
  | { readonly mode: 'none' }
  | { readonly mode: 'manualtoken'; readonly token: string }
  | {
      readonly mode: 'userservice';
      readonly users: readonly LabUser[];
      /** Five tries at a database: 10 s in the real thing. */
      readonly refusalDelayMs: number;
    };

const TOKEN_LIFETIME_MS = 24 * 3_600_000;

interface StoredUser extends LabUser {
  readonly id: number;
  readonly createdAt: number;
  /** Stored by an update, which hashes differently from what the login checks. */
  readonly lockedOut: boolean;
}

export class Authenticator {
  readonly mode: LabAuth['mode'];
  readonly #now: () => number;
  readonly #refusalDelayMs: number;
  readonly #users = new Map<number, StoredUser>();
  readonly #tokens = new Map<string, { readonly role: LabUser['role']; readonly endsAt: number }>();
  readonly #key = randomUUID();
  #manualToken: string | undefined;
  #nextId = 1;

  constructor(auth: LabAuth, now: () => number) {
    this.mode = auth.mode;
    this.#now = now;
    this.#manualToken = auth.mode === 'manualtoken' ? auth.token : undefined;
    this.#refusalDelayMs = auth.mode === 'userservice' ? auth.refusalDelayMs : 0;
    if (auth.mode === 'userservice') for (const user of auth.users) this.#store(user);
  }

  /** Lets pass or throws. `token`: the header as it is; a "Bearer " prefix makes it another text. */
  async admit(token: string | undefined, method: string, path: string): Promise<void> {
    switch (this.mode) {
      case 'none':
        return;
      case 'manualtoken':
        // A missing header is replaced by the word "valid", which then fails as any wrong token does.
        if ((token ?? 'valid') !== this.#manualToken) throw new FrameworkError(500, 'invalid token');
        return;
      case 'userservice': {
        if (token === undefined) throw new FrameworkError(401, 'unauthenticated for invalid credentials');
        const session = this.#tokens.get(token);
        if (!session || session.endsAt <= this.#now()) {
          await this.#delay();
          throw new FrameworkError(500, 'Token not found');
        }
        if (session.role === 'viewer' && method !== 'GET' && path !== '/auth/logout') {
          throw new FrameworkError(403, 'Permission denied');
        }
      }
    }
  }

  async login(username: string, password: string): Promise<Reply> {
    const user = [...this.#users.values()].find((one) => one.username === username);
    if (!user) {
      await this.#delay();
      throw new CoreError('User not found');
    }
    // No token and no failure status: that is how a wrong password looks.
    if (user.password !== password || user.lockedOut) return json({});
    const token = this.#sign({ username, role: user.role, exp: Math.floor(this.#now() / 1_000) + 86_400 });
    this.#tokens.set(token, { role: user.role, endsAt: this.#now() + TOKEN_LIFETIME_MS });
    return json({ token });
  }

  logout(token: string | undefined): void {
    if (token !== undefined) this.#tokens.delete(token);
  }

  /** The hash is shown, the role is not. */
  listUsers(): Record<string, unknown>[] {
    return [...this.#users.values()].map(({ id, username, password, createdAt }) => ({
      id,
      username,
      password: createHmac('sha256', this.#key).update(password).digest('hex'),
      created_at: new Date(createdAt).toISOString(),
    }));
  }

  async addUser(user: LabUser): Promise<void> {
    if ([...this.#users.values()].some(({ username }) => username === user.username)) {
      throw new CoreError('username already exists');
    }
    await this.#checkPassword(user);
    this.#store(user);
  }

  async updateUser(id: number, user: LabUser): Promise<void> {
    const before = this.#users.get(id);
    if (!before) throw new CoreError('User not found');
    await this.#checkPassword(user);
    this.#users.set(id, { ...before, username: user.username, password: user.password, lockedOut: true });
  }

  /** Says nothing about whether there was one. */
  removeUser(id: number): void {
    this.#users.delete(id);
  }

  /** Overwrites the manual token, whoever asks. */
  replaceManualToken(token: string): void {
    this.#manualToken = token;
  }

  #store(user: LabUser): void {
    const id = this.#nextId++;
    this.#users.set(id, { ...user, id, createdAt: this.#now(), lockedOut: false });
  }

  async #checkPassword({ username, password }: LabUser): Promise<void> {
    const good =
      password.length >= 9 &&
      [/[A-Z]/, /[a-z]/, /\d/, /[^A-Za-z\d]/].every((kind) => kind.test(password)) &&
      password !== username &&
      !/(.)\1\1/.test(password);
    if (good) return;
    await this.#delay();
    throw new CoreError('password must have 9 characters of four kinds');
  }

  #sign(claims: Readonly<Record<string, unknown>>): string {
    const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ ...claims, jti: randomUUID() })}`;
    return `${text}.${createHmac('sha256', this.#key).update(text).digest('base64url')}`;
  }

  #delay(): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, this.#refusalDelayMs);
    });
  }
}
