import { callerName, roles } from './access.ts';
import { optionalText, text, textOf, type Params } from './params.ts';
import { denied } from './pve-error.ts';
import { get, onRoot, route, type Call, type Route } from './route.ts';
import type { Cluster } from './state.ts';

const ticketParams: Params = {
  username: { ...text, maxLength: 64 },
  password: text,
  realm: { ...optionalText, maxLength: 32 },
  otp: optionalText,
  'tfa-challenge': optionalText,
  'new-format': { type: 'boolean', optional: true },
};

/** Paths that `/access/permissions` reports on beside those with entries of their own. */
const commonPaths = ['/', '/access', '/nodes', '/pool', '/sdn', '/storage', '/vms'];

export const accessRoutes: readonly Route[] = [
  get('/access/ticket', 'world', () => null),
  route('POST', '/access/ticket', 'world', login, ticketParams),
  get('/access/domains', 'world', () => [
    { realm: 'pam', type: 'pam', comment: 'Linux PAM standard authentication' },
    { realm: 'pve', type: 'pve', comment: 'Proxmox VE authentication server', default: 1 },
  ]),
  get('/access/permissions', 'all', permissions, { path: optionalText, userid: optionalText }),
  get('/access/users', 'all', ({ cluster, caller }) =>
    [...cluster.access.users]
      .filter(([userid]) => userid === caller.user || cluster.access.has(caller, '/', 'User.Modify'))
      .map(([userid, user]) => ({
        userid,
        enable: 1,
        expire: 0,
        'realm-type': userid.endsWith('@pam') ? 'pam' : 'pve',
        ...(user.comment === undefined ? {} : { comment: user.comment }),
      })),
  ),
  get('/access/roles', 'all', () =>
    Object.entries(roles).map(([roleid, privileges]) => ({
      roleid,
      privs: privileges.join(','),
      special: 1,
    })),
  ),
  get('/access/acl', onRoot('Sys.Audit'), ({ cluster }) => cluster.access.acl),
  get('/pools', 'all', pools, {
    poolid: optionalText,
    type: { ...optionalText, enum: ['qemu', 'lxc', 'storage'] },
  }),
];

function login({ cluster, values }: Call) {
  const realm = textOf(values, 'realm');
  const given = textOf(values, 'username') ?? '';
  const username = realm === undefined ? given : `${given}@${realm}`;
  const session = cluster.access.login(username, textOf(values, 'password') ?? '');
  const cap = Object.fromEntries(
    Object.entries(capPaths).map(([area, path]) => [
      area,
      Object.fromEntries(
        [...cluster.access.privileges({ user: username }, path).keys()].map((name) => [name, 1]),
      ),
    ]),
  );
  return { ...session, clustername: cluster.world.scenario.datacenter, cap };
}

const capPaths = {
  vms: '/vms',
  access: '/access',
  storage: '/storage',
  nodes: '/nodes',
  sdn: '/sdn',
  dc: '/',
  mapping: '/mapping',
};

function permissions({ cluster, caller, values }: Call) {
  const wanted = textOf(values, 'userid');
  if (
    wanted !== undefined &&
    wanted !== callerName(caller) &&
    !cluster.access.has(caller, '/access', 'Sys.Audit')
  )
    throw denied('/access', ['Sys.Audit']);
  const [user = '', token] = (wanted ?? callerName(caller)).split('!');
  const who = token === undefined ? { user } : { user, token };
  const path = textOf(values, 'path');
  const entries = cluster.access.acl.map((entry) => entry.path);
  const paths = path === undefined ? [...new Set([...commonPaths, ...entries])] : [path];
  const found = paths.map((at) => [at, Object.fromEntries(cluster.access.privileges(who, at))] as const);
  return Object.fromEntries(found.filter(([, held]) => Object.keys(held).length > 0));
}

function pools({ cluster, caller, values }: Call) {
  const wanted = textOf(values, 'poolid');
  const type = textOf(values, 'type');
  const guests = [...cluster.world.guests.values()];
  const names = [...new Set(guests.map(({ pool }) => pool).filter(Boolean))];
  const visible = names.filter((pool) => cluster.access.has(caller, `/pool/${pool}`, 'Pool.Audit'));
  if (wanted === undefined) return visible.map((poolid) => ({ poolid }));
  return visible
    .filter((poolid) => poolid === wanted)
    .map((poolid) => ({
      poolid,
      members: poolMembers(cluster, poolid).filter((member) => type === undefined || type === member.type),
    }));
}

/** The guests of a pool, none for a pool that is not there. */
export function poolMembers(cluster: Cluster, poolid: string) {
  return [...cluster.world.guests.values()]
    .filter((guest) => guest.pool === poolid)
    .map((guest) => ({
      id: `${guest.type}/${guest.vmid}`,
      type: guest.type,
      vmid: guest.vmid,
      node: guest.host,
      name: guest.name,
      status: guest.status,
    }));
}
