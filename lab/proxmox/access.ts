import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { denied, PveError } from './pve-error.ts';

/** Who is asking. */
export interface Caller {
  /** `user@realm` */
  readonly user: string;
  /** Token id, when an API token was used. */
  readonly token?: string;
}

/** `user@realm` or `user@realm!token`, as it stands in UPIDs. */
export function callerName({ user, token }: Caller): string {
  return token === undefined ? user : `${user}!${token}`;
}

interface Token {
  readonly secret: string;
  /** Privilege separation: the token has only what both it and its user are granted. */
  readonly privsep: boolean;
}

interface User {
  readonly password: string;
  readonly tokens: Readonly<Record<string, Token>>;
  readonly comment?: string;
}

interface AclEntry {
  readonly path: string;
  readonly ugid: string;
  readonly type: 'user' | 'token';
  readonly roleid: string;
  readonly propagate: 0 | 1;
}

const AUDIT = [
  'Datastore.Audit',
  'Mapping.Audit',
  'Pool.Audit',
  'SDN.Audit',
  'Sys.Audit',
  'VM.Audit',
  'VM.GuestAgent.Audit',
];
const VM_USER = [
  'VM.Audit',
  'VM.Backup',
  'VM.Config.CDROM',
  'VM.Config.Cloudinit',
  'VM.Console',
  'VM.GuestAgent.Audit',
  'VM.GuestAgent.FileRead',
  'VM.GuestAgent.FileSystemMgmt',
  'VM.GuestAgent.FileWrite',
  'VM.PowerMgmt',
];
const VM_ADMIN = [
  ...VM_USER,
  'VM.Allocate',
  'VM.Clone',
  'VM.Config.CPU',
  'VM.Config.Disk',
  'VM.Config.HWType',
  'VM.Config.Memory',
  'VM.Config.Network',
  'VM.Config.Options',
  'VM.GuestAgent.Unrestricted',
  'VM.Migrate',
  'VM.Replicate',
  'VM.Snapshot',
  'VM.Snapshot.Rollback',
];

/** Built-in roles that the lab's users hold; `Administrator` has everything. */
export const roles: Readonly<Record<string, readonly string[]>> = {
  Administrator: [
    ...new Set([
      ...VM_ADMIN,
      ...AUDIT,
      'Datastore.Allocate',
      'Datastore.AllocateSpace',
      'Datastore.AllocateTemplate',
      'Group.Allocate',
      'Permissions.Modify',
      'Pool.Allocate',
      'SDN.Use',
      'Sys.AccessNetwork',
      'Sys.Console',
      'Sys.Modify',
      'Sys.PowerMgmt',
      'Sys.Syslog',
      'User.Modify',
    ]),
  ].sort(),
  NoAccess: [],
  PVEAuditor: AUDIT,
  PVEDatastoreUser: ['Datastore.AllocateSpace', 'Datastore.Audit'],
  PVEVMAdmin: [...VM_ADMIN].sort(),
  PVEVMUser: VM_USER,
};

const acl: readonly AclEntry[] = [
  { path: '/', ugid: 'gantry@pve', type: 'user', roleid: 'Administrator', propagate: 1 },
  { path: '/', ugid: 'auditor@pve', type: 'user', roleid: 'PVEAuditor', propagate: 1 },
  { path: '/pool/shop', ugid: 'shop@pve', type: 'user', roleid: 'PVEVMUser', propagate: 1 },
  // Its user may see everything, the token only the shop: what privilege separation is for.
  { path: '/pool/shop', ugid: 'auditor@pve!shop', type: 'token', roleid: 'PVEVMUser', propagate: 1 },
];

const TICKET_LIFE_SECONDS = 2 * 60 * 60;
const CLOCK_SKEW_SECONDS = 300;

/** Users, tokens, tickets and rights of the lab's cluster. Secrets are made anew for every run. */
export class Access {
  readonly users: ReadonlyMap<string, User>;
  readonly #now: () => number;
  readonly #key = randomBytes(32).toString('hex');
  readonly #poolOf: (vmid: string) => string | undefined;

  /** `now`: epoch seconds. `poolOf`: the pool a guest is in, which hands its rights down. */
  constructor(now: () => number, poolOf: (vmid: string) => string | undefined) {
    this.#now = now;
    this.#poolOf = poolOf;
    const shared = (id: string): Record<string, Token> => ({
      [id]: { secret: randomUUID(), privsep: false },
    });
    const password = () => randomBytes(12).toString('hex');
    this.users = new Map<string, User>([
      ['root@pam', { password: password(), tokens: {} }],
      ['gantry@pve', { password: password(), tokens: shared('console'), comment: 'operations console' }],
      [
        'auditor@pve',
        {
          password: password(),
          tokens: { ...shared('view'), shop: { secret: randomUUID(), privsep: true } },
          comment: 'read only',
        },
      ],
      ['shop@pve', { password: password(), tokens: shared('ops'), comment: 'guests of the shop only' }],
    ]);
  }

  /** `user@realm!id=secret` of a token that exists. Throws RangeError for one that does not. */
  tokenText(user: string, id: string): string {
    const token = this.users.get(user)?.tokens[id];
    if (!token) throw new RangeError(`no token ${user}!${id}`);
    return `${user}!${id}=${token.secret}`;
  }

  /** The acl entries, as `/access/acl` lists them. */
  readonly acl = acl;

