import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestApi } from '../../../../lab/proxmox/testing/api.ts';
import { EntitySchema } from '../../../../shared/model/entity.ts';
import { GantryError, type GantryErrorData } from '../../../../shared/model/error.ts';
import { proxmoxSystem } from './index.ts';
import { Reader } from './testing/reader.ts';

let api: TestApi;
let reader: Reader;

beforeEach(async () => {
  api = await TestApi.start();
  reader = readerFor(api.token);
});
afterEach(async () => {
  await reader.close();
  await api.lab.stop();
});

function readerFor(token: string): Reader {
  const fingerprint = api.proxmox.connections[0]?.tls?.fingerprint;
  return new Reader({ url: api.origin, token, fingerprint });
}

async function errorOf(work: Promise<unknown>): Promise<GantryErrorData> {
  const thrown: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(GantryError);
  return (thrown as GantryError).data;
}

describe('a user name and a password', () => {
  const readerAs = (password: string) =>
    new Reader({
      url: api.origin,
      auth: { type: 'password', username: 'gantry@pve', password },
      fingerprint: api.proxmox.connections[0]?.tls?.fingerprint,
    });

  it('read as a token does', async () => {
    const session = readerAs(api.proxmox.cluster.access.users.get('gantry@pve')?.password ?? '');
    const observation = await session.poll();
    expect(observation.entities.length).toBe((await reader.poll()).entities.length);
    await session.close();
  });

  it('are refused when wrong, and not repeated', async () => {
    const session = readerAs('guessed-pass');
    const error = await errorOf(session.poll());
    expect(error.code).toBe('unauthorized');
    expect(JSON.stringify(error)).not.toContain('guessed-pass');
    await session.close();
  });
});

describe('the lab, read once', () => {
  it('is three hosts, thirty guests and seven storages, all fit for the world', async () => {
    const observation = await reader.poll();
    const count = (kind: string) => observation.entities.filter((entity) => entity.kind === kind).length;
    expect([count('host'), count('guest'), count('storage')]).toEqual([3, 30, 7]);
    for (const entity of observation.entities) {
      const inWorld = {
        ...entity,
        connectionId: 'pve',
        sourceId: 'pve/resources',
        health: { ...entity.ownHealth, since: 0, causes: [] },
      };
      expect(EntitySchema.safeParse(inWorld).error?.issues).toBeUndefined();
      if (entity.ownHealth.state !== 'healthy') expect(entity.ownHealth.reason).toBeTruthy();
    }
    expect(observation.partial).toBeUndefined();
    expect(reader.versions).toEqual(['9.1.4']);
  });

  it('has every address that the guests tell, and says why where it has none', async () => {
    await reader.poll();
    for (const spec of api.lab.world.guests.values()) {
      const guest = reader.guest(`${spec.type}/${spec.vmid}`);
      expect(guest.name).toBe(`${spec.type === 'lxc' ? 'ct' : 'vm'} ${spec.vmid} ${spec.name}`);
      if (spec.template || spec.name === 'orders-db-b') expect(guest.addresses).toEqual([]);
      else expect(guest.addresses.toSorted()).toEqual([spec.ip, ...spec.moreIps].toSorted());
    }
    expect(reader.guest('qemu/131').attrs.addressNote).toBe('the guest agent is not running');
    expect(reader.guest('qemu/190').attrs.addressNote).toBe(
      'not running; addresses are those of its configuration',
    );
    expect(reader.guest('lxc/101').attrs).not.toHaveProperty('addressNote');
    expect(reader.entity('node/pve-2')).toMatchObject({
      addresses: ['10.2.0.12'],
      attrs: { version: '9.1.4', cpus: 32 },
      ownHealth: { state: 'healthy' },
    });
  });

  it('links guests and local storages to their node, and a shared storage to none', async () => {
    const { links } = await reader.poll();
    const linksOf = (id: string) => links.filter((link) => link.from === `proxmox/pve/${id}`);
    expect(linksOf('lxc/112')).toEqual([
      {
        from: 'proxmox/pve/lxc/112',
        to: 'proxmox/pve/node/pve-2',
        kind: 'runs-on',
        rule: 'reported',
        evidence: 'Proxmox lists container 112 on node pve-2',
        confidence: 'certain',
      },
    ]);
    expect(linksOf('storage/pve-1%2Flocal').map(({ to }) => to)).toEqual(['proxmox/pve/node/pve-1']);
    expect(linksOf('storage/nfs-shared')).toEqual([]);
    expect(links).toHaveLength(36);
  });

  it('is the same however the answer is ordered', async () => {
    const strip = (entities: readonly { id: string }[]) => entities.map(({ id }) => id);
    const first = strip((await reader.poll()).entities);
    expect(strip((await reader.poll()).entities)).toEqual(first);
    expect(first).toEqual(first.toSorted());
  });

  it('judges guests by what says that they should run', async () => {
    await reader.poll();
    expect(reader.guest('lxc/101').ownHealth).toEqual({ state: 'healthy' });
    expect(reader.guest('lxc/900').ownHealth).toEqual({
      state: 'maintenance',
      reason: 'template: not meant to run',
    });
    expect(reader.guest('qemu/190').ownHealth).toEqual({
      state: 'maintenance',
      reason: 'guest is stopped and not set to start at boot',
    });
  });
});

