import { writeFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { inProject, runMain } from './lib/project.mjs';

/** Draws assets/icon.png: a gantry crane that holds one load, on a dark tile. Kept as a script, so that it can be changed. */

const SIZE = 1024;
const SAMPLES = 4;
const tile = [14, 17, 22];
const steel = [215, 222, 231];
const accent = [90, 169, 255];

/** Shapes in units of a 100 × 100 tile, drawn in order: x, y, width, height, colour. */
const bars = [
  [14, 26, 72, 8, steel],
  [20, 34, 7, 44, steel],
  [73, 34, 7, 44, steel],
  [14, 76, 19, 6, steel],
  [67, 76, 19, 6, steel],
  [46, 22, 16, 16, accent],
  [53, 38, 2, 16, accent],
  [43, 54, 22, 16, accent],
];
const RADIUS = 20;

function insideTile(x, y) {
  const dx = Math.max(RADIUS - x, x - (100 - RADIUS), 0);
  const dy = Math.max(RADIUS - y, y - (100 - RADIUS), 0);
  return dx * dx + dy * dy <= RADIUS * RADIUS;
}

/** Colour and opacity at one point. */
function colourAt(x, y) {
  if (!insideTile(x, y)) return [0, 0, 0, 0];
  const bar = bars.findLast(([left, top, width, height]) => {
    return x >= left && x < left + width && y >= top && y < top + height;
  });
  return [...(bar?.[4] ?? tile), 255];
}

function pixel(column, row) {
  const sum = [0, 0, 0, 0];
  for (let n = 0; n < SAMPLES * SAMPLES; n += 1) {
    const x = ((column + ((n % SAMPLES) + 0.5) / SAMPLES) / SIZE) * 100;
    const y = ((row + (Math.floor(n / SAMPLES) + 0.5) / SAMPLES) / SIZE) * 100;
    const [red, green, blue, alpha] = colourAt(x, y);
    sum[0] += red * alpha;
    sum[1] += green * alpha;
    sum[2] += blue * alpha;
    sum[3] += alpha;
  }
  const weight = sum[3] || 1;
  return [sum[0] / weight, sum[1] / weight, sum[2] / weight, sum[3] / (SAMPLES * SAMPLES)].map(Math.round);
}

const crcTable = Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = crcTable[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

runMain(async () => {
  const rows = Buffer.alloc(SIZE * (1 + SIZE * 4));
  for (let row = 0; row < SIZE; row += 1) {
    for (let column = 0; column < SIZE; column += 1) {
      rows.set(pixel(column, row), row * (1 + SIZE * 4) + 1 + column * 4);
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(SIZE, 0);
  head.writeUInt32BE(SIZE, 4);
  head.set([8, 6, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  writeFileSync(
    inProject('assets/icon.png'),
    Buffer.concat([
      signature,
      chunk('IHDR', head),
      chunk('IDAT', deflateSync(rows, { level: 9 })),
      chunk('IEND', Buffer.alloc(0)),
    ]),
  );
  return 0;
});
