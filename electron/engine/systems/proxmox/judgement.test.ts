import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explain } from './explain.ts';
import { GuestMemory, type GuestFacts } from './guest-memory.ts';
import { guestHealth, hostHealth, storageHealth } from './health.ts';
import { MAX_GUESTS, observeCluster } from './observe.ts';
import { proxmoxSystem } from './index.ts';
import { holds, rightsOf } from './rights.ts';
import { resourcesSchema, type GuestRow } from './wire.ts';

const facts: GuestFacts = {
  addresses: [],
  current: false,
  addressNote: undefined,
  onboot: undefined,
  onbootNote: undefined,
  runState: undefined,
  pending: false,
};
const read = (...data: object[]) => resourcesSchema.parse({ data });
function guestRow(change: object = {}): GuestRow {
  const [row] = read({ type: 'lxc', vmid: 101, node: 'n', status: 'running', ...change }).guests;
  if (!row) throw new Error('not a guest');
  return row;
}

describe('health of a guest', () => {
  it.each([
    [
      { status: 'stopped' },
      { onboot: true },
      'down',
      'guest is stopped, although it is set to start at boot',
    ],
    [
      { status: 'stopped' },
      { onboot: false },
      'maintenance',
      'guest is stopped and not set to start at boot',
    ],
    [
      { status: 'stopped' },
      {},
      'unknown',
      'guest is stopped; whether it should run is not known: its configuration is not read yet',
    ],
    [
      { status: 'stopped', hastate: 'stopped' },
      { onboot: true },
      'maintenance',
      'guest is stopped on purpose (HA state stopped)',
    ],
    [
      { status: 'stopped', hastate: 'error' },
      { onboot: false },
      'down',
      'guest is stopped, although HA manages it to run (HA state error)',
    ],
    [
      { status: 'stopped', lock: 'suspended' },
      { onboot: true },
      'maintenance',
      'guest is suspended to disk (lock suspended)',
    ],
    [{ status: 'stopped', lock: 'create' }, {}, 'maintenance', 'guest is stopped and locked (create)'],
    [
      { status: 'running', hastate: 'error' },
      {},
      'degraded',
      'guest is running, but HA has given up on it (HA state error)',
    ],
    [{ status: 'running', lock: 'rollback' }, {}, 'maintenance', 'guest is locked (rollback)'],
    [{ status: 'running' }, { runState: 'io-error' }, 'down', 'virtual machine is io-error'],
    [{ status: 'running' }, { runState: 'inmigrate' }, 'degraded', 'virtual machine is inmigrate'],
    [{ status: 'unknown' }, {}, 'unknown', 'node n does not report this guest'],
    [{ status: 'frozen' }, {}, 'unknown', 'guest is frozen'],
    [{ status: 'stopped', template: 1 }, { onboot: true }, 'maintenance', 'template: not meant to run'],
  ] as const)('%o with %o is %s: %s', (row, known, state, reason) => {
    expect(guestHealth(guestRow(row), { ...facts, ...known }, 'online')).toEqual({ state, reason });
  });

  it('is never healthy without an online node that reports it running', () => {
    const words = fc.constantFrom('running', 'stopped', 'unknown', 'paused', 'x');
    fc.assert(
      fc.property(
        fc.record({
          status: words,
          template: fc.boolean(),
          lock: fc.option(fc.constantFrom('backup', 'create', 'migrate', 'suspended'), { nil: undefined }),
          hastate: fc.option(fc.constantFrom('started', 'stopped', 'error', 'ignored', 'queued'), {
            nil: undefined,
          }),
        }),
        fc.option(fc.boolean(), { nil: undefined }),
        fc.constantFrom('online', 'offline', 'unknown'),
        (row, onboot, node) => {
          const health = guestHealth(guestRow(row), { ...facts, onboot }, node);
          if (health.state === 'healthy')
            expect([row.status, row.template, node]).toEqual(['running', false, 'online']);
          else expect(health.reason).toBeTruthy();
        },
      ),
    );
  });
});

