import { volumesOf } from './guest-config.ts';
import { failure } from './pve-error.ts';
import type { Cluster } from './state.ts';

export interface Store {
  readonly storage: string;
  readonly type: 'dir' | 'lvmthin' | 'nfs';
  /** Content kinds, in no particular order. */
  readonly content: readonly string[];
  readonly shared: boolean;
  readonly sizeBytes: number;
  /** Settings that only this type has. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface VolumeRow {
  readonly volid: string;
  readonly content: string;
  readonly format: string;
  readonly size: number;
  readonly vmid?: number;
  readonly ctime?: number;
  readonly subtype?: string;
  notes?: string;
  protected?: 1;
  /** Of an archive: the guest's configuration at that time, as its file says it. Listings leave it out. */
  readonly config?: string;
}

const GiB = 2 ** 30;

export const storeList: readonly Store[] = [
  {
    storage: 'local',
    type: 'dir',
    content: ['iso', 'vztmpl', 'backup', 'snippets'],
    shared: false,
    sizeBytes: 200 * GiB,
    settings: { path: '/var/lib/vz' },
  },
  {
    storage: 'local-lvm',
    type: 'lvmthin',
    content: ['images', 'rootdir'],
    shared: false,
    sizeBytes: 1_800 * GiB,
    settings: { thinpool: 'data', vgname: 'pve' },
  },
  {
    storage: 'nfs-shared',
    type: 'nfs',
    content: ['images', 'rootdir', 'backup', 'iso', 'vztmpl'],
    shared: true,
    sizeBytes: 8_000 * GiB,
    settings: { export: '/export/pve', path: '/mnt/pve/nfs-shared', server: '10.2.0.5' },
  },
];

/** A storage's entry in the cluster's configuration. */
export function storageEntry(store: Store) {
  return {
    storage: store.storage,
    type: store.type,
    content: store.content.join(','),
    ...(store.shared ? { shared: 1 } : {}),
    ...store.settings,
    digest: 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
  };
}

/** Storages and what lies on them. Guests' disks follow from their configurations; files are kept here. */
export class Stores {
  readonly #cluster: Cluster;
  /** `<node>/<storage>`, or `<storage>` for a shared one → files. */
  readonly #files = new Map<string, VolumeRow[]>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    const ctime = cluster.seconds() - 30 * 86_400;
    for (const node of cluster.world.hosts.keys()) {
      this.#files.set(`${node}/local`, [
        {
          volid: 'local:iso/debian-13.1.0-amd64-netinst.iso',
          content: 'iso',
          format: 'iso',
          size: 790_626_304,
          ctime,
        },
        {
          volid: 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst',
          content: 'vztmpl',
          format: 'tzst',
          size: 126_515_062,
          ctime,
        },
      ]);
    }
    this.#files.set('nfs-shared', []);
  }

  find(name: string): Store {
    const store = storeList.find(({ storage }) => storage === name);
    if (!store) throw failure(`storage '${name}' does not exist`);
    return store;
  }

  /** Disks, images and files of one storage as seen from one node. */
  volumes(node: string, name: string): VolumeRow[] {
    const store = this.find(name);
    const disks: VolumeRow[] = [];
    for (const guest of this.#cluster.world.guests.values()) {
      if (!store.shared && guest.host !== node) continue;
      for (const { volid, sizeBytes } of volumesOf(this.#cluster.record(guest.vmid).config)) {
        if (!volid.startsWith(`${name}:`)) continue;
        disks.push({
          volid,
          content: guest.type === 'lxc' ? 'rootdir' : 'images',
          format: volid.endsWith('.qcow2') ? 'qcow2' : 'raw',
          size: sizeBytes,
          vmid: guest.vmid,
        });
      }
    }
    return [...disks, ...this.#filesOf(node, store)];
  }

  usedBytes(node: string, name: string): number {
    const store = this.find(name);
    const stored = this.volumes(node, name).reduce((sum, { size }) => sum + size, 0);
    return Math.min(store.sizeBytes, Math.round(stored + store.sizeBytes * 0.03));
  }

  addFile(node: string, name: string, row: VolumeRow): void {
    this.#filesOf(node, this.find(name)).push(row);
  }

  /** Removes a file. Throws for what is protected, and for disks, which belong to a guest. */
  removeFile(node: string, name: string, volid: string): void {
    const files = this.#filesOf(node, this.find(name));
    const index = files.findIndex((row) => row.volid === volid);
    const row = files[index];
    if (!row) {
      const isDisk = this.volumes(node, name).some((volume) => volume.volid === volid);
      throw failure(
        isDisk ? `unable to remove volume '${volid}' - still in use` : `volume '${volid}' does not exist`,
      );
    }
    if (row.protected) throw failure(`volume '${volid}' is protected`);
    files.splice(index, 1);
  }

  #filesOf(node: string, store: Store): VolumeRow[] {
    const key = store.shared ? store.storage : `${node}/${store.storage}`;
    let files = this.#files.get(key);
    if (!files) this.#files.set(key, (files = []));
    return files;
  }
}