describe('changes', () => {
  it('a stopped guest is down in the very next reading, with its address, and without a further question', async () => {
    await reader.poll();
    reader.takeRequests();
    api.lab.world.setGuestStatus(112, 'stopped', Date.now());
    await reader.poll();
    expect(reader.guest('lxc/112')).toMatchObject({
      ownHealth: { state: 'down', reason: 'guest is stopped, although it is set to start at boot' },
      addresses: ['10.1.0.22'],
      metrics: { memoryLimitBytes: 2 * 2 ** 30 },
    });
    expect(reader.guest('lxc/112').metrics).not.toHaveProperty('cpuFraction');
    expect(reader.takeRequests()).toEqual(['/cluster/resources', '/cluster/status']);
  });

  it('a guest stopped under HA is down although nothing else says that it should run', async () => {
    await api.data('/nodes/pve-2/lxc/140/config', { method: 'PUT', form: { onboot: 0 } });
    api.lab.world.setGuestStatus(140, 'stopped', Date.now());
    await reader.poll();
    expect(reader.guest('lxc/140').ownHealth.reason).toBe(
      'guest is stopped, although HA manages it to run (HA state started)',
    );
  });

  it('a restarted guest is asked for its addresses again, the others are not', async () => {
    await reader.poll();
    reader.takeRequests();
    api.lab.world.setGuestStatus(112, 'stopped', Date.now());
    api.lab.world.setGuestStatus(112, 'running', Date.now());
    await reader.poll();
    expect(reader.takeRequests()).toContain('/nodes/pve-2/lxc/112/interfaces');
    await reader.poll();
    expect(reader.takeRequests()).toEqual(['/cluster/resources', '/cluster/status']);
  });

  it('a guest that moved is asked at its new node', async () => {
    await reader.poll();
    reader.takeRequests();
    api.lab.world.updateGuest(112, { host: 'pve-3' });
    await reader.poll();
    expect(reader.takeRequests()).toContain('/nodes/pve-3/lxc/112/interfaces');
    expect(reader.guest('lxc/112').attrs.hostName).toBe('pve-3');
  });

  it('a silent node is down, what runs on it unknown, and nobody asks it', async () => {
    await reader.poll();
    reader.takeRequests();
    api.lab.world.setHostOnline('pve-3', false);
    await reader.poll();
    expect(reader.entity('node/pve-3')).toMatchObject({
      ownHealth: { state: 'down', reason: 'node pve-3 is offline' },
      metrics: {},
      addresses: ['10.2.0.13'],
    });
    expect(reader.guest('lxc/115')).toMatchObject({
      ownHealth: { state: 'unknown', reason: 'node pve-3 is offline, so nothing is known of its guests' },
      addresses: ['10.1.0.25'],
      attrs: { addressNote: 'the node does not report; addresses are those of its configuration' },
    });
    expect(reader.entity('storage/pve-3%2Flocal').ownHealth.state).toBe('unknown');
    expect(reader.entity('storage/nfs-shared').ownHealth.state).toBe('healthy');
    reader.advance(3_600_000);
    await reader.poll();
    expect(reader.takeRequests().filter((path) => path.startsWith('/nodes/pve-3'))).toEqual([]);
  });

  it('a cluster without quorum says so on the nodes that are left', async () => {
    api.lab.world.setHostOnline('pve-3', false);
    api.lab.world.setHostOnline('pve-2', false);
    await reader.poll();
    expect(reader.entity('node/pve-1').ownHealth).toMatchObject({ state: 'degraded' });
  });

  it('a paused machine is noticed by its idleness, and its end by the next look', async () => {
    await reader.poll();
    api.lab.world.updateGuest(120, { paused: true });
    await reader.poll();
    expect(reader.guest('qemu/120')).toMatchObject({
      ownHealth: { state: 'down', reason: 'virtual machine is paused' },
      attrs: { status: 'paused' },
    });
    api.lab.world.updateGuest(120, { paused: false });
    reader.advance(15_000);
    await reader.poll();
    expect(reader.guest('qemu/120').ownHealth).toEqual({ state: 'healthy' });
  });

  it('a clone does not take the address of its running source', async () => {
    await api.ended(await api.post('/nodes/pve-1/lxc/101/snapshot', { snapname: 'now' }));
    await api.ended(await api.post('/nodes/pve-1/lxc/101/clone', { newid: 301, snapname: 'now', full: 1 }));
    await reader.poll();
    expect(reader.guest('lxc/101').addresses).toEqual(['10.1.0.11']);
    expect(reader.guest('lxc/301').addresses).toEqual([]);
  });

  it('locks are told', async () => {
    api.proxmox.cluster.setLock(101, 'backup');
    await reader.poll();
    expect(reader.guest('lxc/101')).toMatchObject({
      ownHealth: { state: 'healthy', reason: 'guest is running, locked (backup)' },
      attrs: { lock: 'backup' },
    });
  });
});

