import type { LabGuest } from '../kit/world.ts';
import type { Config } from './guest-config.ts';
import { flag, isOn, listOf, optional, optionalText, storageId, textOf } from './params.ts';
import { badParameter } from './pve-error.ts';
import { get, nodeOf, route, type Call, type Route } from './route.ts';
import type { Worker } from './tasks.ts';

const BACKUP_MS = 5_000;
const MiB = 2 ** 20;

export const backupRoutes: readonly Route[] = [
  get(
    '/nodes/{node}/vzdump/defaults',
    'all',
    () => ({ mode: 'snapshot', compress: 'zstd', storage: 'local', 'prune-backups': 'keep-all=1' }),
    {
      storage: optional(storageId),
    },
  ),
  route('POST', '/nodes/{node}/vzdump', 'all', vzdump, {
    vmid: optionalText,
    pool: optionalText,
    all: flag,
    exclude: optionalText,
    storage: optional(storageId),
    mode: { ...optionalText, enum: ['snapshot', 'suspend', 'stop'] },
    compress: { ...optionalText, enum: ['0', '1', 'gzip', 'lzo', 'zstd'] },
    remove: flag,
    protected: flag,
    'notes-template': optionalText,
    'prune-backups': optionalText,
  }),
];

/** A task, or the word OK when none of the chosen guests lives on this node. */
function vzdump(call: Call): string {
  const { cluster, caller, values } = call;
  const host = nodeOf(call);
  const storage = textOf(values, 'storage') ?? 'local';
  const ids = new Set(listOf(values, 'vmid').map(Number));
  if (ids.size === 0 && !isOn(values, 'all') && !('pool' in values))
    throw badParameter('vmid', 'property is missing and it is not optional');
  const excluded = new Set(listOf(values, 'exclude').map(Number));
  const chosen = [...cluster.world.guests.values()].filter(
    (guest) =>
      guest.host === host.name &&
      !excluded.has(guest.vmid) &&
      (ids.has(guest.vmid) || isOn(values, 'all') || (guest.pool !== '' && guest.pool === values['pool'])),
  );
  for (const { vmid } of chosen) cluster.access.require(caller, `/vms/${vmid}`, ['VM.Backup']);
  if (!cluster.stores.find(storage).content.includes('backup'))
    throw badParameter('storage', `storage '${storage}' does not support backups`);
  cluster.access.require(caller, `/storage/${storage}`, ['Datastore.AllocateSpace']);
  if (chosen.length === 0) return 'OK';
  const id = chosen.length === 1 ? String(chosen[0]?.vmid) : '';
  return cluster.tasks.start(host.name, 'vzdump', id, caller, async (worker) => {
    worker.log(
      `INFO: starting new backup job: vzdump ${chosen.map(({ vmid }) => vmid).join(' ')} --storage ${storage}`,
    );
    for (const guest of chosen) await backUp(call, guest, storage, worker);
    worker.log('INFO: Backup job finished successfully');
  });
}

async function backUp(
  { cluster, values }: Call,
  guest: LabGuest,
  storage: string,
  worker: Worker,
): Promise<void> {
  const { vmid, type } = guest;
  worker.log(`INFO: Starting Backup of VM ${vmid} (${type})`);
  const stamp = new Date(cluster.context.now())
    .toISOString()
    .replace(/[-:]/g, '_')
    .replace('T', '-')
    .slice(0, 19);
  const name = `vzdump-${type}-${vmid}-${stamp}.${type === 'lxc' ? 'tar' : 'vma'}.zst`;
  const config = { ...cluster.record(vmid).config };
  await cluster.locked(guest, 'backup', async () => {
    worker.log(`INFO: creating vzdump archive '/var/lib/vz/dump/${name}'`);
    for (const percent of [25, 50, 75, 100]) {
      await worker.pause(BACKUP_MS / 4);
      // Only virtual machines tell how far they are.
      if (type === 'qemu')
        worker.log(
          `INFO: ${String(percent).padStart(3)}% (${(percent * 0.64).toFixed(1)} GiB of 64.0 GiB) in ${percent / 20}s, read: 250.1 MiB/s, write: 120.3 MiB/s`,
        );
    }
  });
  const size = Math.round(guest.diskBytes * 0.1);
  worker.log(`INFO: archive file size: ${Math.round(size / MiB)}MB`);
  worker.log(`INFO: Finished Backup of VM ${vmid} (00:00:05)`);
  const template = textOf(values, 'notes-template');
  cluster.stores.addFile(guest.host, storage, {
    volid: `${storage}:backup/${name}`,
    content: 'backup',
    format: type === 'lxc' ? 'tar.zst' : 'vma.zst',
    size,
    vmid,
    ctime: cluster.seconds(),
    subtype: type,
    config: configText(config),
    ...(template === undefined
      ? {}
      : { notes: template.replaceAll('{{guestname}}', guest.name).replaceAll('{{vmid}}', String(vmid)) }),
    ...(isOn(values, 'protected') ? { protected: 1 } : {}),
  });
}

function configText(config: Config): string {
  return Object.entries(config)
    .filter(([key]) => key !== 'lock')
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('');
}
