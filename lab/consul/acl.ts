import { ConsulFailure } from './errors.ts';

export type Access = 'read' | 'write' | 'list';
export type Resource =
  | 'acl'
  | 'agent'
  | 'event'
  | 'intention'
  | 'key'
  | 'keyring'
  | 'mesh'
  | 'node'
  | 'operator'
  | 'peering'
  | 'query'
  | 'service'
  | 'session';

/** One line of a policy: `node_prefix "" { policy = "read" }` is `{resource: 'node', prefix: true, name: '', access: 'read'}`. */
export interface Rule {
  readonly resource: Resource;
  readonly prefix: boolean;
  readonly name: string;
  readonly access: 'read' | 'write' | 'list' | 'deny';
  /** `service` rules only. Without it, read for read and write. */
  readonly intentions?: 'read' | 'write' | 'deny';
}

export interface Policy {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly rules: readonly Rule[] | 'all';
}

export interface Token {
  readonly accessor: string;
  readonly secret: string;
  readonly description: string;
  readonly policies: readonly string[];
  readonly local: boolean;
}

export const ANONYMOUS = '00000000-0000-0000-0000-000000000002';
export const MANAGEMENT_POLICY = '00000000-0000-0000-0000-000000000001';
export const READ_ONLY_POLICY = '00000000-0000-0000-0000-000000000002';

const SCALARS: ReadonlySet<string> = new Set(['acl', 'keyring', 'mesh', 'operator', 'peering']);

/** HCL, as the policy page shows it. */
export function rulesText(policy: Policy): string {
  if (policy.rules === 'all') return GLOBAL_RULES.map(ruleText).join('\n');
  return policy.rules.map(ruleText).join('\n');
}

function ruleText({ resource, prefix, name, access, intentions }: Rule): string {
  if (SCALARS.has(resource)) return `${resource} = "${access}"`;
  const extra = intentions === undefined ? '' : `\n  intentions = "${intentions}"`;
  return `${resource}${prefix ? '_prefix' : ''} "${name}" {\n  policy = "${access}"${extra}\n}`;
}

const everything = (access: 'read' | 'write'): Rule[] => [
  ...(['acl', 'keyring', 'mesh', 'operator', 'peering'] as const).map((resource): Rule => ({
    resource,
    prefix: false,
    name: '',
    access,
  })),
  ...(['agent', 'event', 'key', 'node', 'query', 'session'] as const).map((resource): Rule => ({
    resource,
    prefix: true,
    name: '',
    access,
  })),
  { resource: 'service', prefix: true, name: '', access, intentions: access },
];

const GLOBAL_RULES = everything('write');

/** Least rights of a console that only looks. */
export const READ_ONLY_RULES = everything('read');

/** What one request's token may do. */
export class Authorizer {
  readonly token: Token;
  readonly #rules: readonly Rule[] | 'all';
  #filtered = false;

  constructor(token: Token, rules: readonly Rule[] | 'all') {
    this.token = token;
    this.#rules = rules;
  }

  get anonymous(): boolean {
    return this.token.accessor === ANONYMOUS;
  }

  /** Whether rows were hidden by `visible` so far. */
  get filtered(): boolean {
    return this.#filtered;
  }

  allows(resource: Resource, access: Access, name = ''): boolean {
    if (this.#rules === 'all') return true;
    if (resource === 'intention') return this.#allowsIntention(access, name);
    return grants(this.#match(resource, name)?.access, access);
  }

  /** Throws 403 in Consul's words. */
  require(resource: Resource, access: Access, name = ''): void {
    if (this.allows(resource, access, name)) return;
    const who = this.anonymous ? 'anonymous token' : `token with AccessorID '${this.token.accessor}'`;
    const on = SCALARS.has(resource) ? '' : ` on "${name}"`;
    const hint = this.anonymous
      ? '. The anonymous token is used implicitly when a request does not specify a token.'
      : '';
    throw new ConsulFailure(
      403,
      `Permission denied: ${who} lacks permission '${resource}:${access}'${on}${hint}`,
    );
  }

  /** Lists do not fail: what may not be seen is left out. */
  visible<T>(rows: readonly T[], may: (row: T) => boolean): T[] {
    const kept = rows.filter(may);
    if (kept.length < rows.length) this.#filtered = true;
    return kept;
  }

  #match(resource: Resource, name: string): Rule | undefined {
    if (this.#rules === 'all') return undefined;
    const fitting = this.#rules.filter(
      (rule) => rule.resource === resource && (rule.prefix ? name.startsWith(rule.name) : rule.name === name),
    );
    // An exact rule beats prefixes, the longest prefix beats shorter ones.
    return fitting.sort((a, b) => Number(a.prefix) - Number(b.prefix) || b.name.length - a.name.length)[0];
  }

  #allowsIntention(access: Access, name: string): boolean {
    const rule = this.#match('service', name);
    const implied = rule?.access === 'read' || rule?.access === 'write' ? 'read' : undefined;
    return grants(rule?.intentions ?? implied, access);
  }
}

function grants(has: Rule['access'] | undefined, wants: Access): boolean {
  if (has === 'write') return true;
  if (has === 'list') return wants !== 'write';
  return has === 'read' && wants === 'read';
}

export class AclStore {
  readonly policies = new Map<string, Policy>();
  /** By secret. */
  readonly tokens = new Map<string, Token>();

  constructor(policies: readonly Policy[], tokens: readonly Token[]) {
    for (const policy of policies) this.policies.set(policy.id, policy);
    for (const token of tokens) this.tokens.set(token.secret, token);
  }

  /** Throws 403 `ACL not found` for a secret that is not known. No secret is the anonymous token. */
  authorize(secret: string | undefined): Authorizer {
    const token = this.tokens.get(secret ?? 'anonymous');
    if (!token) throw new ConsulFailure(403, 'ACL not found', true);
    const held = token.policies.flatMap((id) => this.policies.get(id) ?? []);
    if (held.some((policy) => policy.rules === 'all')) return new Authorizer(token, 'all');
    return new Authorizer(
      token,
      held.flatMap((policy) => (policy.rules === 'all' ? [] : policy.rules)),
    );
  }
}
