import { entityKinds, type Entity, type EntityKind } from '../../shared/model/entity.ts';
import { freshnessStates, type FreshnessState, type Source } from '../../shared/model/freshness.ts';
import { healthStates, type HealthState } from '../../shared/model/health.ts';

/**
 * The filter language of every list, of the map and of the palette, for instance
 * `type:guest,host health:bad -tag:canary node:pve-1 age:>1m "exact words"`.
 *
 * Terms are joined by "and"; a comma inside a term means "or"; a leading minus means "not". Words without a known
 * qualifier are searched in name, id, addresses and reason, so `10.0.0.6:443` is text. Case never matters.
 */
export interface Query {
  readonly terms: readonly Term[];
  /** What was not understood, in words to show below the input. Such a term filters nothing. */
  readonly problems: readonly string[];
}

export type Term = { readonly negated: boolean } & (
  | { readonly by: 'text'; readonly text: string }
  | { readonly by: 'type'; readonly kinds: readonly EntityKind[] }
  | { readonly by: 'health'; readonly states: readonly HealthState[] }
  | { readonly by: 'node' | 'tag' | 'system'; readonly texts: readonly string[] }
  | { readonly by: 'age'; readonly limits: readonly (AgeLimit | FreshnessState)[] }
  | { readonly by: 'since'; readonly limits: readonly AgeLimit[] }
);

export interface AgeLimit {
  readonly than: 'older' | 'younger';
  readonly ms: number;
}

/** What a query needs to know beyond the entity itself. */
export interface QueryContext {
  /** Epoch ms on the engine's clock. */
  readonly now: number;
  /** The source that vouches for an entity, for `age:`. */
  sourceOf(entity: Entity): Source | undefined;
  /** Names of the hosts and nodes that an entity runs on, for `node:`; its own name when it is one. */
  nodesOf(entity: Entity): readonly string[];
}

/** The qualifiers and what each takes, for completion and help. */
export const qualifiers = {
  type: { hint: 'kind of entity', values: entityKinds },
  health: { hint: 'state, or bad', values: [...healthStates, 'bad'] },
  node: { hint: 'host or node it runs on', values: [] },
  tag: { hint: 'tag', values: [] },
  system: { hint: 'system or connection', values: [] },
  age: { hint: 'age of the data: >1m, stale', values: freshnessStates },
  since: { hint: 'how long the state holds: <10m', values: [] },
} as const satisfies Record<string, { hint: string; values: readonly string[] }>;

export type Qualifier = keyof typeof qualifiers;

const kindAliases: Readonly<Record<string, EntityKind>> = {
  vip: 'virtual-ip',
  lb: 'load-balancer',
  vm: 'guest',
  ct: 'guest',
  endpoint: 'llm-endpoint',
  llm: 'llm-balancer',
};

/** Reads a filter. Never throws; the same text gives the same query. */
export function parseQuery(text: string): Query {
  const terms: Term[] = [];
  const problems: string[] = [];
  for (const token of tokensOf(text)) {
    const result = parseTerm(token);
    if (typeof result === 'string') problems.push(result);
    else if (result) terms.push(result);
  }
  return { terms, problems };
}

interface Token {
  readonly negated: boolean;
  readonly qualifier: Qualifier | null;
  readonly value: string;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  // A minus, a qualifier, then quoted or bare text; an unclosed quote runs to the end.
  for (const match of text.matchAll(/(-?)(?:([a-z]+):)?(?:"([^"]*)(?:"|$)|([^\s"]+))?/gi)) {
    if (match[0] === '') continue;
    const [, minus, name, quoted, bare] = match;
    const value = quoted ?? bare ?? '';
    const known = name !== undefined && Object.hasOwn(qualifiers, name.toLowerCase());
    const qualifier = known ? (name.toLowerCase() as Qualifier) : null;
    const free = name !== undefined && !known ? `${name}:${value}` : value;
    const whole = qualifier === null && value === '' && name === undefined ? (minus ?? '') : free;
    tokens.push({ negated: minus === '-' && whole !== '-', qualifier, value: whole });
  }
  return tokens;
}

