import { MAX_ZOOM, MIN_ZOOM } from '../thresholds.ts';

/** Which part of the map is seen: the map point at the middle of the window, and px per map unit. */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

/** Size of the window, CSS px. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Rect {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export function clampZoom(zoom: number): number {
  return Math.min(Math.max(zoom, MIN_ZOOM), MAX_ZOOM);
}

export function toScreen(camera: Camera, size: Size, x: number, y: number): { x: number; y: number } {
  return {
    x: (x - camera.x) * camera.zoom + size.width / 2,
    y: (y - camera.y) * camera.zoom + size.height / 2,
  };
}

export function toMap(camera: Camera, size: Size, x: number, y: number): { x: number; y: number } {
  return {
    x: (x - size.width / 2) / camera.zoom + camera.x,
    y: (y - size.height / 2) / camera.zoom + camera.y,
  };
}

/** Moves by screen px: the map follows the pointer. */
export function pan(camera: Camera, dx: number, dy: number): Camera {
  return { ...camera, x: camera.x - dx / camera.zoom, y: camera.y - dy / camera.zoom };
}

/** Zooms so that the map point under the screen point stays there. */
export function zoomAt(camera: Camera, size: Size, at: { x: number; y: number }, factor: number): Camera {
  const zoom = clampZoom(camera.zoom * factor);
  const fixed = toMap(camera, size, at.x, at.y);
  return {
    zoom,
    x: fixed.x - (at.x - size.width / 2) / zoom,
    y: fixed.y - (at.y - size.height / 2) / zoom,
  };
}

/** What of the map is in the window, grown by `margin` screen px. */
export function visibleRect(camera: Camera, size: Size, margin = 0): Rect {
  const halfWidth = (size.width / 2 + margin) / camera.zoom;
  const halfHeight = (size.height / 2 + margin) / camera.zoom;
  return {
    left: camera.x - halfWidth,
    right: camera.x + halfWidth,
    top: camera.y - halfHeight,
    bottom: camera.y + halfHeight,
  };
}

/** Space kept free when fitting, screen px: the column titles are at the top. */
export const FIT_MARGIN = { top: 48, side: 28, bottom: 24 } as const;

/** Shows all of `bounds`, never larger than life. A map that leaves room stands at the top, where reading starts. */
export function fit(bounds: Rect, size: Size): Camera {
  const width = Math.max(1, bounds.right - bounds.left);
  const height = Math.max(1, bounds.bottom - bounds.top);
  const room = {
    width: Math.max(1, size.width - 2 * FIT_MARGIN.side),
    height: Math.max(1, size.height - FIT_MARGIN.top - FIT_MARGIN.bottom),
  };
  const zoom = clampZoom(Math.min(room.width / width, room.height / height, 1));
  const spare = Math.max(0, room.height - height * zoom);
  // A little air above a short map, but not half of the window.
  const top = FIT_MARGIN.top + Math.min(spare / 2, 40);
  return {
    zoom,
    x: (bounds.left + bounds.right) / 2,
    y: bounds.top + (size.height / 2 - top) / zoom,
  };
}

/** Moves as little as needed to bring a box into the window. The same camera when it is there already. */
export function reveal(camera: Camera, size: Size, box: Rect): Camera {
  const pad = 24 / camera.zoom;
  const head = FIT_MARGIN.top / camera.zoom;
  const view = visibleRect(camera, size);
  const shift = (low: number, high: number, from: number, to: number) =>
    low < from ? low - from : high > to ? Math.min(high - to, low - from) : 0;
  const dx = shift(box.left - pad, box.right + pad, view.left, view.right);
  const dy = shift(box.top - pad, box.bottom + pad, view.top + head, view.bottom);
  return dx === 0 && dy === 0 ? camera : { ...camera, x: camera.x + dx, y: camera.y + dy };
}

/** `cam` in the URL. */
export function formatCamera({ x, y, zoom }: Camera): string {
  return `${Math.round(x)},${Math.round(y)},${Number(zoom.toPrecision(4))}`;
}

/** null for anything that is no camera. */
export function parseCamera(text: string | null): Camera | null {
  const match = /^(-?\d{1,7}),(-?\d{1,7}),(\d{1,3}(?:\.\d{1,6})?)$/.exec(text ?? '');
  if (!match || Number(match[3]) <= 0) return null;
  return { x: Number(match[1]), y: Number(match[2]), zoom: clampZoom(Number(match[3])) };
}
