import { freshnessStates, type FreshnessState } from '../../../../shared/model/freshness.ts';
import { healthStates, type HealthState } from '../../../../shared/model/health.ts';
import { NAMES_FROM, RATES_FROM, SECOND_LINE_FROM, TEXT_MIN_PX } from '../thresholds.ts';
import { isBad } from '../pipeline/state.ts';
import { farLabels } from './far-labels.ts';
import { newRoute, routeOf } from './routes.ts';
import type { Painting, Visible } from './painter.ts';
import { addShape } from './shapes.ts';

/** All measures in map units; a node's box is `nodeWidth` × 40. */
const RADIUS = 6;
const SHAPE_X = 14;
const TEXT_X = 28;
const TEXT_RIGHT = 8;
const NAME_Y = 17;
const SECOND_Y = 32;
/** A group looks like a pile: this many edges, so far apart. */
const PILE = 2;
const PILE_STEP = 3;
/** Between a rate and the node that its link leads to. */
const RATE_GAP = 8;
/** Between a name and the fact beside it, px on the screen. */
const BESIDE_GAP = 10;
const CLOCK_WIDTH = 14;
const BATCH = 150;

const freshIndex = (state: FreshnessState) => freshnessStates.indexOf(state);
const LATE = freshIndex('late');
const STALE = freshIndex('stale');
const NEVER = freshIndex('never');

/** Nodes as boxes: shape and colour for the state, name, and the one fact that matters there. */
export function* paintCards(painting: Painting, visible: Visible): Generator<void, void, void> {
  const { nodes } = visible;
  const { zoom } = painting.camera;
  for (let from = 0; from < nodes.length; from += BATCH) {
    const part = nodes.subarray(from, from + BATCH);
    boxes(painting, part);
    stateShapes(painting, part);
    if (zoom >= NAMES_FROM) names(painting, part, zoom >= SECOND_LINE_FROM);
    yield;
  }
  if (zoom < NAMES_FROM) farLabels(painting, nodes);
  if (zoom >= RATES_FROM) {
    rates(painting, visible.edges);
    yield;
  }
}

function boxes(painting: Painting, nodes: Uint32Array): void {
  const { context, scene, palette } = painting;
  const { x, y, nodeWidth: width, nodeHeight: height } = scene;
  const hair = Math.max(1, 1 / painting.camera.zoom);
  piles(painting, nodes, hair);
  context.beginPath();
  for (const i of nodes) context.roundRect(x[i]!, y[i]!, width, height, RADIUS);
  context.fillStyle = palette.card;
  context.fill();
  hatchStale(painting, nodes);
  context.lineWidth = hair;
  for (const strong of [false, true]) {
    context.beginPath();
    for (const i of nodes) {
      if (scene.fresh[i] === NEVER || isBad(scene.stateOf(i)) !== strong) continue;
      context.roundRect(x[i]! + 0.5, y[i]! + 0.5, width - 1, height - 1, RADIUS);
    }
    context.strokeStyle = strong || painting.only ? palette.lineStrong : palette.line;
    context.stroke();
  }
  context.beginPath();
  for (const i of nodes) {
    if (scene.fresh[i] === NEVER) context.roundRect(x[i]! + 0.5, y[i]! + 0.5, width - 1, height - 1, RADIUS);
  }
  context.setLineDash([4, 3]);
  context.strokeStyle = palette.muted;
  context.stroke();
  context.setLineDash([]);
}

/** Edges of further cards below those of groups. */
function piles({ context, scene, palette }: Painting, nodes: Uint32Array, hair: number): void {
  for (let depth = PILE; depth >= 1; depth--) {
    context.beginPath();
    for (const i of nodes) {
      if (!scene.nodes[i]!.group) continue;
      const shift = depth * PILE_STEP;
      const inset = depth * 4;
      context.roundRect(
        scene.x[i]! + inset,
        scene.y[i]! + shift,
        scene.nodeWidth - 2 * inset,
        scene.nodeHeight,
        RADIUS,
      );
    }
    context.fillStyle = palette.ground;
    context.fill();
    context.strokeStyle = palette.line;
    context.lineWidth = hair;
    context.stroke();
  }
}