describe('politeness', () => {
  it('asks every guest once, and an agent that is not running ever more rarely', async () => {
    await reader.poll();
    const first = reader.takeRequests();
    expect(new Set(first).size).toBe(first.length);
    const agent = '/nodes/pve-3/qemu/131/agent/network-get-interfaces';
    const asked = async () => {
      await reader.poll();
      return reader.takeRequests().includes(agent);
    };
    expect(await asked()).toBe(false);
    reader.advance(31_000);
    expect(await asked()).toBe(true);
    reader.advance(31_000);
    expect(await asked()).toBe(false);
    reader.advance(31_000);
    expect(await asked()).toBe(true);
  });

  it('never asks a machine without a configured agent, and falls back to cloud-init', async () => {
    api.lab.world.setGuestStatus(190, 'running', Date.now());
    await reader.poll();
    expect(reader.takeRequests().filter((path) => path.includes('/190/'))).toEqual([
      '/nodes/pve-3/qemu/190/config',
    ]);
    expect(reader.guest('qemu/190')).toMatchObject({
      addresses: ['10.1.0.90'],
      attrs: {
        addressNote:
          'no guest agent is configured (option "agent"); addresses are those of its configuration',
      },
    });
  });

  it('refreshes a few at a time', async () => {
    await reader.poll();
    reader.takeRequests();
    reader.advance(6 * 60_000);
    await reader.poll();
    const asked = reader.takeRequests().filter((path) => path.endsWith('/interfaces'));
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.length).toBeLessThanOrEqual(8);
  });
});

describe('rights', () => {
  it('names what limited credentials hide, and shows the rest', async () => {
    const limited = readerFor(api.proxmox.cluster.access.tokenText('shop@pve', 'ops'));
    try {
      const observation = await limited.poll();
      expect(observation.entities.filter(({ kind }) => kind === 'guest')).toHaveLength(4);
      expect(limited.guest('lxc/101').addresses).toEqual(['10.1.0.11']);
      expect(observation.partial).toContain('some guests (VM.Audit on /vms is missing)');
      expect(observation.partial).toContain('node addresses and quorum (Sys.Audit on / is missing)');
      limited.takeRequests();
      await limited.poll();
      expect(limited.takeRequests()).toEqual(['/cluster/resources']);
    } finally {
      await limited.close();
    }
  });

  it('are told by check', async () => {
    const signal = AbortSignal.timeout(5_000);
    expect(await proxmoxSystem.check({ http: reader.http, signal })).toEqual({
      version: '9.1.4',
      permissions:
        'sees 30 guests on 3 nodes; holds VM.Audit, Sys.Audit, Datastore.Audit, VM.GuestAgent.Audit',
    });
    const limited = readerFor(api.proxmox.cluster.access.tokenText('auditor@pve', 'shop'));
    try {
      const { permissions } = await proxmoxSystem.check({ http: limited.http, signal });
      expect(permissions).toContain(
        'sees 4 guests on 3 nodes; holds no privilege on everything; not visible: some guests',
      );
    } finally {
      await limited.close();
    }
  });

  it('refuses a wrong token as such, once and with advice', async () => {
    const wrong = readerFor('gantry@pve!console=00000000-0000-0000-0000-000000000000');
    try {
      const error = await errorOf(wrong.poll());
      expect(error).toMatchObject({ code: 'unauthorized', status: 401, retryable: false });
      expect(error.advice).toContain('API token');
      expect(wrong.requests).toHaveLength(1);
      expect(JSON.stringify(error)).not.toContain('00000000-0000');
    } finally {
      await wrong.close();
    }
  });
});

describe('faults', () => {
  const cases = [
    ['malformed', 'malformed'],
    ['truncated', 'truncated'],
    ['oversized', 'too-large'],
    ['error', 'server-error'],
    ['down', 'unreachable'],
    ['tls-expired', 'tls'],
    ['hang', 'timeout'],
  ] as const;

  it.each(cases)('%s becomes %s with advice, and is over when it is over', async (mode, code) => {
    await reader.poll();
    const before = reader.observations.length;
    const server = api.proxmox.servers[0];
    await server?.setFault({ mode });
    // Sockets that were open when the server went away tell of that first.
    if (mode === 'down' || mode === 'tls-expired') await errorOf(reader.poll());
    const error = await errorOf(reader.poll());
    expect(error.code).toBe(code);
    expect(error.advice).not.toBe('');
    expect(reader.observations).toHaveLength(before);
    await server?.setFault({ mode: 'none' });
    reader.rearm();
    const observation = await reader.poll();
    expect(observation.entities).toHaveLength(40);
    expect(observation.partial).toBeUndefined();
  });

  it('slow is only slow', async () => {
    await api.proxmox.servers[0]?.setFault({ mode: 'slow', ms: 40 });
    expect((await reader.poll()).entities).toHaveLength(40);
  });
});
