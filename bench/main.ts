import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { WorldSnapshotSchema } from '../shared/model/world.ts';
import { openBrowser, type Browser, type Call } from './browser.ts';
import { engineChange } from './engine-change.ts';
import { FIXTURE_AT, fixture } from './fixture.ts';
import type { ChangeTimes, FrameTimes } from './pages/page.ts';
import { median, passes, quantile, table, type Line, type Peer } from './report.ts';
import { worldOf } from './world.ts';

/**
 * `npm run bench`: does the console hold its budgets on 10,000 entities, and what do two well-known libraries need for the
 * same picture? Everything is measured in one run on one machine. Exits with 1 when a budget is missed.
 */

const FIRST_PAINT_MS = 1_000;
const FRAME_MS = 16.7;
const CHANGE_MS = 16;
const CHANGE_SHARE = 0.01;
const FRAMES = 150;
/** Fewer for the libraries: one frame of theirs may take half a second. */
const PEER_FRAMES = 60;
const CHANGES = 20;
const FIRST_PAINTS = 3;
/** A library that needs longer for one step has not kept up. */
const PEER_PATIENCE_MS = 90_000;
const libraries = ['cytoscape', 'react-flow'] as const;

interface Motion {
  readonly firstPaintMs: number;
  readonly panAll: FrameTimes;
  readonly zoom: FrameTimes;
  readonly panIn: FrameTimes;
}

const { values } = parseArgs({
  options: { count: { type: 'string', default: '10000' }, 'no-peers': { type: 'boolean', default: false } },
});
const count = Number(values.count);
const root = path.resolve(import.meta.dirname, '..');
const startLoad = os.loadavg()[0]!;

async function measure(browser: Browser): Promise<Line[]> {
  // What is measured is a world that the console could really meet.
  WorldSnapshotSchema.parse(worldOf(fixture(count)).snapshot(FIXTURE_AT));
  // The engine first, while no browser is warm beside it.
  const engine = engineChange(count, CHANGE_SHARE, CHANGES);
  const map = await motionOf(browser, `map.html?count=${count}&wait=1#/topology?fold=none`, FIRST_PAINTS);
  const folded = await motionOf(browser, `map.html?count=${count}&wait=1#/topology`, 1);
  const peers = new Map<string, Motion | null>();
  for (const library of values['no-peers'] ? [] : libraries) {
    peers.set(library, await peerMotion(browser, `peer.html?peer=${library}&count=${count}`));
  }
  const beside = (pick: (motion: Motion) => number): Peer[] =>
    [...peers].map(([library, motion]) => ({ library, measured: motion && pick(motion) }));
  const line = (
    name: string,
    measured: number,
    budget: number | null,
    pick?: (motion: Motion) => number,
  ): Line => ({
    name,
    unit: 'ms',
    measured,
    budget,
    peers: pick ? beside(pick) : [],
  });
  const changes = await changesOf(browser, `map.html?count=${count}&wait=1#/topology?fold=none`);
  const foldedChanges = await changesOf(browser, `map.html?count=${count}&wait=1#/topology`);
  return [
    line('first paint, nothing folded', map.firstPaintMs, FIRST_PAINT_MS, (motion) => motion.firstPaintMs),
    line('first paint, folded by size', folded.firstPaintMs, FIRST_PAINT_MS),
    ...frameLines('pan, all in view', map.panAll, (motion) => motion.panAll, line),
    ...frameLines('zoom, all in view', map.zoom, (motion) => motion.zoom, line),
    ...frameLines('pan, zoomed in', map.panIn, (motion) => motion.panIn, line),
    line('pan, folded: p95 frame', folded.panAll.p95, FRAME_MS),
    line('1 % changed, engine: dearest answer', median(engine.map(({ dearestMs }) => dearestMs)), CHANGE_MS),
    line('1 % changed, engine: all answers', median(engine.map(({ allMs }) => allMs)), null),
    line('1 % changed, engine: of that, the change', median(engine.map(({ flushMs }) => flushMs)), null),
    line('1 % changed, map unfolded: median', median(scripts(changes)), CHANGE_MS),
    line('1 % changed, map unfolded: p95', quantile(scripts(changes), 0.95), null),
    line('1 % changed, map folded: median', median(scripts(foldedChanges)), CHANGE_MS),
    line('1 % changed, map folded: p95', quantile(scripts(foldedChanges), 0.95), null),
  ];
}