/** Diagonal hatch over what is stale. */
function hatchStale({ context, scene, palette, camera }: Painting, nodes: Uint32Array): void {
  const stale = nodes.filter((i) => scene.fresh[i] === STALE);
  if (stale.length === 0) return;
  const { nodeWidth: width, nodeHeight: height } = scene;
  context.save();
  context.beginPath();
  for (const i of stale) context.roundRect(scene.x[i]!, scene.y[i]!, width, height, RADIUS);
  context.clip();
  context.beginPath();
  for (const i of stale) {
    const left = scene.x[i]!;
    const top = scene.y[i]!;
    for (let shift = -height; shift < width; shift += 7) {
      context.moveTo(left + shift, top + height);
      context.lineTo(left + shift + height, top);
    }
  }
  context.lineWidth = 2 / Math.max(camera.zoom, 0.7);
  context.strokeStyle = palette.hatch;
  context.stroke();
  context.restore();
}

/** A state's shape, too, stays as large on the screen as it can. */
function shapeRadius(zoom: number): number {
  return Math.min(4 / Math.min(zoom, 1), 7.5);
}

function textLeft(zoom: number): number {
  return TEXT_X * (shapeRadius(zoom) / 4) * 0.92;
}

function stateShapes({ context, scene, palette, camera }: Painting, nodes: Uint32Array): void {
  const r = shapeRadius(camera.zoom);
  const x = SHAPE_X * (r / 4);
  for (const [number, state] of healthStates.entries()) {
    for (const stale of [false, true]) {
      context.beginPath();
      let any = false;
      for (const i of nodes) {
        if (scene.state[i] !== number || (scene.fresh[i] === STALE) !== stale) continue;
        any = true;
        addShape(context, state, scene.x[i]! + x, scene.y[i]! + scene.nodeHeight / 2, r);
      }
      if (any) finishShape(context, state, stale ? palette.faded : palette.state);
    }
  }
}

function finishShape(
  context: Painting['context'],
  state: HealthState,
  colours: Readonly<Record<HealthState, string>>,
): void {
  if (state === 'unknown') {
    context.lineWidth = 1.5;
    context.strokeStyle = colours[state];
    context.stroke();
  } else {
    context.fillStyle = colours[state];
    context.fill();
  }
}

/** Font size in map units: as wanted at life size, and never smaller on the screen than can be read. */
function readable(size: number, zoom: number, most: number): number {
  return Math.min(Math.max(size, Math.ceil((2 * TEXT_MIN_PX) / zoom) / 2), most);
}

function names(painting: Painting, nodes: Uint32Array, secondLine: boolean): void {
  const { context, scene, palette, text, camera } = painting;
  const size = readable(13, camera.zoom, secondLine ? 15 : 26);
  const nameFont = `${size}px ${palette.font}`;
  const secondFont = `${readable(11, camera.zoom, 15)}px ${palette.font}`;
  const left = textLeft(camera.zoom);
  const width = scene.nodeWidth - left - TEXT_RIGHT;
  // Measured before drawing: switching fonts for every node costs more than two passes.
  const cut = Array.from(nodes, (i) => text.fit(context, nameFont, painting.title(i), width));
  context.textBaseline = 'alphabetic';
  context.font = nameFont;
  context.fillStyle = palette.text;
  const base = secondLine ? NAME_Y : scene.nodeHeight / 2 + size * 0.35;
  nodes.forEach((i, k) => {
    context.fillText(cut[k]!, scene.x[i]! + left, scene.y[i]! + base);
  });
  clocks(painting, nodes, secondLine);
  if (!secondLine) {
    besideNames(painting, nodes, cut, nameFont, width);
    return;
  }
  const lines = Array.from(nodes, (i) => secondLineOf(painting, secondFont, i, width));
  context.font = secondFont;
  context.fillStyle = palette.muted;
  nodes.forEach((i, k) => {
    context.fillText(lines[k]!, scene.x[i]! + left, scene.y[i]! + SECOND_Y);
  });
}

