import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestApi, until } from './testing/api.ts';

interface Row {
  readonly id: string;
  readonly type: string;
  readonly vmid?: number;
  readonly node?: string;
  readonly status?: string;
  readonly [key: string]: unknown;
}

let api: TestApi;
beforeEach(async () => {
  api = await TestApi.start();
});
afterEach(() => api.lab.stop());

describe('tasks', () => {
  it('start at once, end later, and keep a log', async () => {
    const upid = await api.post('/nodes/pve-1/lxc/101/status/stop');
    expect(upid).toMatch(/^UPID:pve-1:[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:vzstop:101:gantry@pve!console:$/);
    expect(api.lab.world.guests.get(101)?.status).toBe('running');
    expect(await api.ended(upid)).toBe('OK');
    expect(api.lab.world.guests.get(101)?.status).toBe('stopped');
    expect(api.lab.world.isInstanceUp('checkout-1')).toBe(false);
    const log = await api.envelope(`/nodes/pve-1/tasks/${encodeURIComponent(upid)}/log`);
    expect(log.data).toMatchObject([{ n: 1 }, { n: 2, t: 'TASK OK' }]);
    expect(log.total).toBe(2);
    const list = await api.data<Row[]>('/cluster/tasks');
    expect(list[0]).toMatchObject({ upid, type: 'vzstop', id: '101', tokenid: 'console', status: 'OK' });
    expect(await api.data<Row[]>('/nodes/pve-1/tasks?source=active')).toEqual([]);
  });

  it('can be stopped by their owner', async () => {
    const slow = await TestApi.start(1);
    try {
      const upid = await slow.post('/nodes/pve-1/lxc/101/status/shutdown');
      await slow.data(`/nodes/pve-1/tasks/${encodeURIComponent(upid)}`, { method: 'DELETE' });
      expect(await slow.ended(upid)).toBe('interrupted by signal');
      expect(slow.lab.world.guests.get(101)?.status).toBe('running');
    } finally {
      await slow.lab.stop();
    }
  });

  it('fail with HTTP 200 and their text', async () => {
    const upid = await api.post('/nodes/pve-2/qemu/120/status/start');
    expect(await api.ended(upid)).toBe('VM 120 already running');
    const failed = await api.data<Row[]>('/nodes/pve-2/tasks?errors=1');
    expect(failed.map((task) => task['upid'])).toEqual([upid]);
  });
});

describe('guests', () => {
  it('refuse at once what their state forbids', async () => {
    const reasons = async (path: string) =>
      (await api.raw(`/api2/json${path}`, { method: 'POST', form: {} })).reason;
    expect(await reasons('/nodes/pve-1/lxc/101/status/start')).toBe('CT 101 already running');
    expect(await reasons('/nodes/pve-3/qemu/190/status/suspend')).toBe('VM 190 not running');
    expect(await reasons('/nodes/pve-1/lxc/900/status/start')).toBe(
      "you can't start a CT if it's a template",
    );
    expect(await reasons('/nodes/pve-2/lxc/101/status/stop')).toBe(
      "Configuration file 'nodes/pve-2/lxc/101.conf' does not exist",
    );
    expect(await reasons('/nodes/nowhere/lxc/101/status/stop')).toMatch(/^hostname lookup 'nowhere' failed/);
  });

  it('pause, resume and reboot', async () => {
    expect(await api.ended(await api.post('/nodes/pve-2/qemu/120/status/suspend'))).toBe('OK');
    expect(await api.data('/nodes/pve-2/qemu/120/status/current')).toMatchObject({
      status: 'running',
      qmpstatus: 'paused',
      cpu: 0,
    });
    expect(api.lab.world.isInstanceUp('payments-1')).toBe(false);
    expect(await api.ended(await api.post('/nodes/pve-2/qemu/120/status/resume'))).toBe('OK');
    expect(api.lab.world.isInstanceUp('payments-1')).toBe(true);
    const before = api.lab.world.guests.get(101)?.startedAt ?? 0;
    expect(await api.ended(await api.post('/nodes/pve-1/lxc/101/status/reboot'))).toBe('OK');
    expect(api.lab.world.guests.get(101)?.startedAt).toBeGreaterThan(before);
  });

  it('keep a suspended machine on disk, locked', async () => {
    expect(await api.ended(await api.post('/nodes/pve-2/qemu/120/status/suspend', { todisk: 1 }))).toBe('OK');
    expect(await api.data('/nodes/pve-2/qemu/120/status/current')).toMatchObject({
      status: 'stopped',
      lock: 'suspended',
    });
    expect(await api.ended(await api.post('/nodes/pve-2/qemu/120/status/start'))).toBe('OK');
    expect(await api.data('/nodes/pve-2/qemu/120/config')).not.toHaveProperty('lock');
  });

  it('stop through the HA manager when it manages them', async () => {
    const upid = await api.post('/nodes/pve-2/lxc/140/status/stop');
    expect(upid).toContain(':hastop:140:');
    expect(await api.ended(upid)).toBe('OK');
    await until(() => api.lab.world.guests.get(140)?.status === 'stopped');
    await until(async () => {
      const { ha } = await api.data<{ ha: { state: string } }>('/nodes/pve-2/lxc/140/status/current');
      return ha.state === 'stopped';
    });
  });

  it('do not hear a clean shutdown without an agent, unless forced', async () => {
    const ended = await api.ended(
      await api.post('/nodes/pve-3/qemu/131/status/shutdown', { timeout: 2 }).catch(() => ''),
    );
    // Managed by HA: only a request. Taken out of its hands it is a plain shutdown.
    expect(ended).toBe('OK');
    await api.data('/cluster/ha/resources/vm:131', { method: 'DELETE' });
    await until(() => api.lab.world.guests.get(131)?.status === 'stopped');
    await api.ended(await api.post('/nodes/pve-3/qemu/131/status/start'));
    expect(await api.ended(await api.post('/nodes/pve-3/qemu/131/status/shutdown', { timeout: 2 }))).toBe(
      'VM quit/powerdown failed - got timeout',
    );
    expect(
      await api.ended(await api.post('/nodes/pve-3/qemu/131/status/shutdown', { timeout: 2, forceStop: 1 })),
    ).toBe('WARNINGS: 1');
  });

  it('change by configuration with a digest, at once or at the next start', async () => {
    const path = '/nodes/pve-1/lxc/101/config';
    const { digest } = await api.data<{ digest: string }>(path);
    expect(
      await api.data(path, { method: 'PUT', form: { cores: 4, ostype: 'alpine', tags: 'B,a', digest } }),
    ).toBeNull();
    expect(await api.data(path)).toMatchObject({ cores: 4, ostype: 'alpine', tags: 'b;a' });
    expect(await api.data(`${path}?current=1`)).toMatchObject({ ostype: 'debian' });
    const pending = await api.data<Row[]>('/nodes/pve-1/lxc/101/pending');
    expect(pending).toContainEqual({ key: 'ostype', value: 'debian', pending: 'alpine' });
    const stale = await api.raw(`/api2/json${path}`, { method: 'PUT', form: { cores: 2, digest } });
    expect(stale.reason).toBe('detected modified configuration - file changed by other user? Try again.');
    await api.ended(await api.post('/nodes/pve-1/lxc/101/status/reboot'));
    expect(await api.data(`${path}?current=1`)).toMatchObject({ ostype: 'alpine' });
  });

  it('take, list, roll back and delete snapshots', async () => {
    const path = '/nodes/pve-1/lxc/101/snapshot';
    expect(await api.ended(await api.post(path, { snapname: 'before', description: 'safe' }))).toBe('OK');
    expect(await api.data<Row[]>(path)).toMatchObject([
      { name: 'before', description: 'safe' },
      { name: 'current', parent: 'before', running: 1 },
    ]);
    await api.data('/nodes/pve-1/lxc/101/config', { method: 'PUT', form: { cores: 1 } });
    expect(await api.ended(await api.post(`${path}/before/rollback`))).toBe('OK');
    // Stopped hard by the rollback, and not started again.
    expect(await api.data('/nodes/pve-1/lxc/101/status/current')).toMatchObject({
      status: 'stopped',
      cpus: 2,
    });
    expect(await api.ended(await api.post(path, { snapname: 'before' }))).toBe(
      "snapshot name 'before' already used",
    );
    expect(await api.ended(await api.data(`${path}/before`, { method: 'DELETE' }))).toBe('OK');
    expect(await api.data<Row[]>(path)).toHaveLength(1);
    const missing = await api.raw(`/api2/json${path}/gone/rollback`, { method: 'POST', form: {} });
    expect(missing.reason).toBe("snapshot 'gone' does not exist");
  });

  it('clone, migrate and go', async () => {
    const running = await api.raw('/api2/json/nodes/pve-1/lxc/101/clone', {
      method: 'POST',
      form: { newid: 300 },
    });
    expect(running.reason).toBe('Full clone of a running container is only possible from a snapshot');
    expect(
      await api.ended(await api.post('/nodes/pve-1/lxc/900/clone', { newid: 300, hostname: 'fresh' })),
    ).toBe('OK');
    expect(await api.data('/nodes/pve-1/lxc/300/config')).toMatchObject({
      hostname: 'fresh',
      rootfs: expect.stringContaining('300-disk-0') as string,
    });
    const plain = await api.raw('/api2/json/nodes/pve-1/lxc/101/migrate', {
      method: 'POST',
      form: { target: 'pve-3' },
    });
    expect(plain.reason).toBe("can't migrate running container without --online or --restart");
    expect(
      await api.ended(await api.post('/nodes/pve-1/lxc/101/migrate', { target: 'pve-3', restart: 1 })),
    ).toBe('OK');
    expect(api.lab.world.guests.get(101)).toMatchObject({ host: 'pve-3', status: 'running' });
    expect((await api.raw('/api2/json/nodes/pve-1/lxc/101/config')).status).toBe(500);
    const busy = await api.raw('/api2/json/nodes/pve-3/lxc/101', { method: 'DELETE' });
    expect(busy.reason).toBe('unable to destroy CT 101 - container is running');
    expect(await api.ended(await api.data('/nodes/pve-3/lxc/101?force=1', { method: 'DELETE' }))).toBe('OK');
    expect(api.lab.world.guests.has(101)).toBe(false);
    expect(await api.data('/cluster/nextid')).toBe('101');
  });

  it('are locked while they are backed up, and have a backup afterwards', async () => {
    const slow = await TestApi.start(0.2);
    try {
      const upid = await slow.post('/nodes/pve-1/vzdump', { vmid: 101, storage: 'local' });
      await until(
        async () => (await slow.data<{ lock?: string }>('/nodes/pve-1/lxc/101/config')).lock === 'backup',
      );
      const stop = await slow.raw('/api2/json/nodes/pve-1/lxc/101/status/stop', { method: 'POST', form: {} });
      expect(stop.reason).toBe('CT is locked (backup)');
      expect(await slow.ended(upid)).toBe('OK');
      const content = await slow.data<Row[]>('/nodes/pve-1/storage/local/content?content=backup');
      expect(content).toMatchObject([{ vmid: 101, subtype: 'lxc' }]);
      const volid = encodeURIComponent(String(content[0]?.['volid']));
      expect(
        await slow.data(`/nodes/pve-1/storage/local/content/${volid}?delay=5`, { method: 'DELETE' }),
      ).toBeNull();
      // Nothing of the selection lives there: no task, a word.
      expect(await slow.post('/nodes/pve-2/vzdump', { vmid: 101 })).toBe('OK');
    } finally {
      await slow.lab.stop();
    }
  });
});
