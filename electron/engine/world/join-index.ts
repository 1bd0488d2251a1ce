import type { Entity } from '../../../shared/model/entity.ts';

/** The parts of an entity by which systems' views are joined. */
export type Joinable = Pick<Entity, 'id' | 'kind' | 'name' | 'addresses' | 'sockets' | 'declaredConnection'> &
  Pick<Entity, 'connectionId' | 'attrs'>;

/**
 * Who can be found under which join key. Keys are prefixed texts (`socket 10.1.0.5:80`, `ip 10.1.0.5`, `name web-a`,
 * `declared llm`), so that one map serves all rules and one set of dirty keys says what to join again.
 */
export class JoinIndex {
  readonly #members = new Map<string, Set<string>>();

  add(entity: Joinable): void {
    for (const key of keysOf(entity)) {
      const members = this.#members.get(key);
      if (members) members.add(entity.id);
      else this.#members.set(key, new Set([entity.id]));
    }
  }

  remove(entity: Joinable): void {
    for (const key of keysOf(entity)) {
      const members = this.#members.get(key);
      members?.delete(entity.id);
      if (members?.size === 0) this.#members.delete(key);
    }
  }

  under(key: string): ReadonlySet<string> {
    return this.#members.get(key) ?? none;
  }
}

const none: ReadonlySet<string> = new Set();

export const socketKey = (socket: string) => `socket ${socket}`;
export const ipKey = (ip: string) => `ip ${ip}`;
export const nameKey = (name: string) => `name ${name.toLowerCase()}`;
export const declaredKey = (connectionId: string) => `declared ${connectionId}`;

/** Every key that this entity is found under, or looks others up by. */
export function keysOf(entity: Joinable): string[] {
  const keys: string[] = [];
  for (const socket of entity.sockets) {
    keys.push(socketKey(socket));
    const host = hostOfSocket(socket);
    if (isAddress(host)) {
      if (isJoinableAddress(host)) keys.push(ipKey(host));
    } else {
      keys.push(nameKey(firstLabel(host)));
    }
  }
  for (const address of entity.addresses) if (isJoinableAddress(address)) keys.push(ipKey(address));
  const name = joinName(entity);
  if (name) keys.push(nameKey(name));
  if (entity.declaredConnection) keys.push(declaredKey(entity.declaredConnection));
  return keys;
}

/** The bare name by which machines are joined: a guest's host name without its id, a node's or host's own name. */
export function joinName(entity: Joinable): string | undefined {
  switch (entity.kind) {
    case 'node':
    case 'host':
      return entity.name;
    case 'guest':
      // Shown as "ct 112 catalog-b": the last word is the guest's own name.
      return entity.name.split(' ').at(-1);
    default:
      return undefined;
  }
}

export function hostOfSocket(socket: string): string {
  const host = socket.slice(0, socket.lastIndexOf(':'));
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

export function firstLabel(host: string): string {
  return host.split('.', 1)[0] ?? host;
}

export function isAddress(host: string): boolean {
  return host.includes(':') || /^\d{1,3}(\.\d{1,3}){3}$/.test(host);
}

/**
 * Addresses that say nothing about which machine: loopback, unspecified, link-local, and the bridge addresses that
 * container engines give to every machine alike.
 */
export function isJoinableAddress(ip: string): boolean {
  if (ip === '' || ip === '::' || ip === '::1') return false;
  if (/^(127\.|0\.|169\.254\.|172\.17\.0\.1$)/.test(ip)) return false;
  return !/^fe[89ab][0-9a-f]:/i.test(ip);
}
