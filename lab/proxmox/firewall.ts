import { createHash } from 'node:crypto';
import type { LabGuest } from '../kit/world.ts';
import type { Cluster } from './state.ts';

/** One rule as it is listed. A security group stands in `action` when `type` is `group`. */
interface Rule {
  readonly type: 'in' | 'out' | 'forward' | 'group';
  readonly action: string;
  readonly enable: 0 | 1;
  readonly source?: string;
  readonly dest?: string;
  readonly proto?: string;
  readonly dport?: string;
  readonly macro?: string;
  readonly log?: string;
  readonly comment?: string;
}

interface Alias {
  readonly name: string;
  readonly cidr: string;
  readonly comment?: string;
}

interface IpSet {
  readonly name: string;
  readonly comment?: string;
  readonly cidrs: readonly string[];
}

/** What one level of the firewall holds; all of a level stands in one file and shares one digest. */
export interface Level {
  /** As references to its objects name it: `dc` for the cluster, `guest` for a guest. */
  readonly scope: 'dc' | 'node' | 'guest';
  readonly options: Readonly<Record<string, string | number>>;
  readonly rules: readonly Rule[];
  readonly aliases: readonly Alias[];
  readonly sets: readonly IpSet[];
  readonly groups: readonly { readonly group: string; readonly comment: string; readonly rules: Rule[] }[];
}

/** The datacenter's level: who may reach the nodes. */
export function clusterLevel(cluster: Cluster): Level {
  const addresses = [...cluster.world.hosts.values()].map(({ ip }) => ip);
  return {
    scope: 'dc',
    options: { enable: 1, policy_in: 'DROP', policy_out: 'ACCEPT' },
    rules: [
      { type: 'group', action: 'operators', enable: 1 },
      { type: 'in', action: 'ACCEPT', enable: 1, source: '+dc/nodes', comment: 'nodes among themselves' },
    ],
    aliases: [{ name: 'lan', cidr: networkOf(addresses[0] ?? '127.0.0.1'), comment: 'network of the nodes' }],
    sets: [{ name: 'nodes', comment: 'members of the cluster', cidrs: addresses }],
    groups: [
      {
        group: 'operators',
        comment: 'what operators need',
        rules: [
          { type: 'in', action: 'ACCEPT', enable: 1, macro: 'SSH', source: 'dc/lan' },
          { type: 'in', action: 'ACCEPT', enable: 1, proto: 'tcp', dport: '8006', source: 'dc/lan' },
        ],
      },
    ],
  };
}

/** A node adds one rule of its own to the cluster's. */
export const nodeLevel: Level = {
  scope: 'node',
  options: { enable: 1, log_level_in: 'nolog' },
  rules: [{ type: 'in', action: 'ACCEPT', enable: 1, macro: 'Ping', source: 'dc/lan' }],
  aliases: [],
  sets: [],
  groups: [],
};

/** Filtered is a guest with `firewall=1` on its network card: it may use its own address only. The others' rules sleep. */
export function guestLevel(cluster: Cluster, guest: LabGuest): Level {
  const isFiltered = Object.entries(cluster.record(guest.vmid).config).some(
    ([key, value]) => /^net\d+$/.test(key) && /(^|,)firewall=1(,|$)/.test(String(value)),
  );
  const own = guest.ip === '' ? [] : [guest.ip];
  return {
    scope: 'guest',
    options: {
      enable: isFiltered ? 1 : 0,
      ipfilter: own.length,
      macfilter: 1,
      policy_in: 'ACCEPT',
      policy_out: 'ACCEPT',
    },
    rules: [
      {
        type: 'in',
        action: 'ACCEPT',
        enable: 1,
        macro: 'SSH',
        source: 'dc/lan',
        log: 'nolog',
        comment: 'operators',
      },
      // New rules are off until somebody says otherwise.
      { type: 'in', action: 'DROP', enable: 0, proto: 'tcp', dport: '23' },
    ],
    aliases: own.map((cidr) => ({ name: 'self', cidr })),
    sets: own.map((cidr) => ({ name: 'ipfilter-net0', cidrs: [cidr] })),
    groups: [],
  };
}

/** SHA-1 of a level, as it must be sent back with a change. */
export function levelDigest(level: Level): string {
  return createHash('sha1').update(JSON.stringify(level)).digest('hex');
}

/** Rules with their positions: the first that fits decides. */
export function ruleRows(rules: readonly Rule[], digest: string) {
  return rules.map((rule, pos) => ({ ...rule, pos, digest }));
}

/** What a rule of this kind may name: `dc/lan`, `+dc/nodes`, `guest/self`, `+guest/ipfilter-net0`. */
export function refRows(level: Level, type?: string) {
  const aliases = level.aliases.map(({ name, comment }) => ({
    type: 'alias',
    name,
    scope: level.scope,
    ref: `${level.scope}/${name}`,
    ...(comment === undefined ? {} : { comment }),
  }));
  const sets = level.sets.map(({ name, comment }) => ({
    type: 'ipset',
    name,
    scope: level.scope,
    ref: `+${level.scope}/${name}`,
    ...(comment === undefined ? {} : { comment }),
  }));
  return [...aliases, ...sets].filter((row) => type === undefined || row.type === type);
}

function networkOf(ip: string): string {
  return `${ip.slice(0, ip.lastIndexOf('.'))}.0/24`;
}
