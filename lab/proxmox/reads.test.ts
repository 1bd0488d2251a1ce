import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestApi } from './testing/api.ts';

type Row = Readonly<Record<string, unknown>>;

let api: TestApi;
beforeEach(async () => {
  api = await TestApi.start();
});
afterEach(() => api.lab.stop());

async function refusal(path: string): Promise<string> {
  const { status, reason } = await api.raw(`/api2/json${path}`);
  return `${status} ${reason}`;
}

describe('firewall', () => {
  it('lists rules by position, under one digest with the options of their level', async () => {
    const rules = await api.data<Row[]>('/cluster/firewall/rules');
    expect(rules.map(({ pos }) => pos)).toEqual([0, 1]);
    expect(rules[0]).toMatchObject({ type: 'group', action: 'operators', enable: 1 });
    const options = await api.data<Row>('/cluster/firewall/options');
    expect(options).toMatchObject({ enable: 1, policy_in: 'DROP', digest: rules[0]?.['digest'] });
    expect(await api.data('/cluster/firewall/groups')).toMatchObject([{ group: 'operators' }]);
    expect(await api.data('/cluster/firewall/ipset')).toMatchObject([{ name: 'nodes' }]);
    expect(await api.data('/cluster/firewall/macros')).toContainEqual(
      expect.objectContaining({ macro: 'SSH' }),
    );
    expect(await api.data('/nodes/pve-1/firewall/options')).toMatchObject({ enable: 1 });
    expect(await api.data('/nodes/pve-1/firewall/rules')).toMatchObject([{ pos: 0, macro: 'Ping' }]);
  });

  it('filters the guests whose card says so, and lets them name objects of the datacenter', async () => {
    const at = '/nodes/pve-2/qemu/120/firewall';
    expect(await api.data(`${at}/options`)).toMatchObject({ enable: 1, macfilter: 1 });
    expect((await api.data<Row[]>(`${at}/rules`)).map(({ enable }) => enable)).toEqual([1, 0]);
    const ip = api.lab.world.guests.get(120)?.ip;
    expect(await api.data(`${at}/aliases`)).toMatchObject([{ name: 'self', cidr: ip }]);
    expect((await api.data<Row[]>(`${at}/refs`)).map(({ ref }) => ref)).toEqual([
      'dc/lan',
      '+dc/nodes',
      'guest/self',
      '+guest/ipfilter-net0',
    ]);
    expect((await api.data<Row[]>(`${at}/refs?type=alias`)).map(({ ref }) => ref)).toEqual([
      'dc/lan',
      'guest/self',
    ]);
    expect(await api.data('/nodes/pve-1/lxc/101/firewall/options')).toMatchObject({ enable: 0 });
    expect(await api.envelope(`${at}/log`)).toMatchObject({ total: 1, data: [{ n: 1, t: 'no content' }] });
  });

  it('asks for the right of each level, and for a console right on a guest log', async () => {
    api.token = api.proxmox.cluster.access.tokenText('auditor@pve', 'view');
    expect(await refusal('/nodes/pve-2/qemu/120/firewall/log')).toBe(
      '403 Permission check failed (/vms/120, VM.Console)',
    );
    expect(await refusal('/nodes/pve-1/firewall/log')).toBe(
      '403 Permission check failed (/nodes/pve-1, Sys.Syslog)',
    );
    api.token = api.proxmox.cluster.access.tokenText('shop@pve', 'ops');
    expect(await refusal('/cluster/firewall/rules')).toBe('403 Permission check failed (/, Sys.Audit)');
    expect(await refusal('/nodes/pve-1/firewall/options')).toBe(
      '403 Permission check failed (/nodes/pve-1, Sys.Audit)',
    );
  });
});