function parseTerm({ negated, qualifier, value }: Token): Term | string | null {
  if (qualifier === null) {
    return value === '' ? null : { negated, by: 'text', text: value.toLowerCase() };
  }
  const values = value.toLowerCase().split(',').filter(Boolean);
  // `type:` while it is being typed: says nothing yet.
  if (values.length === 0) return null;
  switch (qualifier) {
    case 'type': {
      const kinds = values.map((word) => kindAliases[word] ?? entityKinds.find((kind) => kind === word));
      return listed(kinds, values, 'type', entityKinds, (found) => ({ negated, by: 'type', kinds: found }));
    }
    case 'health': {
      const states = values.flatMap((word): (HealthState | undefined)[] =>
        word === 'bad' ? ['down', 'degraded'] : [healthStates.find((state) => state === word)],
      );
      return listed(states, values, 'health', qualifiers.health.values, (found) => ({
        negated,
        by: 'health',
        states: found,
      }));
    }
    case 'age': {
      const limits = values.map((word) => freshnessStates.find((state) => state === word) ?? ageLimit(word));
      return listed(limits, values, 'age', ['>5m', '<30s', ...freshnessStates], (found) => ({
        negated,
        by: 'age',
        limits: found,
      }));
    }
    case 'since':
      return listed(values.map(ageLimit), values, 'since', ['<10m', '>1h'], (found) => ({
        negated,
        by: 'since',
        limits: found,
      }));
    case 'node':
    case 'tag':
    case 'system':
      return { negated, by: qualifier, texts: values };
  }
}

/** The term when every value was understood, else a sentence that says which was not and what may stand there. */
function listed<T>(
  found: readonly (T | undefined)[],
  words: readonly string[],
  qualifier: Qualifier,
  allowed: readonly string[],
  term: (found: readonly T[]) => Term,
): Term | string {
  const known = found.filter((value) => value !== undefined);
  if (known.length === found.length) return term(known);
  return `${qualifier}: does not know "${words.join(',')}"; try ${allowed.join(', ')}`;
}

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `>5m` older than five minutes, `<30s` younger; without a sign: older. */
function ageLimit(text: string): AgeLimit | undefined {
  const match = /^([<>]?)=?(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  if (!match) return undefined;
  const [, sign, amount, unit] = match;
  return {
    than: sign === '<' ? 'younger' : 'older',
    ms: Number(amount) * (unitMs[unit ?? 's'] ?? 1_000),
  };
}

/** Whether an entity passes every term. An empty query passes everything. */
export function matches(entity: Entity, query: Query, context: QueryContext): boolean {
  return query.terms.every((term) => holds(entity, term, context) !== term.negated);
}

function holds(entity: Entity, term: Term, context: QueryContext): boolean {
  switch (term.by) {
    case 'text':
      return hasText(entity, term.text);
    case 'type':
      return term.kinds.includes(entity.kind);
    case 'health':
      return term.states.includes(entity.health.state);
    case 'node':
      return anyContains(context.nodesOf(entity), term.texts);
    case 'tag':
      return anyContains(tagsOf(entity), term.texts);
    case 'system':
      return anyContains([entity.id.slice(0, entity.id.indexOf('/')), entity.connectionId], term.texts);
    case 'age': {
      const source = context.sourceOf(entity);
      return term.limits.some((limit) =>
        typeof limit === 'string'
          ? (source?.state ?? 'never') === limit
          : within(source?.asOf ?? null, limit, context.now),
      );
    }
    case 'since':
      return term.limits.some((limit) => within(entity.health.since, limit, context.now));
  }
}

/** What was never seen is older than any limit. */
function within(at: number | null, limit: AgeLimit, now: number): boolean {
  if (at === null) return limit.than === 'older';
  return limit.than === 'older' ? now - at > limit.ms : now - at < limit.ms;
}

function hasText(entity: Entity, text: string): boolean {
  return (
    entity.name.toLowerCase().includes(text) ||
    entity.id.toLowerCase().includes(text) ||
    entity.addresses.some((address) => address.includes(text)) ||
    entity.sockets.some((socket) => socket.includes(text)) ||
    (entity.health.reason?.toLowerCase().includes(text) ?? false)
  );
}

function anyContains(haystacks: readonly string[], needles: readonly string[]): boolean {
  return haystacks.some((hay) => needles.some((needle) => hay.toLowerCase().includes(needle)));
}

/** The tags a system gives its entity; kinds without tags have none. */
export function tagsOf(entity: Entity): readonly string[] {
  return 'tags' in entity.attrs ? entity.attrs.tags : [];
}
