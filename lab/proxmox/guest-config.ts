import { createHash } from 'node:crypto';
import type { LabGuest } from '../kit/world.ts';
import { flag, optionalText, type Params, type Value } from './params.ts';

export type GuestType = 'lxc' | 'qemu';
export type Config = Record<string, Value>;

const GiB = 2 ** 30;
const MiB = 2 ** 20;

/** Disks of these pools lie on the shared storage; the others on their node's own. */
const SHARED_POOLS: ReadonlySet<string> = new Set(['data', 'llm']);

/** The configuration a guest of the scenario starts with. Virtual machines answer `memory` as text, containers as number. */
export function initialConfig(guest: LabGuest): Config {
  return guest.type === 'lxc' ? containerConfig(guest) : machineConfig(guest);
}

function containerConfig(guest: LabGuest): Config {
  const addresses = [guest.ip, ...guest.moreIps].filter((ip) => ip !== '');
  const nets = (addresses.length === 0 ? ['dhcp'] : addresses).map((ip, index) => {
    const gateway = index === 0 && ip !== 'dhcp' ? `,gw=${gatewayOf(ip)}` : '';
    const address = ip === 'dhcp' ? 'dhcp' : `${ip}/24`;
    const net = `name=eth${index},bridge=vmbr${index}${gateway},hwaddr=${macOf(guest.vmid, index)},ip=${address},type=veth`;
    return [`net${index}`, net] as const;
  });
  return {
    arch: 'amd64',
    cores: guest.cpus,
    hostname: guest.name,
    memory: Math.round(guest.memoryBytes / MiB),
    ...Object.fromEntries(nets),
    ...(startsAtBoot(guest) ? { onboot: 1 } : {}),
    ostype: 'debian',
    rootfs: `${storageOf(guest)}:${volumeName(guest)},size=${guest.diskBytes / GiB}G`,
    swap: 512,
    ...(guest.tags.length > 0 ? { tags: guest.tags.join(';') } : {}),
    ...(guest.template ? { template: 1 } : {}),
    unprivileged: 1,
  };
}

function machineConfig(guest: LabGuest): Config {
  // The build machine has no agent and gets its address by cloud-init; the second database has an agent that is not running.
  const cloudInit = guest.pool === 'tools' && guest.ip !== '';
  return {
    ...(cloudInit ? { ipconfig0: `ip=${guest.ip}/24,gw=${gatewayOf(guest.ip)}` } : { agent: '1' }),
    boot: 'order=scsi0;net0',
    cores: guest.cpus,
    cpu: 'x86-64-v2-AES',
    memory: String(Math.round(guest.memoryBytes / MiB)),
    name: guest.name,
    net0: `virtio=${macOf(guest.vmid, 0)},bridge=vmbr0,firewall=1`,
    ...(startsAtBoot(guest) ? { onboot: 1 } : {}),
    ostype: 'l26',
    scsi0: `${storageOf(guest)}:${volumeName(guest)},iothread=1,size=${guest.diskBytes / GiB}G`,
    scsihw: 'virtio-scsi-single',
    sockets: 1,
    ...(guest.tags.length > 0 ? { tags: guest.tags.join(';') } : {}),
    ...(guest.template ? { template: 1 } : {}),
    vmgenid: `5f0c0000-0000-4000-8000-${String(guest.vmid).padStart(12, '0')}`,
  };
}

/** What runs in the scenario is meant to run: it is set to start with its node. */
function startsAtBoot(guest: LabGuest): boolean {
  return guest.status === 'running';
}

function storageOf(guest: LabGuest): string {
  return SHARED_POOLS.has(guest.pool) ? 'nfs-shared' : 'local-lvm';
}

function volumeName(guest: LabGuest): string {
  const base = `${guest.template ? 'base' : 'vm'}-${guest.vmid}-disk-0`;
  return SHARED_POOLS.has(guest.pool)
    ? `${guest.vmid}/${base}.${guest.type === 'lxc' ? 'raw' : 'qcow2'}`
    : base;
}

export function macOf(vmid: number, index: number): string {
  const bytes = [vmid >> 8, vmid & 255, index].map((byte) =>
    byte.toString(16).toUpperCase().padStart(2, '0'),
  );
  return `BC:24:11:${bytes.join(':')}`;
}

function gatewayOf(ip: string): string {
  return `${ip.slice(0, ip.lastIndexOf('.'))}.1`;
}

/** SHA-1 over the sorted lines, as sent back to detect lost updates. */
export function digestOf(config: Config): string {
  const lines = Object.entries(config).map(([key, value]) => `${key}: ${value}\n`);
  return createHash('sha1').update(lines.sort().join('')).digest('hex');
}

