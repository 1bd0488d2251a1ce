import { afterEach, beforeEach, expect, it } from 'vitest';
import { TestApi } from './testing/api.ts';

let api: TestApi;
beforeEach(async () => {
  api = await TestApi.start();
});
afterEach(() => api.lab.stop());

it('finds single firewall objects, and says which it does not find', async () => {
  expect(await api.data('/cluster/firewall/rules/1')).toMatchObject({ pos: 1, source: '+dc/nodes' });
  expect(await api.data('/cluster/firewall/groups/operators')).toMatchObject([{ macro: 'SSH' }, { pos: 1 }]);
  const ips = [...api.lab.world.hosts.values()].map(({ ip }) => ip);
  const entries = await api.data<{ cidr: string }[]>('/cluster/firewall/ipset/nodes');
  expect(entries.map(({ cidr }) => cidr)).toEqual(ips);
  const at = '/nodes/pve-2/qemu/120/firewall';
  expect(await api.data(`${at}/aliases/self`)).toMatchObject({ cidr: api.lab.world.guests.get(120)?.ip });
  expect((await api.envelope(`${at}/rules/9`)).errors).toHaveProperty('pos');
  expect((await api.raw('/api2/json/cluster/firewall/ipset/none')).status).toBe(500);
});

it('tells the health of a disk and of a pool, and what cloud-init gets', async () => {
  const smart = '/nodes/pve-1/disks/smart';
  expect(await api.data(`${smart}?disk=/dev/nvme0n1`)).toMatchObject({ health: 'PASSED', type: 'text' });
  expect((await api.envelope(smart)).errors).toHaveProperty('disk');
  expect(await api.data('/nodes/pve-1/disks/zfs/tank')).toMatchObject({
    state: 'ONLINE',
    children: [{ name: 'tank', children: [{ name: 'nvme1n1', leaf: 1 }] }],
  });
  const guest = api.lab.world.guests.get(120);
  expect(await api.data('/nodes/pve-2/qemu/120/cloudinit/dump?type=user')).toContain(
    `hostname: ${guest?.name}`,
  );
  api.token = api.proxmox.cluster.access.tokenText('shop@pve', 'ops');
  const refused = await api.raw(`/api2/json${smart}?disk=/dev/nvme0n1`);
  expect([refused.status, refused.reason]).toEqual([403, 'Permission check failed (/, Sys.Audit)']);
});
