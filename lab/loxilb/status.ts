import type { LoxilbNode } from './node.ts';
import { CoreError, json, type Reply } from './reply.ts';

/** All text, with the trailing newlines of the files that the server reads. */
export function device(node: LoxilbNode): Record<string, string> {
  const seconds = Math.max(0, (node.context.now() - node.guest.startedAt) / 1_000);
  return {
    hostName: `${node.guest.name}\n`,
    machineID: '6f1d2b0e9c5a4c7b8a3f5d1e2c4b6a78\n',
    bootID: '0b9c3c34-5a0e-4f57-9a2e-6d0f5a6a1c55\n',
    OS: 'Ubuntu 22.04.5 LTS\n',
    kernel: '5.15.0-131-generic\n',
    architecture: 'x86_64\n',
    uptime: `${seconds.toFixed(2)} ${(seconds * node.guest.cpus * 0.9).toFixed(2)}\n`,
  };
}

export function processes(node: LoxilbNode): Record<string, string>[] {
  const used = node.guest.memoryUsedBytes / 2 ** 20;
  const share = ((100 * node.guest.memoryUsedBytes) / node.guest.memoryBytes).toFixed(1);
  const row = (pid: string, user: string, command: string, cpu: string, memory: string) => ({
    pid,
    user,
    priority: '20',
    nice: '0',
    virtMemory: '2514m',
    residentSize: `${Math.round(used)}m`,
    sharedMemory: '58m',
    status: 'S',
    CPUUsage: cpu,
    MemoryUsage: memory,
    time: '12:41.07',
    command,
  });
  return [
    row('1', 'root', 'systemd', '0.0', '0.4'),
    row('412', 'root', 'loxilb', (node.guest.cpuFraction * 100).toFixed(1), share),
  ];
}

export function filesystems(): Record<string, string>[] {
  return [
    {
      fileSystem: '/dev/mapper/pve-vm--100--disk--0',
      type: 'ext4',
      size: '16G',
      used: '5.2G',
      avail: '9.9G',
      usePercent: '35%',
      mountedOn: '/',
    },
    {
      fileSystem: 'tmpfs',
      type: 'tmpfs',
      size: '1.0G',
      used: '0',
      avail: '1.0G',
      usePercent: '0%',
      mountedOn: '/dev/shm',
    },
  ];
}

const ARCHIVE = 'loxilblb-1-2026-08-18.log';
const MAX_LINES = 10_000;

/** Newest first. Only later builds can page. */
export function logs(node: LoxilbNode, query: URLSearchParams): Reply {
  const wanted = Number(query.get('lines') ?? '100');
  if (!Number.isInteger(wanted) || wanted < 0) throw new CoreError('invalid lines');
  const file = query.get('file') ?? '';
  if (file !== '' && !isFileName(file)) throw new CoreError('invalid file name');
  if (file !== '' && file !== ARCHIVE) throw new CoreError(`open /var/log/${file} failed`);
  const lines = file === ARCHIVE ? archive().trimEnd().split('\n') : node.log;
  const level = query.get('level') ?? '';
  const keyword = query.get('keyword') ?? '';
  const skip = cursorOf(query.get('cursor'));
  const matching = [...lines]
    .reverse()
    .filter((line) => line.toLowerCase().includes(level.toLowerCase()) && line.includes(keyword));
  const end = skip + Math.min(MAX_LINES, wanted);
  const page = matching.slice(skip, end);
  if (node.profile !== 'head') return json({ logs: page });
  const totalBytes = lines.reduce((sum, line) => sum + line.length + 1, 0);
  return json({
    logs: page,
    log_file: file || `loxilb${node.guest.name}.log`,
    log_count: page.length,
    total_size: totalBytes,
    has_more: end < matching.length,
    ...(end < matching.length ? { next_cursor: Buffer.from(String(end)).toString('base64url') } : {}),
    scanned_bytes: totalBytes,
  });
}

function cursorOf(cursor: string | null): number {
  if (cursor === null) return 0;
  const at = Number(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (!Number.isInteger(at) || at <= 0) throw new CoreError('invalid cursor');
  return at;
}

export function logArchives(node: LoxilbNode): Reply {
  if (node.profile !== 'head') return json({ archives: [ARCHIVE] });
  const info = { name: ARCHIVE, size_bytes: archive().length, modified: '2026-08-18T23:59:58Z' };
  return json({ archives: [ARCHIVE], archive_info: [info] });
}

export function logArchive(name: string): Reply {
  if (!isFileName(name)) throw new CoreError('invalid file name');
  // A file that is not there is told as a failure of the server.
  if (name !== ARCHIVE) throw new CoreError(`open /var/log/${name} failed`);
  return { status: 200, text: archive(), contentType: 'application/octet-stream' };
}

function isFileName(name: string): boolean {
  return /^[\w.-]+\.log(\.gz)?$/.test(name) && !name.includes('..');
}

function archive(): string {
  return [
    '2026-08-18 23:58:02 [INFO] rule checkout added',
    '2026-08-18 23:59:58 [INFO] log rotated',
    '',
  ].join('\n');
}
