import { afterEach, beforeEach, expect, it } from 'vitest';
import { TestApi } from './testing/api.ts';

let api: TestApi;
beforeEach(async () => {
  api = await TestApi.start();
});
afterEach(() => api.lab.stop());

it('describes a pool, a user and a storage to those who may see them', async () => {
  const shop = [...api.lab.world.guests.values()].filter((guest) => guest.pool === 'shop');
  const pool = await api.data<{ members: { vmid: number }[] }>('/pools/shop');
  expect(pool.members.map(({ vmid }) => vmid)).toEqual(shop.map(({ vmid }) => vmid));
  expect((await api.raw('/api2/json/pools/none')).status).toBe(500);
  expect(await api.data('/access/users/auditor@pve')).toMatchObject({ tokens: { shop: { privsep: 1 } } });
  expect(await api.data('/storage/local')).toMatchObject({ type: 'dir', path: '/var/lib/vz' });
  api.token = api.proxmox.cluster.access.tokenText('shop@pve', 'ops');
  for (const path of ['/access/users/auditor@pve', '/storage/local', '/nodes/pve-1/hardware/usb'])
    expect((await api.raw(`/api2/json${path}`)).status, path).toBe(403);
});

it('reads a backup back: its file, its configuration and what a retention would do to it', async () => {
  const at = '/nodes/pve-2/storage/nfs-shared';
  const form = { vmid: 120, storage: 'nfs-shared', protected: 1 };
  await api.ended(await api.post('/nodes/pve-2/vzdump', form));
  const [archive] = await api.data<{ volid: string; size: number }[]>(`${at}/content?content=backup`);
  const volid = encodeURIComponent(archive?.volid ?? '');
  await api.data('/nodes/pve-2/qemu/120/config', { method: 'PUT', form: { description: 'later' } });
  const config = await api.data<string>(`/nodes/pve-2/vzdump/extractconfig?volume=${volid}`);
  expect(config).toContain(`name: ${api.lab.world.guests.get(120)?.name}\n`);
  expect(config).not.toMatch(/later|lock:/);
  expect(await api.data(`${at}/content/${volid}`)).toMatchObject({
    path: expect.stringMatching(/^\/mnt\/pve\/nfs-shared\/dump\/vzdump-qemu-120-/) as string,
    size: archive?.size,
    protected: 1,
  });
  expect(await api.data(`${at}/prunebackups?prune-backups=keep-last=1`)).toMatchObject([
    { vmid: 120, mark: 'protected' },
  ]);
  expect((await api.envelope(`${at}/prunebackups?prune-backups=keep-some`)).errors).toHaveProperty(
    'prune-backups',
  );
  api.token = api.proxmox.cluster.access.tokenText('shop@pve', 'ops');
  expect((await api.raw(`/api2/json/nodes/pve-2/vzdump/extractconfig?volume=${volid}`)).status).toBe(403);
});
