import { badParameter } from './pve-error.ts';
import type { VolumeRow } from './stores.ts';

type Mark = 'keep' | 'remove' | 'protected';

/** What two archives of the same period have in common; `last` counts each archive alone. */
const periods: readonly (readonly [string, (row: VolumeRow) => string])[] = [
  ['keep-last', ({ volid }) => volid],
  ['keep-hourly', (row) => dateOf(row).slice(0, 13)],
  ['keep-daily', (row) => dateOf(row).slice(0, 10)],
  // Epoch began on a Thursday, weeks begin on Monday.
  ['keep-weekly', ({ ctime = 0 }) => String(Math.floor((ctime / 86_400 + 3) / 7))],
  ['keep-monthly', (row) => dateOf(row).slice(0, 7)],
  ['keep-yearly', (row) => dateOf(row).slice(0, 4)],
];

function dateOf({ ctime = 0 }: VolumeRow): string {
  return new Date(ctime * 1_000).toISOString();
}

/**
 * What a retention such as `keep-last=2,keep-daily=7` would do to archives, guest by guest.
 * Throws 400 for a retention that cannot be read.
 */
export function pruneMarks(rows: readonly VolumeRow[], retention: string) {
  const keep = parse(retention);
  const marks = new Map<VolumeRow, Mark>();
  for (const vmid of new Set(rows.map((row) => row.vmid))) {
    const own = rows.filter((row) => row.vmid === vmid);
    for (const row of own) if (row.protected) marks.set(row, 'protected');
    const open = own.filter((row) => !row.protected).sort((a, b) => (b.ctime ?? 0) - (a.ctime ?? 0));
    for (const [name, periodOf] of periods) keepNewest(open, marks, keep.get(name) ?? 0, periodOf);
  }
  const isLimited = !keep.get('keep-all') && [...keep.values()].some((count) => count > 0);
  return rows.map((row) => ({
    volid: row.volid,
    ctime: row.ctime,
    type: row.subtype,
    vmid: row.vmid,
    mark: marks.get(row) ?? (isLimited ? 'remove' : 'keep'),
  }));
}

/** Keeps the newest of each of `count` periods in which nothing is kept yet. */
function keepNewest(
  rows: readonly VolumeRow[],
  marks: Map<VolumeRow, Mark>,
  count: number,
  periodOf: (row: VolumeRow) => string,
): void {
  const covered = new Set(rows.filter((row) => marks.has(row)).map(periodOf));
  let left = count;
  for (const row of rows) {
    if (left === 0) return;
    if (covered.has(periodOf(row))) continue;
    covered.add(periodOf(row));
    marks.set(row, 'keep');
    left--;
  }
}

function parse(retention: string): Map<string, number> {
  const known = new Set(['keep-all', ...periods.map(([name]) => name)]);
  return new Map(
    retention.split(',').map((part) => {
      const [name = '', count = ''] = part.split('=');
      if (!known.has(name) || !/^\d+$/.test(count))
        throw badParameter('prune-backups', `invalid format - cannot read '${part}'`);
      return [name, Number(count)];
    }),
  );
}
