import {
  clusterLevel,
  guestLevel,
  levelDigest,
  nodeLevel,
  refRows,
  ruleRows,
  type Level,
} from './firewall.ts';
import { optionalText, textOf, type Param, type Params } from './params.ts';
import {
  get,
  guestOf,
  guestPath,
  guestTypes,
  Listed,
  nodeOf,
  onGuest,
  onNode,
  onRoot,
  type Call,
  type Permission,
  type Route,
} from './route.ts';

const count: Param = { type: 'integer', optional: true, minimum: 0 };
const logParams: Params = { start: count, limit: count, since: count, until: count };
const refParams: Params = { type: { ...optionalText, enum: ['alias', 'ipset'] } };

/** An empty log says so in its only line, as every file does that is read line by line. */
const emptyLog = new Listed([{ n: 1, t: 'no content' }], 1);

const macros = [
  { macro: 'DNS', descr: 'Name service, UDP and TCP' },
  { macro: 'HTTP', descr: 'Web, plain' },
  { macro: 'HTTPS', descr: 'Web over TLS' },
  { macro: 'Ping', descr: 'ICMP echo request' },
  { macro: 'SSH', descr: 'Secure shell' },
];

/** Reading the firewall at its three levels. Nothing is filtered in the lab, so that the logs are empty. */
export const firewallRoutes: readonly Route[] = [
  get('/cluster/firewall', 'all', () =>
    names('rules', 'options', 'groups', 'aliases', 'ipset', 'macros', 'refs'),
  ),
  ...objects('/cluster/firewall', onRoot('Sys.Audit'), ({ cluster }) => clusterLevel(cluster)),
  ...basics('/cluster/firewall', onRoot('Sys.Audit'), ({ cluster }) => clusterLevel(cluster)),
  get('/cluster/firewall/macros', 'all', () => macros),
  get('/cluster/firewall/groups', 'all', ({ cluster }) => {
    const level = clusterLevel(cluster);
    return level.groups.map(({ group, comment }) => ({ group, comment, digest: levelDigest(level) }));
  }),
  get('/nodes/{node}/firewall', 'all', () => names('rules', 'options', 'log')),
  ...basics('/nodes/{node}/firewall', onNode('Sys.Audit'), ofNode),
  get(
    '/nodes/{node}/firewall/log',
    onNode('Sys.Syslog'),
    (call) => {
      nodeOf(call);
      return emptyLog;
    },
    logParams,
  ),
  ...guestTypes.flatMap((type) => {
    const at = guestPath(type, '/firewall');
    const level = (call: Call) => guestLevel(call.cluster, guestOf(call, type));
    return [
      get(at, 'all', () => names('rules', 'options', 'aliases', 'ipset', 'refs', 'log')),
      ...objects(at, onGuest('VM.Audit'), level),
      ...basics(at, onGuest('VM.Audit'), level),
      get(
        `${at}/log`,
        onGuest('VM.Console'),
        (call) => {
          guestOf(call, type);
          return emptyLog;
        },
        logParams,
      ),
    ];
  }),
];

type LevelOf = (call: Call) => Level;

function ofNode(call: Call): Level {
  nodeOf(call);
  return nodeLevel;
}

function names(...found: string[]): { name: string }[] {
  return found.map((name) => ({ name }));
}

function basics(at: string, permission: Permission, levelOf: LevelOf): Route[] {
  return [
    get(`${at}/options`, permission, (call) => {
      const level = levelOf(call);
      return { ...level.options, digest: levelDigest(level) };
    }),
    get(`${at}/rules`, permission, (call) => {
      const level = levelOf(call);
      return ruleRows(level.rules, levelDigest(level));
    }),
  ];
}

function objects(at: string, permission: Permission, levelOf: LevelOf): Route[] {
  return [
    get(`${at}/aliases`, permission, (call) => {
      const level = levelOf(call);
      return level.aliases.map((alias) => ({ ...alias, digest: levelDigest(level) }));
    }),
    get(`${at}/ipset`, permission, (call) => {
      const level = levelOf(call);
      return level.sets.map(({ name, comment }) => ({
        name,
        ...(comment === undefined ? {} : { comment }),
        digest: levelDigest(level),
      }));
    }),
    get(
      `${at}/refs`,
      permission,
      (call) => {
        const own = levelOf(call);
        // A guest's rules may name the datacenter's objects too.
        const all = own.scope === 'guest' ? [clusterLevel(call.cluster), own] : [own];
        return all.flatMap((level) => refRows(level, textOf(call.values, 'type')));
      },
      refParams,
    ),
  ];
}