describe('health of hosts and storages', () => {
  const host = (status: string) => {
    const [row] = read({ type: 'node', node: 'n', status }).hosts;
    if (!row) throw new Error('not a host');
    return row;
  };
  it('a host is judged by its state and its cluster', () => {
    expect(hostHealth(host('online'), undefined).state).toBe('healthy');
    expect(hostHealth(host('online'), false).state).toBe('degraded');
    expect(hostHealth(host('offline'), true).state).toBe('down');
    expect(hostHealth(host('unknown'), true).state).toBe('unknown');
  });

  it('a storage is judged by the nodes that report', () => {
    const { storages } = read(
      { type: 'storage', storage: 'nfs', node: 'a', status: 'available', shared: 1 },
      { type: 'storage', storage: 'nfs', node: 'b', status: 'unknown', shared: 1 },
    );
    expect(storageHealth(storages, () => 'online')).toEqual({
      state: 'degraded',
      reason: 'storage is not available on b',
    });
    expect(storageHealth(storages, (node) => (node === 'b' ? 'offline' : 'online')).state).toBe('healthy');
    expect(storageHealth(storages, () => 'offline').state).toBe('unknown');
  });
});

describe('rights', () => {
  it('are handed down only when they propagate, and the nearest entry decides', () => {
    expect(holds({ '/': { 'VM.Audit': true } }, '/vms', 'VM.Audit')).toBe(true);
    expect(holds({ '/': { 'VM.Audit': false } }, '/vms', 'VM.Audit')).toBe(false);
    expect(holds({ '/': { 'Sys.Audit': false } }, '/', 'Sys.Audit')).toBe(true);
    expect(holds({ '/': { 'VM.Audit': true }, '/vms': { 'VM.Console': true } }, '/vms', 'VM.Audit')).toBe(
      false,
    );
    expect(holds({}, '/vms', 'VM.Audit')).toBe(false);
  });

  it('count VM.Monitor, which older versions had for the agent', () => {
    const { gaps } = rightsOf({ '/': { 'VM.Audit': true, 'VM.Monitor': true, 'Sys.Audit': true } });
    expect(gaps).toEqual(['storages (Datastore.Audit on /storage is missing)']);
  });
});

describe('explanations', () => {
  const body = (message: string) => JSON.stringify({ data: null, message: `${message}\n` });
  it('name the missing privilege', () => {
    const words = explain(
      403,
      body('Permission check failed (/vms/100, VM.GuestAgent.Audit|VM.GuestAgent.Unrestricted)'),
    );
    expect(words.code).toBe('forbidden');
    expect(words.advice).toContain(
      'VM.GuestAgent.Audit or VM.GuestAgent.Unrestricted is missing on /vms/100',
    );
  });

  it.each([
    [500, "Configuration file 'nodes/a/lxc/1.conf' does not exist", 'not-found'],
    [500, 'cluster not ready - no quorum?', 'conflict'],
    [500, 'CT is locked (backup)', 'conflict'],
    [500, 'QEMU guest agent is not running', 'unsupported'],
    [500, 'something new', undefined],
    [501, "Method 'GET /x' not implemented", 'unsupported'],
  ])('%i %s is %s', (status, text, code) => {
    const words = explain(status, body(text));
    expect(words.code).toBe(code);
    expect(words.detail).toBe(text);
  });

  it('tell parameter errors by parameter, and take the reason phrase where older versions say nothing else', () => {
    const errors = JSON.stringify({
      data: null,
      errors: { vmid: 'type check failed ' },
      message: 'Parameter verification failed.\n',
    });
    expect(explain(400, errors).detail).toBe('vmid: type check failed');
    expect(explain(403, '{"data":null}', 'Permission check failed (/, Sys.Audit)').advice).toContain(
      'Sys.Audit is missing on /',
    );
    expect(explain(595, '').code).toBe('unreachable');
    expect(explain(401, 'no json').code).toBe('unauthorized');
  });

  it('survive any body', () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 600 }), fc.oneof(fc.string(), fc.json()), (status, text) => {
        expect((explain(status, text).detail ?? '').length).toBeLessThanOrEqual(500);
      }),
    );
  });
});