  login(
    username: string,
    password: string,
  ): { username: string; ticket: string; CSRFPreventionToken: string } {
    const known = this.users.get(username);
    const renewed = password.startsWith('PVE:') && this.#ticketUser(password) === username;
    if (!known || (known.password !== password && !renewed))
      throw new PveError(401, 'authentication failure');
    const time = hexTime(this.#now());
    return {
      username,
      ticket: `PVE:${username}:${time}::${this.#sign('ticket', `${username}:${time}`)}`,
      CSRFPreventionToken: `${time}:${this.#sign('csrf', `${username}:${time}`)}`,
    };
  }

  /** Who sent this request. Throws 401 when nobody known did. A ticket beats a token. */
  authenticate(headers: IncomingHttpHeaders, isWrite: boolean): Caller {
    const ticket = ticketOf(headers);
    if (ticket !== undefined) {
      const user = this.#ticketUser(ticket);
      if (user === undefined) throw new PveError(401, 'permission denied - invalid PVE ticket');
      if (isWrite && !this.#isCsrf(user, headers['csrfpreventiontoken']))
        throw new PveError(401, 'Permission denied - invalid csrf token');
      return { user };
    }
    const token = /^PVEAPIToken[= ](.+?)!([^=]+)=(.+)$/.exec(headers.authorization ?? '');
    if (!token) throw new PveError(401, 'No ticket');
    const [, user = '', id = '', secret = ''] = token;
    const known = this.users.get(user);
    if (!known) throw new PveError(401, `no such user ('${user}')`);
    const held = known.tokens[id];
    if (!held) throw new PveError(401, `no such token '${id}' for user '${user}'`);
    if (held.secret !== secret) throw new PveError(401, 'invalid token value!');
    return { user, token: id };
  }

  /** Privileges on a path → whether they are handed down. */
  privileges(caller: Caller, path: string): ReadonlyMap<string, 0 | 1> {
    const own = this.#granted(caller.user, path);
    if (caller.token === undefined) return own;
    if (this.users.get(caller.user)?.tokens[caller.token]?.privsep !== true) return own;
    const tokens = this.#granted(callerName(caller), path);
    return new Map([...own].filter(([privilege]) => tokens.has(privilege)));
  }

  has(caller: Caller, path: string, privilege: string): boolean {
    return this.privileges(caller, path).has(privilege);
  }

  /** Throws 403 unless the caller holds all (or `any`) of the privileges. */
  require(caller: Caller, path: string, privileges: readonly string[], any = false): void {
    const held = this.privileges(caller, path);
    const ok = any ? privileges.some((name) => held.has(name)) : privileges.every((name) => held.has(name));
    if (!ok) throw denied(path, privileges);
  }

  /** Only `root@pam` with a ticket is root; its tokens are not. */
  isRoot(caller: Caller): boolean {
    return caller.user === 'root@pam' && caller.token === undefined;
  }

  #granted(ugid: string, path: string): ReadonlyMap<string, 0 | 1> {
    if (ugid === 'root@pam') return new Map((roles['Administrator'] ?? []).map((name) => [name, 1]));
    const held = new Map<string, 0 | 1>();
    const guest = /^\/vms\/(\d+)$/.exec(path)?.[1];
    const pool = guest === undefined ? undefined : this.#poolOf(guest);
    for (const from of pool === undefined ? [path] : [path, `/pool/${pool}`]) {
      // The entry nearest to the path decides; further up only entries that propagate count.
      for (const at of pathsUp(from)) {
        const entries = acl.filter((entry) => entry.path === at && entry.ugid === ugid);
        const counted = entries.filter((entry) => at === from || entry.propagate === 1);
        if (counted.length === 0) continue;
        for (const { roleid, propagate } of counted)
          for (const privilege of roles[roleid] ?? []) held.set(privilege, propagate);
        break;
      }
    }
    return held;
  }

  #ticketUser(ticket: string): string | undefined {
    const parts = /^PVE:(.+?):([0-9A-F]+)::(.+)$/.exec(ticket);
    if (!parts) return undefined;
    const [, user = '', time = '', signature] = parts;
    const age = this.#now() - Number.parseInt(time, 16);
    if (age > TICKET_LIFE_SECONDS || age < -CLOCK_SKEW_SECONDS) return undefined;
    return signature === this.#sign('ticket', `${user}:${time}`) ? user : undefined;
  }

  #isCsrf(user: string, sent: string | string[] | undefined): boolean {
    const [time = '', signature] = String(sent ?? '').split(':');
    return signature === this.#sign('csrf', `${user}:${time}`);
  }

  #sign(purpose: string, subject: string): string {
    return createHash('sha512').update(`${this.#key}:${purpose}:${subject}`).digest('base64');
  }
}

function hexTime(seconds: number): string {
  return Math.floor(seconds).toString(16).toUpperCase().padStart(8, '0');
}

function pathsUp(path: string): string[] {
  const paths: string[] = [];
  for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    paths.push(at);
    if (at === '/') return paths;
  }
  return [...paths, '/'];
}

function ticketOf(headers: IncomingHttpHeaders): string | undefined {
  const cookie = /(?:^|;\s*)PVEAuthCookie=([^;]*)/.exec(headers.cookie ?? '')?.[1];
  const header = /^PVEAuthCookie=(.+)$/.exec(headers.authorization ?? '')?.[1];
  const found = cookie ?? header;
  try {
    return found === undefined ? undefined : decodeURIComponent(found);
  } catch {
    return found;
  }
}
