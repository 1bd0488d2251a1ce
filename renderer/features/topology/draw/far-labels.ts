import { severity } from '../../../../shared/model/health.ts';
import { isBad } from '../pipeline/state.ts';
import { DOTS_BELOW, FAR_LABELS_ALL_UP_TO, FAR_LABELS_MAX } from '../thresholds.ts';
import type { Painting } from './painter.ts';

/** A box on the screen, CSS px from the middle of the window. */
interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Of what is bad, px. */
const DOT_RADIUS = 6;
/** From a mark to its label, px; and half of a label's height. */
const LABEL_GAP = 3;
const LABEL_HALF = 7;

/**
 * Names in reading size, where there is room for them: of what is bad or highlighted, the worst first, and of everything
 * while little is in view.
 */
export function farLabels(painting: Painting, nodes: Uint32Array): void {
  const { context, scene, palette } = painting;
  const first = [...nodes]
    .filter((i) => painting.only !== null || isBad(scene.stateOf(i)))
    .sort(
      (a, b) =>
        severity(scene.stateOf(b)) - severity(scene.stateOf(a)) ||
        scene.x[a]! - scene.x[b]! ||
        scene.y[a]! - scene.y[b]!,
    )
    .slice(0, FAR_LABELS_MAX * 4);
  const rest = nodes.length <= FAR_LABELS_ALL_UP_TO ? nodes.filter((i) => !first.includes(i)) : [];
  const taken: Box[] = [...first, ...rest].map((i) => markBox(painting, i));
  context.save();
  context.setTransform(fromMiddle(painting));
  context.textBaseline = 'middle';
  context.lineWidth = 3;
  context.lineJoin = 'round';
  write(painting, first, taken, { colour: palette.text, most: FAR_LABELS_MAX, places: 4 });
  write(painting, rest, taken, { colour: palette.muted, most: FAR_LABELS_ALL_UP_TO, places: 1 });
  context.restore();
}

interface LabelStyle {
  readonly colour: string;
  /** Labels written at most. */
  readonly most: number;
  /** How many places around a mark are tried. */
  readonly places: number;
}

/** Adds the boxes of what it wrote to `taken`. */
function write(painting: Painting, nodes: Iterable<number>, taken: Box[], style: LabelStyle): void {
  const { context, palette, text } = painting;
  const font = `11px ${palette.font}`;
  let written = 0;
  for (const i of nodes) {
    if (written >= style.most) break;
    const label = text.fit(context, font, painting.title(i), 140);
    const box = freeBeside(markBox(painting, i), text.width(context, font, label), taken, style.places);
    if (!box) continue;
    taken.push(box);
    written++;
    context.font = font;
    context.strokeStyle = palette.ground;
    context.strokeText(label, box.left, box.top + LABEL_HALF);
    context.fillStyle = style.colour;
    context.fillText(label, box.left, box.top + LABEL_HALF);
  }
}

/** What a node covers: its dot, or its box where boxes are drawn. */
function markBox({ scene, camera }: Painting, i: number): Box {
  const x = (scene.x[i]! + scene.nodeWidth / 2 - camera.x) * camera.zoom;
  const y = (scene.y[i]! + scene.nodeHeight / 2 - camera.y) * camera.zoom;
  const dot = camera.zoom < DOTS_BELOW;
  const halfWidth = dot ? DOT_RADIUS : (scene.nodeWidth / 2) * camera.zoom;
  const halfHeight = dot ? DOT_RADIUS : (scene.nodeHeight / 2) * camera.zoom;
  return { left: x - halfWidth, right: x + halfWidth, top: y - halfHeight, bottom: y + halfHeight };
}

/** Where a label of this width lies on nothing: to the right, the left, below or above its mark. */
function freeBeside(mark: Box, width: number, taken: readonly Box[], tries: number): Box | undefined {
  const x = (mark.left + mark.right) / 2;
  const y = (mark.top + mark.bottom) / 2;
  const at = (left: number, top: number): Box => ({
    left,
    right: left + width,
    top,
    bottom: top + 2 * LABEL_HALF,
  });
  const places = [
    at(mark.right + LABEL_GAP, y - LABEL_HALF),
    at(mark.left - LABEL_GAP - width, y - LABEL_HALF),
    at(x - width / 2, mark.bottom),
    at(x - width / 2, mark.top - 2 * LABEL_HALF),
  ];
  return places.slice(0, tries).find((place) => !taken.some((other) => overlap(place, other)));
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

/** A transform that draws in CSS px around the middle of the window. */
function fromMiddle({ size, ratio }: Painting): DOMMatrix2DInit {
  return { a: ratio, b: 0, c: 0, d: ratio, e: (size.width / 2) * ratio, f: (size.height / 2) * ratio };
}