type MakeLine = (
  name: string,
  measured: number,
  budget: number | null,
  pick?: (motion: Motion) => number,
) => Line;

function frameLines(
  name: string,
  times: FrameTimes,
  of: (motion: Motion) => FrameTimes,
  line: MakeLine,
): Line[] {
  return [
    line(`${name}: median frame`, times.median, FRAME_MS, (motion) => of(motion).median),
    line(`${name}: p95 frame`, times.p95, FRAME_MS, (motion) => of(motion).p95),
  ];
}

const scripts = (changes: readonly ChangeTimes[]) => changes.map((change) => change.scriptMs);

/** First paint as the median of fresh pages; motion on the last of them. */
async function motionOf(browser: Browser, address: string, paints: number, count = FRAMES): Promise<Motion> {
  const first: number[] = [];
  for (let i = 1; i < paints; i++) {
    first.push(await browser.withPage(address, (call) => call('firstPaint')));
  }
  return browser.withPage(address, async (call) => {
    first.push(await call('firstPaint'));
    return { firstPaintMs: median(first), ...(await frames(call, count)) };
  });
}

async function frames(call: Call, count: number): Promise<Omit<Motion, 'firstPaintMs'>> {
  await call('rest');
  const panAll = await call('panFrames', count);
  await call('rest');
  const zoom = await call('zoomFrames', count);
  await call('zoomTo', 8);
  const panIn = await call('panFrames', count);
  return { panAll, zoom, panIn };
}

async function peerMotion(browser: Browser, address: string): Promise<Motion | null> {
  const late = new Promise<null>((resolve) => {
    setTimeout(() => resolve(null), PEER_PATIENCE_MS).unref();
  });
  // A page that never answers is closed with the browser; its rejection then has nobody to tell.
  const motion = motionOf(browser, address, 1, PEER_FRAMES);
  motion.catch(() => {});
  return Promise.race([motion, late]);
}

async function changesOf(browser: Browser, address: string): Promise<ChangeTimes[]> {
  return browser.withPage(address, async (call) => {
    await call('firstPaint');
    await call('rest');
    // The first ones run code that is not compiled yet, as the first seconds of any session do.
    await call('changes', CHANGE_SHARE, 5);
    return call('changes', CHANGE_SHARE, CHANGES);
  });
}

function write(lines: readonly Line[], chromium: string): void {
  const folder = path.join(root, 'bench/results');
  mkdirSync(folder, { recursive: true });
  const result = {
    at: new Date().toISOString(),
    entities: count,
    machine: {
      cpus: os.cpus().length,
      model: os.cpus()[0]!.model,
      load: startLoad,
      node: process.version,
      chromium,
    },
    lines: lines.map((line) => ({ ...line, pass: passes(line) })),
  };
  writeFileSync(path.join(folder, 'topology.json'), `${JSON.stringify(result, null, 2)}\n`);
}

async function main(): Promise<void> {
  const browser = await openBrowser(root);
  try {
    const lines = await measure(browser);
    const failed = lines.filter((line) => !passes(line));
    console.log(
      `\n${count.toLocaleString('en')} entities, Chromium ${browser.version} headless, ${os.cpus().length} × ${os.cpus()[0]!.model}, load ${startLoad.toFixed(1)} at the start\n`,
    );
    console.log(table(lines, values['no-peers'] ? [] : libraries));
    if (startLoad > os.cpus().length / 2) console.log('\nThe machine was busy: run again when it is quiet.');
    console.log(failed.length === 0 ? '\nEvery budget holds.' : `\n${failed.length} of the budgets missed.`);
    write(lines, browser.version);
    process.exitCode = failed.length === 0 ? 0 : 1;
  } finally {
    await browser.close();
  }
}

await main();
