import type { Permissions } from './wire.ts';

/** A privilege that the reading side uses, and what is missing without it. */
interface Need {
  /** Any of these will do. */
  readonly privileges: readonly string[];
  /** The path on which it must be handed down for everything to be seen. */
  readonly path: string;
  readonly without: string;
}

const needs: readonly Need[] = [
  { privileges: ['VM.Audit'], path: '/vms', without: 'guests' },
  { privileges: ['Sys.Audit'], path: '/nodes', without: 'numbers of nodes' },
  { privileges: ['Datastore.Audit', 'Datastore.AllocateSpace'], path: '/storage', without: 'storages' },
  {
    // Up to 8.4 the privilege was VM.Monitor.
    privileges: ['VM.GuestAgent.Audit', 'VM.GuestAgent.Unrestricted', 'VM.Monitor'],
    path: '/vms',
    without: 'addresses of virtual machines',
  },
];

/** `/cluster/status` wants this one on the very root. */
const ROOT_NEED: Need = { privileges: ['Sys.Audit'], path: '/', without: 'node addresses and quorum' };

export interface Rights {
  /** Privileges that are held for everything of their kind. */
  readonly held: readonly string[];
  /** What is, or may be, hidden and by which missing privilege: "some guests (VM.Audit on /vms is missing)". */
  readonly gaps: readonly string[];
  /** The same of `/cluster/status`, which tells it by itself too. */
  readonly statusGap: string | undefined;
}

/** Which of the privileges that reading needs these credentials hold everywhere. */
export function rightsOf(permissions: Permissions): Rights {
  const all = [...needs, ROOT_NEED].flatMap(({ privileges, path }) =>
    privileges.filter((privilege) => holds(permissions, path, privilege)).slice(0, 1),
  );
  return {
    held: [...new Set(all)],
    gaps: needs.flatMap((need) => gapOf(permissions, need) ?? []),
    statusGap: gapOf(permissions, ROOT_NEED),
  };
}

function gapOf(permissions: Permissions, { privileges, path, without }: Need): string | undefined {
  if (privileges.some((privilege) => holds(permissions, path, privilege))) return undefined;
  const below = path !== '/' && privileges.some((privilege) => holdsSomewhere(permissions, privilege));
  return `${below ? 'some ' : ''}${without} (${privileges[0]} on ${path} is missing)`;
}

/** Whether a privilege holds on a path and all below it. The entry nearest to the path decides. */
export function holds(permissions: Permissions, path: string, privilege: string): boolean {
  for (const at of pathsUp(path)) {
    const entry = Object.hasOwn(permissions, at) ? permissions[at] : undefined;
    if (entry) return entry[privilege] === true || (path === '/' && entry[privilege] !== undefined);
  }
  return false;
}

function holdsSomewhere(permissions: Permissions, privilege: string): boolean {
  return Object.values(permissions).some((entry) => entry[privilege] !== undefined);
}

function pathsUp(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  const paths = parts.map((_, index) => `/${parts.slice(0, parts.length - index).join('/')}`);
  return [...paths, '/'];
}
