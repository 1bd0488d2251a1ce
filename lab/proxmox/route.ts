import type { LabGuest, LabHost } from '../kit/world.ts';
import type { Caller } from './access.ts';
import type { GuestType } from './guest-config.ts';
import { node, snapshotName, storageId, text, vmid, type Param, type Params, type Values } from './params.ts';
import type { Cluster } from './state.ts';

/** Who may call: everybody, everybody with a login, or holders of all (or `any`) of the privileges on a path. */
export type Permission =
  'world' | 'all' | { readonly path: string; readonly privileges: readonly string[]; readonly any?: true };

/** One request, after its parameters were checked and its caller found entitled. */
export interface Call {
  readonly cluster: Cluster;
  readonly caller: Caller;
  readonly values: Values;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface Route {
  readonly method: Method;
  /** With `{name}` segments; each is a parameter. */
  readonly path: string;
  readonly params: Params;
  readonly permission: Permission;
  /** `data` of the answer; a `Listed` adds `total` beside it. */
  run(call: Call): unknown;
}

/** A page of something, with the envelope's `total`. */
export class Listed {
  readonly data: readonly unknown[];
  readonly total: number;

  constructor(data: readonly unknown[], total: number) {
    this.data = data;
    this.total = total;
  }
}

const pathParams: Readonly<Record<string, Param>> = {
  node,
  vmid,
  storage: storageId,
  snapname: snapshotName,
};

/** Makes a route; the path's placeholders become parameters by themselves. */
export function route(
  method: Method,
  path: string,
  permission: Permission,
  run: Route['run'],
  params: Params = {},
): Route {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const own = Object.fromEntries(names.map((name) => [name, pathParams[name] ?? text]));
  return { method, path, permission, run, params: { ...own, ...params } };
}

export function get(path: string, permission: Permission, run: Route['run'], params?: Params): Route {
  return route('GET', path, permission, run, params);
}

/** Privileges on the guest of the path. */
export function onGuest(...privileges: string[]): Permission {
  return { path: '/vms/{vmid}', privileges };
}

export function anyOnGuest(...privileges: string[]): Permission {
  return { path: '/vms/{vmid}', privileges, any: true };
}

export function onNode(...privileges: string[]): Permission {
  return { path: '/nodes/{node}', privileges };
}

export function onRoot(...privileges: string[]): Permission {
  return { path: '/', privileges };
}

export const onStorage: Permission = {
  path: '/storage/{storage}',
  privileges: ['Datastore.Audit', 'Datastore.AllocateSpace'],
  any: true,
};

/** The node of the call; throws when it does not exist or cannot be reached. */
export function nodeOf({ cluster, values }: Call): LabHost {
  return cluster.node(String(values['node']));
}

/** The guest of the call; throws when the caller is wrong about its node. */
export function guestOf({ cluster, values }: Call, type: GuestType): LabGuest {
  return cluster.guest(String(values['node']), type, Number(values['vmid']));
}

export const guestTypes: readonly GuestType[] = ['lxc', 'qemu'];

export function guestPath(type: GuestType, rest = ''): string {
  return `/nodes/{node}/${type}/{vmid}${rest}`;
}

/** Rows of an index call: the names below a path. */
export function subdirs(...names: string[]): { subdir: string }[] {
  return names.map((subdir) => ({ subdir }));
}

/** Listings have no order worth the name, so that nobody relies on one. */
export function shuffled<T>(rows: readonly T[], random: () => number): T[] {
  const mixed = [...rows];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j] as T, mixed[i] as T];
  }
  return mixed;
}
