import type { Entity, EntityKind } from '../../../shared/model/entity.ts';
import type { Confidence, Link, LinkKind, LinkRule } from '../../../shared/model/link.ts';
import {
  declaredKey,
  firstLabel,
  hostOfSocket,
  ipKey,
  isAddress,
  isJoinableAddress,
  joinName,
  nameKey,
  socketKey,
  type JoinIndex,
} from './join-index.ts';

/** What the rules may ask of the world. */
export interface JoinView {
  readonly index: JoinIndex;
  entity(id: string): Entity | undefined;
}

const machines = ['guest', 'host'] as const satisfies EntityKind[];

/**
 * Links from one entity to entities of other systems, each with its evidence. Pure: depends on the entity and the
 * index alone. Stronger keys win: a weaker rule is asked only when the stronger found nothing.
 */
export function crossLinks(entity: Entity, view: JoinView): Link[] {
  switch (entity.kind) {
    case 'member':
    case 'llm-endpoint':
      return first(
        () => bySocket(entity, view, ['instance'], 'same-as', 'same-socket'),
        () => bySocket(entity, view, ['virtual-ip'], 'routes-to', 'virtual-ip-as-member'),
        () => bySocketAddress(entity, view),
      );
    case 'instance':
      return bySocketAddress(entity, view);
    case 'llm-balancer':
      return first(
        () => byDeclaration(entity, view),
        () => bySocket(entity, view, ['instance'], 'same-as', 'same-socket'),
        () => bySocketAddress(entity, view),
      );
    case 'node':
      return first(
        () => byAddress(entity, view, 'same-as'),
        () => byName(entity, view, joinName(entity), 'same-as'),
      );
    case 'load-balancer':
      return byAddress(entity, view, 'runs-on');
    case 'virtual-ip':
    case 'port':
    case 'service':
    case 'guest':
    case 'host':
    case 'storage':
    case 'llm-client':
      return [];
  }
}

/** The first rule that finds something decides. */
function first(...rules: (() => Link[])[]): Link[] {
  for (const rule of rules) {
    const links = rule();
    if (links.length > 0) return links;
  }
  return [];
}

/** Equal `ip:port`. Several candidates (the same private network used twice) are all shown, as possible only. */
function bySocket(
  entity: Entity,
  view: JoinView,
  kinds: EntityKind[],
  kind: LinkKind,
  rule: LinkRule,
): Link[] {
  for (const socket of entity.sockets) {
    const found = candidates(view, socketKey(socket), kinds, entity.id);
    if (found.length > 0) {
      return found.map((to) =>
        link(
          entity,
          to,
          kind,
          rule,
          `${socket} is the address of both`,
          found.length === 1 ? 'certain' : 'possible',
        ),
      );
    }
  }
  return [];
}

/** The machine that owns the address which the entity answers on; by name where the socket holds a DNS name. */
function bySocketAddress(entity: Entity, view: JoinView): Link[] {
  for (const socket of entity.sockets) {
    const host = hostOfSocket(socket);
    if (!isAddress(host)) {
      const links = byName(entity, view, firstLabel(host), 'runs-on');
      if (links.length > 0) return links;
    } else if (isJoinableAddress(host)) {
      const found = candidates(view, ipKey(host), machines, entity.id);
      if (found.length > 0) return ownersOf(entity, host, found, 'runs-on');
    }
  }
  return [];
}

/** The machine that owns one of the entity's own addresses. */
function byAddress(entity: Entity, view: JoinView, kind: LinkKind): Link[] {
  for (const address of entity.addresses) {
    if (!isJoinableAddress(address)) continue;
    const found = candidates(view, ipKey(address), machines, entity.id);
    if (found.length > 0) return ownersOf(entity, address, found, kind);
  }
  return [];
}

function ownersOf(entity: Entity, address: string, found: Entity[], kind: LinkKind): Link[] {
  const [only] = found;
  if (found.length === 1 && only) {
    return [
      link(entity, only, kind, 'address-on-guest', `${address} is an address of ${only.name}`, 'certain'),
    ];
  }
  // Overlapping networks: the name may still tell which one is meant.
  const name = entity.kind === 'instance' ? entity.attrs.nodeName : joinName(entity);
  const named = name ? found.filter((to) => joinName(to)?.toLowerCase() === name.toLowerCase()) : [];
  const [match] = named;
  if (named.length === 1 && match) {
    const evidence = `${address} is an address of ${found.length} machines; ${match.name} also has the name ${name}`;
    return [link(entity, match, kind, 'address-on-guest', evidence, 'likely')];
  }
  return found.map((to) =>
    link(
      entity,
      to,
      kind,
      'address-on-guest',
      `${address} is an address of ${found.length} machines`,
      'possible',
    ),
  );
}

function byName(entity: Entity, view: JoinView, name: string | undefined, kind: LinkKind): Link[] {
  if (!name) return [];
  const found = candidates(view, nameKey(name), machines, entity.id);
  const confidence: Confidence = found.length === 1 ? 'likely' : 'possible';
  return found.map((to) =>
    link(entity, to, kind, 'same-name', `both are named ${name}; no address decides`, confidence),
  );
}

function byDeclaration(entity: Entity, view: JoinView): Link[] {
  return candidates(view, declaredKey(entity.connectionId), ['instance'], entity.id).map((to) =>
    link(
      entity,
      to,
      'same-as',
      'declared',
      `metadata of ${to.name} names connection ${entity.connectionId}`,
      'certain',
    ),
  );
}

function candidates(view: JoinView, key: string, kinds: readonly EntityKind[], self: string): Entity[] {
  const found: Entity[] = [];
  for (const id of view.index.under(key)) {
    const entity = id === self ? undefined : view.entity(id);
    if (entity && kinds.includes(entity.kind) && ownsKey(entity, key)) found.push(entity);
  }
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The index also holds those who merely look a key up; an address is owned only by who reports it as its own. */
function ownsKey(entity: Entity, key: string): boolean {
  return !key.startsWith('ip ') || entity.addresses.some((address) => ipKey(address) === key);
}

function link(
  from: Entity,
  to: Entity,
  kind: LinkKind,
  rule: LinkRule,
  evidence: string,
  confidence: Confidence,
): Link {
  return { from: from.id, to: to.id, kind, rule, evidence: evidence.slice(0, 500), confidence };
}

/**
 * Which services stand behind a virtual IP: those whose instances its members are. `pairs` are (member, instance,
 * service) as the links tell them; `memberCount` counts all members.
 */
export function serviceLinks(
  virtualIp: Entity,
  memberCount: number,
  pairs: readonly { readonly member: Entity; readonly service: Entity }[],
): Link[] {
  const byService = new Map<string, { service: Entity; members: Set<string> }>();
  for (const { member, service } of pairs) {
    const entry = byService.get(service.id) ?? { service, members: new Set() };
    entry.members.add(member.name);
    byService.set(service.id, entry);
  }
  return [...byService.values()]
    .sort((a, b) => (a.service.id < b.service.id ? -1 : 1))
    .map(({ service, members }) => {
      const shown = [...members].sort().slice(0, 3).join(', ');
      const evidence = `${members.size} of ${memberCount} members are instances of ${service.name}: ${shown}`;
      const confidence: Confidence = members.size === memberCount ? 'certain' : 'likely';
      return link(virtualIp, service, 'routes-to', 'members-are-instances', evidence, confidence);
    });
}
