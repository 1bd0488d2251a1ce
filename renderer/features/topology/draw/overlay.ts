import { DOTS_BELOW } from '../thresholds.ts';
import { FIT_MARGIN } from './camera.ts';
import { paintNow, visibleIn, type Painting } from './painter.ts';
import type { Subset } from './paths.ts';

/** What is marked on the map: node numbers, -1 for none. */
export interface Marks {
  readonly selected: number;
  /** Where the keyboard is. */
  readonly cursor: number;
  readonly hovered: number;
  /** Shown brightly while the rest recedes: a path, or what a search found. */
  readonly highlight: Subset | null;
}

/** How far the rest recedes. */
const DIM = 0.7;
const HEAD_HEIGHT = FIT_MARGIN.top - 16;

/** Above the map, painted with every frame: highlight, selection, cursor, column titles. */
export function paintOverlay(painting: Painting, marks: Marks): void {
  const { context, scene, camera, size } = painting;
  if (marks.highlight) {
    toPixels(painting);
    context.globalAlpha = DIM;
    context.fillStyle = painting.palette.ground;
    context.fillRect(0, 0, size.width, size.height);
    context.globalAlpha = 1;
    const bright: Painting = { ...painting, only: marks.highlight };
    paintNow(bright, visibleIn(scene, camera, size, marks.highlight));
  }
  toPixels(painting);
  outline(painting, marks.hovered, 1, 0, 'lineStrong');
  outline(painting, marks.selected, 2, 0, 'accent');
  outline(painting, marks.cursor, 1.5, 4, 'accent');
  headings(painting);
}

/** CSS px from the window's corner. */
function toPixels({ context, ratio }: Painting): void {
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
}

function outline(
  { context, scene, camera, size, palette }: Painting,
  node: number,
  width: number,
  gap: number,
  colour: 'accent' | 'lineStrong',
): void {
  if (node < 0 || node >= scene.nodes.length) return;
  const far = camera.zoom < DOTS_BELOW;
  const left = (scene.x[node]! - camera.x) * camera.zoom + size.width / 2;
  const top = (scene.y[node]! - camera.y) * camera.zoom + size.height / 2;
  const boxWidth = scene.nodeWidth * camera.zoom;
  const boxHeight = scene.nodeHeight * camera.zoom;
  context.strokeStyle = palette[colour];
  context.lineWidth = width;
  context.beginPath();
  if (far) {
    context.arc(left + boxWidth / 2, top + boxHeight / 2, 9 + gap, 0, 2 * Math.PI);
  } else {
    const radius = 6 * Math.min(camera.zoom, 1) + gap;
    context.roundRect(left - gap, top - gap, boxWidth + 2 * gap, boxHeight + 2 * gap, radius);
  }
  context.stroke();
}

/** Titles of the tiers stay in sight: at the top, and at the left while their tier is in the window. */
function headings({ context, scene, camera, size, palette, text }: Painting): void {
  context.globalAlpha = 0.94;
  context.fillStyle = palette.ground;
  context.fillRect(0, 0, size.width, HEAD_HEIGHT);
  context.globalAlpha = 1;
  context.fillStyle = palette.muted;
  context.textBaseline = 'middle';
  const font = `500 11px ${palette.font}`;
  context.letterSpacing = '0.88px';
  let end = 0;
  for (const heading of scene.headings) {
    const left = (heading.left - camera.x) * camera.zoom + size.width / 2;
    const right = left + heading.width * camera.zoom;
    const title = heading.title.toUpperCase();
    const width = text.width(context, font, title) + title.length * 0.88;
    const x = Math.max(left, Math.min(12, right - width), end);
    if (x > size.width || x + width < 0 || x > right) continue;
    context.font = font;
    context.fillText(title, x, HEAD_HEIGHT / 2 + 3);
    end = x + width + 16;
  }
  context.letterSpacing = '0px';
}