/** `storage:volume` of every disk of a configuration, with the key it stands under. */
export function volumesOf(config: Config): { key: string; volid: string; sizeBytes: number }[] {
  return Object.entries(config)
    .filter(([key]) => /^(rootfs|mp\d+|(scsi|virtio|sata|ide)\d+|efidisk0|unused\d+)$/.test(key))
    .map(([key, value]) => {
      const [volid = '', ...options] = String(value).split(',');
      const size = options.find((option) => option.startsWith('size='))?.slice('size='.length);
      return { key, volid, sizeBytes: parseSize(size ?? '0') };
    })
    .filter(({ volid }) => volid.includes(':'));
}

/** `8G`, `512M`, or bytes without suffix. */
export function parseSize(size: string): number {
  const parts = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(size);
  return parts ? Number(parts[1]) * 1_024 ** ' KMGT'.indexOf(parts[2] === '' ? ' ' : (parts[2] ?? ' ')) : 0;
}

const common: Params = {
  cores: { type: 'integer', optional: true, minimum: 1 },
  cpuunits: { type: 'integer', optional: true, minimum: 0 },
  delete: optionalText,
  description: { ...optionalText, maxLength: 8_192 },
  digest: { ...optionalText, maxLength: 64 },
  hookscript: optionalText,
  nameserver: optionalText,
  'net[n]': optionalText,
  onboot: flag,
  protection: flag,
  revert: optionalText,
  searchdomain: optionalText,
  startup: optionalText,
  tags: optionalText,
  template: flag,
  'unused[n]': optionalText,
};

/** Parameters of `PUT config`. */
export const configParams: Readonly<Record<GuestType, Params>> = {
  lxc: {
    ...common,
    arch: { ...optionalText, enum: ['amd64', 'i386', 'arm64', 'armhf', 'riscv32', 'riscv64'] },
    cmode: { ...optionalText, enum: ['shell', 'console', 'tty'] },
    console: flag,
    cpulimit: { type: 'number', optional: true, minimum: 0, maximum: 8_192 },
    debug: flag,
    'dev[n]': optionalText,
    entrypoint: optionalText,
    env: optionalText,
    features: optionalText,
    hostname: { ...optionalText, maxLength: 255 },
    lock: optionalText,
    memory: { type: 'integer', optional: true, minimum: 16 },
    'mp[n]': optionalText,
    ostype: optionalText,
    rootfs: optionalText,
    swap: { type: 'integer', optional: true, minimum: 0 },
    timezone: optionalText,
    tty: { type: 'integer', optional: true, minimum: 0, maximum: 6 },
    unprivileged: flag,
  },
  qemu: {
    ...common,
    acpi: flag,
    agent: optionalText,
    balloon: { type: 'integer', optional: true, minimum: 0 },
    bios: { ...optionalText, enum: ['seabios', 'ovmf'] },
    boot: optionalText,
    cicustom: optionalText,
    cipassword: optionalText,
    citype: { ...optionalText, enum: ['configdrive2', 'nocloud', 'opennebula'] },
    ciupgrade: flag,
    ciuser: optionalText,
    cpu: optionalText,
    cpulimit: { type: 'number', optional: true, minimum: 0, maximum: 128 },
    cpuunits: { type: 'integer', optional: true, minimum: 1 },
    efidisk0: optionalText,
    force: flag,
    freeze: flag,
    hotplug: optionalText,
    'ide[n]': optionalText,
    'ipconfig[n]': optionalText,
    kvm: flag,
    localtime: flag,
    lock: optionalText,
    machine: optionalText,
    memory: optionalText,
    name: optionalText,
    numa: flag,
    ostype: optionalText,
    'sata[n]': optionalText,
    'scsi[n]': optionalText,
    scsihw: optionalText,
    'serial[n]': optionalText,
    skiplock: { ...flag, rootOnly: true },
    sockets: { type: 'integer', optional: true, minimum: 1 },
    sshkeys: optionalText,
    tablet: flag,
    'usb[n]': optionalText,
    vcpus: { type: 'integer', optional: true, minimum: 1 },
    vga: optionalText,
    'virtio[n]': optionalText,
    vmgenid: optionalText,
    watchdog: optionalText,
  },
};

const AT_ONCE: Readonly<Record<GuestType, RegExp>> = {
  lxc: /^(description|onboot|startup|protection|hostname|hookscript|cores|tags|lock|memory|swap|cpulimit|cpuunits|net\d+|unused\d+)$/,
  qemu: /^(description|onboot|startup|protection|hookscript|tags|lock|cpulimit|cpuunits|balloon|net\d+|name|unused\d+)$/,
};

/** Whether a change of this key takes hold while the guest runs; the others wait for a restart. */
export function appliesAtOnce(type: GuestType, key: string, isNew: boolean): boolean {
  return AT_ONCE[type].test(key) || (type === 'lxc' && isNew && /^(mp|dev)\d+$/.test(key));
}