describe('nodes', () => {
  it('tells pools, devices, names and its report', async () => {
    const [pool] =
      await api.data<{ name: string; size: number; alloc: number; free: number }[]>('/nodes/pve-1/disks/zfs');
    expect(pool).toMatchObject({ name: 'tank', health: 'ONLINE' });
    expect((pool?.alloc ?? 0) + (pool?.free ?? 0)).toBe(pool?.size);
    expect(await api.data('/nodes/pve-1/scan/zfs')).toContainEqual({ pool: 'tank' });
    const used = (await api.data<Row[]>('/nodes/pve-1/disks/list')).map((disk) => disk['used']);
    expect(used).toContain('ZFS');
    const shown = await api.data<Row[]>('/nodes/pve-1/hardware/pci');
    const all = await api.data<Row[]>('/nodes/pve-1/hardware/pci?pci-class-blacklist=ff&verbose=0');
    expect([shown.length, all.length, all[0]?.['vendor_name']]).toEqual([3, 4, undefined]);
    const ip = api.lab.world.hosts.get('pve-2')?.ip;
    expect((await api.data<{ data: string }>('/nodes/pve-1/hosts')).data).toContain(`${ip} pve-2.lab`);
    expect(await api.data('/nodes/pve-1/report')).toContain('lxc 101');
    expect(await api.data('/nodes/pve-1/subscription')).toMatchObject({ status: 'notfound' });
    expect(await api.data('/nodes/pve-1/aplinfo')).toMatchObject([{ section: 'system', type: 'lxc' }]);
    expect(await api.data('/nodes/pve-1/capabilities/qemu/cpu')).toContainEqual(
      expect.objectContaining({ name: 'x86-64-v2-AES', custom: 0 }),
    );
    expect(await api.data('/nodes/pve-1/replication?guest=101')).toEqual([]);
    expect(await api.data('/access/tfa')).toEqual([]);
  });

  it('puts the journal between two cursors', async () => {
    await api.ended(await api.post('/nodes/pve-1/lxc/101/status/reboot'));
    const upid = await api.post('/nodes/pve-1/lxc/101/status/reboot');
    await api.ended(upid);
    const lines = await api.data<string[]>('/nodes/pve-1/journal?lastentries=1');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain(upid);
    expect([lines[0], lines[2]].every((line) => line?.startsWith('s='))).toBe(true);
  });

  it('shows what cloud-init will read, a change that waits included', async () => {
    const guest = [...api.lab.world.guests.values()].find(
      ({ type, pool, ip }) => type === 'qemu' && pool === 'tools' && ip !== '',
    );
    const rows = await api.data<Row[]>(`/nodes/${guest?.host}/qemu/${guest?.vmid}/cloudinit`);
    expect(rows).toEqual([{ key: 'ipconfig0', value: expect.stringContaining(`ip=${guest?.ip}/24`) }]);
  });

  it('asks for rights at the root, the storages and the node', async () => {
    api.token = api.proxmox.cluster.access.tokenText('auditor@pve', 'view');
    expect(await refusal('/nodes/pve-1/scan/zfs')).toBe(
      '403 Permission check failed (/storage, Datastore.Allocate)',
    );
    expect(await refusal('/nodes/pve-1/journal')).toBe(
      '403 Permission check failed (/nodes/pve-1, Sys.Syslog)',
    );
    api.token = api.proxmox.cluster.access.tokenText('shop@pve', 'ops');
    for (const path of ['/nodes/pve-1/disks/zfs', '/nodes/pve-1/hosts', '/cluster/metrics/export'])
      expect(await refusal(path)).toBe('403 Permission check failed (/, Sys.Audit)');
    expect(await refusal('/nodes/pve-1/hardware/pci')).toBe(
      '403 Permission check failed (/, Sys.Audit|Sys.Modify)',
    );
  });
});

describe('metrics', () => {
  interface Metric {
    readonly id: string;
    readonly metric: string;
    readonly type: string;
    readonly timestamp: number;
  }
  const ask = async (query: string) =>
    (await api.data<{ data: Metric[] }>(`/cluster/metrics/export${query}`)).data;

  it('exports the present of every online node, counters marked as such', async () => {
    const rows = await ask('');
    expect(rows.find(({ id, metric }) => id === 'lxc/101' && metric === 'net_in')?.type).toBe('derive');
    expect(rows.find(({ id, metric }) => id === 'node/pve-2' && metric === 'cpu_max')?.type).toBe('gauge');
    expect(rows.some(({ id }) => id === 'storage/pve-1/local')).toBe(true);
    expect(new Set(rows.map(({ timestamp }) => timestamp)).size).toBe(1);
    api.lab.world.setHostOnline('pve-2', false);
    expect((await ask('')).some(({ id }) => id === 'node/pve-2')).toBe(false);
  });

  it('keeps half an hour in steps of ten seconds, newer than the given time', async () => {
    const times = [...new Set((await ask('?history=1&node-list=pve-1')).map(({ timestamp }) => timestamp))];
    expect(times).toHaveLength(180);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBe(10);
    const start = times[170] ?? 0;
    const newer = await ask(`?history=1&local-only=1&start-time=${start}`);
    expect(newer.every(({ timestamp }) => timestamp > start)).toBe(true);
    expect(new Set(newer.map(({ id }) => id.split('/')[0]))).toContain('node');
  });
});
