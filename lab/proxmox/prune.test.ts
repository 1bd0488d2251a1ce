import { expect, it } from 'vitest';
import { pruneMarks } from './prune.ts';

const row = (vmid: number, day: string) => ({
  volid: `local:backup/${vmid}-${day}`,
  content: 'backup',
  format: 'vma.zst',
  size: 1,
  vmid,
  subtype: 'qemu',
  ctime: Date.parse(day) / 1_000,
});
const rows = [
  row(1, '2026-01-01T01:00Z'),
  row(1, '2026-01-01T02:00Z'),
  row(1, '2026-01-02T01:00Z'),
  row(2, '2025-01-01T01:00Z'),
];

it.each([
  ['keep-all=1', ['keep', 'keep', 'keep', 'keep']],
  ['keep-last=0', ['keep', 'keep', 'keep', 'keep']],
  ['keep-last=1', ['remove', 'remove', 'keep', 'keep']],
  ['keep-daily=2', ['remove', 'keep', 'keep', 'keep']],
  // What another rule kept already does not count again.
  ['keep-last=1,keep-daily=1', ['remove', 'keep', 'keep', 'keep']],
])('keeps by %s, guest by guest', (retention, marks) => {
  expect(pruneMarks(rows, retention).map(({ mark }) => mark)).toEqual(marks);
});