describe('memory', () => {
  const hosts = read({ type: 'node', node: 'n', status: 'online' }).hosts;
  const many = (count: number) =>
    Array.from({ length: count }, (_, n) => guestRow({ vmid: 100 + n, uptime: 100 }));

  it('asks at most so many guests a round, each in its turn, and then no more', () => {
    const memory = new GuestMemory(() => 0.5);
    memory.update({ guests: many(500), hosts }, 0);
    const asked = new Set<number>();
    let rounds = 0;
    for (let due = memory.due(0, 48, 8); due.length > 0; due = memory.due(0, 48, 8)) {
      expect(due.length).toBeLessThanOrEqual(48);
      rounds++;
      for (const entry of due) {
        asked.add(entry.row.vmid);
        memory.configRead(entry, { onboot: true, agent: true, addresses: [], dynamic: false }, 0);
        memory.addressesRead(entry, ['10.0.0.1'], 0);
      }
    }
    expect([asked.size, rounds]).toEqual([500, 11]);
  });

  it('forgets guests that are gone', () => {
    const memory = new GuestMemory(() => 0.5);
    memory.update({ guests: many(3), hosts }, 0);
    memory.update({ guests: many(1), hosts }, 1);
    expect(memory.entry(102)).toBeUndefined();
    expect(memory.entry(100)).toBeDefined();
  });

  it('turns to the configuration where a node is too old to tell', () => {
    const memory = new GuestMemory(() => 0.5);
    memory.update({ guests: many(1), hosts }, 0);
    const entry = memory.entry(100);
    if (!entry) throw new Error('no entry');
    const missing = {
      code: 'unsupported',
      status: 501,
      attempted: '',
      target: '',
      knownEffect: '',
      advice: '',
      retryable: false,
    } as const;
    memory.addressesFailed(entry, missing, 0);
    memory.configRead(entry, { onboot: true, agent: false, addresses: ['10.0.0.9'], dynamic: true }, 0);
    expect(memory.due(1, 48, 8)).toEqual([]);
    expect(memory.facts(100, 1)).toMatchObject({
      addresses: ['10.0.0.9'],
      pending: false,
      addressNote:
        'this version of Proxmox VE does not tell addresses of containers; addresses are those of its configuration; further ones are assigned by DHCP',
    });
  });

  it('keeps the addresses a guest told, after it stopped', () => {
    const memory = new GuestMemory(() => 0.5);
    memory.update({ guests: [guestRow({ uptime: 9 })], hosts }, 0);
    const entry = memory.entry(101);
    if (!entry) throw new Error('no entry');
    memory.addressesRead(entry, ['10.0.0.7'], 0);
    memory.update({ guests: [guestRow({ status: 'stopped', uptime: 0 })], hosts }, 1);
    expect(memory.facts(101, 1)).toMatchObject({
      addresses: ['10.0.0.7'],
      current: false,
      addressNote: 'not running; addresses are the last known ones',
    });
  });
});

describe('observation', () => {
  it('says what it leaves out', () => {
    const guests = Array.from({ length: MAX_GUESTS + 2 }, (_, n) => guestRow({ vmid: 100 + n }));
    const { entities, links, partial } = observeCluster({
      connectionId: 'pve',
      asOf: 1,
      resources: { guests, hosts: [], storages: [], unreadable: 3 },
      status: undefined,
      versions: new Map(),
      factsOf: () => facts,
      gaps: ['not visible: storages'],
    });
    expect(entities).toHaveLength(MAX_GUESTS);
    // No host is known, so nothing is linked to one.
    expect(links).toEqual([]);
    expect(partial).toBe(
      `not visible: storages; 2 of ${MAX_GUESTS + 2} guests are left out; 3 rows of the answer could not be read`,
    );
  });

  it('keeps hostile names as they are, within an id that cannot be mistaken', () => {
    const name = '<img src=x>\u202E/../%';
    const { entities } = observeCluster({
      connectionId: 'pve',
      asOf: 1,
      resources: read(
        { type: 'node', node: 'a/b\u202E', status: 'online' },
        { type: 'lxc', vmid: 101, node: 'a', name },
      ),
      status: undefined,
      versions: new Map(),
      factsOf: () => facts,
      gaps: [],
    });
    expect(entities.map(({ id }) => id)).toEqual(['proxmox/pve/lxc/101', 'proxmox/pve/node/a%2Fb%E2%80%AE']);
    expect(entities[0]?.name).toBe(`ct 101 ${name}`);
  });
});

describe('credentials', () => {
  it('go into one header, with or without the scheme in the token', () => {
    const header = { authorization: 'PVEAPIToken=a@pve!t=secret' };
    expect(proxmoxSystem.authHeaders({ type: 'token', token: 'a@pve!t=secret' })).toEqual(header);
    expect(proxmoxSystem.authHeaders({ type: 'token', token: 'PVEAPIToken=a@pve!t=secret' })).toEqual(header);
    expect(proxmoxSystem.authHeaders({ type: 'none' })).toEqual({});
  });
});