/** Where boxes have one line, what the second would say stands at its right end, as far as it fits whole. */
function besideNames(
  painting: Painting,
  nodes: Uint32Array,
  names: readonly string[],
  font: string,
  width: number,
): void {
  const { context, scene, palette, text, camera } = painting;
  const gap = BESIDE_GAP / camera.zoom;
  const facts = Array.from(nodes, (i, k) => {
    const clock = scene.fresh[i] === LATE ? CLOCK_WIDTH : 0;
    const room = width - text.width(context, font, names[k]!) - gap - clock;
    const fact = room > 0 ? secondLineOf(painting, font, i, room) : '';
    const wide = text.width(context, font, fact);
    // Cut facts are noise at this size; the name alone is calmer.
    return fact === '' || fact.endsWith('…') || wide > room ? undefined : { fact, right: wide + clock };
  });
  context.font = font;
  context.fillStyle = palette.muted;
  nodes.forEach((i, k) => {
    const beside = facts[k];
    if (!beside) return;
    const x = scene.x[i]! + scene.nodeWidth - TEXT_RIGHT / camera.zoom - beside.right;
    context.fillText(beside.fact, x, scene.y[i]! + scene.nodeHeight / 2 + Number.parseFloat(font) * 0.35);
  });
}

/** The age always has its place; the detail gets what is left. */
function secondLineOf(painting: Painting, font: string, i: number, width: number): string {
  const { context, text } = painting;
  const age = painting.age(i);
  if (age === '') return fitDetail(painting, font, i, width);
  const tail = ` · ${age}`;
  const room = width - text.width(context, font, tail) - (painting.scene.fresh[i] === LATE ? CLOCK_WIDTH : 0);
  return room < 24 ? age : fitDetail(painting, font, i, room) + tail;
}

/** Whole facts as long as they fit: half an address or half a rate is worth less than its room. */
function fitDetail({ context, text, detail }: Painting, font: string, i: number, width: number): string {
  let line = detail(i);
  for (let end = line.lastIndexOf(' · '); end > 0; end = line.lastIndexOf(' · ')) {
    if (text.width(context, font, line) <= width) break;
    line = line.slice(0, end);
  }
  return text.fit(context, font, line, width);
}

/** A small clock at the right of what is late. */
function clocks({ context, scene, palette }: Painting, nodes: Uint32Array, secondLine: boolean): void {
  context.beginPath();
  for (const i of nodes) {
    if (scene.fresh[i] !== LATE) continue;
    const x = scene.x[i]! + scene.nodeWidth - 11;
    const y = scene.y[i]! + (secondLine ? SECOND_Y - 4 : scene.nodeHeight / 2);
    context.moveTo(x + 4, y);
    context.arc(x, y, 4, 0, 2 * Math.PI);
    context.moveTo(x, y - 2.5);
    context.lineTo(x, y);
    context.lineTo(x + 2, y);
  }
  context.lineWidth = 1;
  context.strokeStyle = palette.muted;
  context.stroke();
}

/** What a link is known to carry. */
function rates(painting: Painting, edges: Uint32Array): void {
  const { context, scene, palette, text } = painting;
  const font = `10px ${palette.font}`;
  const route = newRoute();
  context.font = font;
  context.textBaseline = 'middle';
  context.lineJoin = 'round';
  for (const edge of edges) {
    const rate = painting.rate(edge);
    if (rate === undefined) continue;
    routeOf(scene, edge, route);
    // Near its end, where links to one target have come apart; all of it in the open.
    const x = route.toX - RATE_GAP - text.width(context, font, rate);
    const y = route.toY;
    context.font = font;
    context.lineWidth = 4;
    context.strokeStyle = palette.ground;
    context.strokeText(rate, x, y);
    context.fillStyle = isBad(scene.edgeStateOf(edge)) ? palette.text : palette.muted;
    context.fillText(rate, x, y);
  }
}
