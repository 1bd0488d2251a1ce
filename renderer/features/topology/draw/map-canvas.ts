import { DIRECT_PAINT_MAX, SETTLE_MS, SLICE_MS } from '../thresholds.ts';
import { visibleRect, type Camera, type Rect, type Size } from './camera.ts';
import { paintOverlay, type Marks } from './overlay.ts';
import { paintNow, paintOver, visibleIn, type Painting, type Visible } from './painter.ts';
import type { Palette } from './palette.ts';
import { Picture, type Canvases, type Subject } from './picture.ts';
import type { Scene } from './scene.ts';
import { TextFitter } from './text.ts';

/** Words for nodes and links, by number. */
export type Words = Pick<Painting, 'title' | 'detail' | 'rate' | 'age'>;

/** Time and frames, so that a test can hold them. */
export interface Frames {
  request(callback: () => void): number;
  cancel(handle: number): void;
  now(): number;
}

const browserFrames: Frames = {
  request: (callback) => requestAnimationFrame(callback),
  cancel: (handle) => cancelAnimationFrame(handle),
  now: () => performance.now(),
};

/** Share of the overscan that panning may use before the next picture is begun. */
const RESERVE = 0.35;

/**
 * The visible canvas. Draws a frame only when something changed. A small map is painted afresh each time; a large one is
 * shown as a picture that moves with the camera while the next is painted in slices. `data-drawn-revision` on the
 * element grows each time that what is seen is complete and up to date.
 */
export class MapCanvas {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #frames: Frames;
  readonly #text = new TextFitter();
  #scene: Scene | null = null;
  #words: Words | null = null;
  #palette: Palette | null = null;
  #camera: Camera = { x: 0, y: 0, zoom: 1 };
  #marks: Marks = { selected: -1, cursor: -1, hovered: -1, highlight: null };
  #size: Size = { width: 0, height: 0 };
  #ratio = 1;
  #frame: number | null = null;
  /** Grows when the picture itself (not the camera, not the marks) is out of date. */
  #revision = 0;
  #drawn = 0;
  #movedAt = -Infinity;
  #picture: Picture | null = null;
  #next: Picture | null = null;
  #spare: Canvases | null = null;

  constructor(canvas: HTMLCanvasElement, frames: Frames = browserFrames) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d', { alpha: false })!;
    this.#frames = frames;
  }

  /** Another scene. `continued`: nearly the same one, so the last picture serves until the next is painted. */
  setScene(scene: Scene, words: Words, continued: boolean): void {
    this.#scene = scene;
    this.#words = words;
    this.#next = null;
    if (!continued) {
      this.#keepSpare(this.#picture);
      this.#picture = null;
    }
    this.repaint();
  }

  /** These nodes' own words changed. A frame is drawn only when one of them is in the window. */
  touch(nodes: readonly number[]): void {
    const scene = this.#scene;
    if (!scene) return;
    const within = (rect: Rect) => nodes.some((i) => overlaps(scene.boxOf(i), rect));
    // A picture reaches beyond the window: it may be out of date without anybody seeing it yet.
    const picture = this.#picture && visibleRect(this.#picture.subject.camera, this.#picture.size);
    if (!picture || within(picture)) this.#revision++;
    if (within(visibleRect(this.#camera, this.#size))) this.#request();
  }

  /** The same arrangement says something else. */
  repaint(): void {
    this.#revision++;
    this.#request();
  }

  setPalette(palette: Palette): void {
    this.#palette = palette;
    this.#text.forget();
    this.repaint();
  }

  setCamera(camera: Camera): void {
    this.#camera = camera;
    this.#movedAt = this.#frames.now();
    this.#request();
  }

  setMarks(marks: Marks): void {
    this.#marks = marks;
    this.#request();
  }

  resize(size: Size, ratio: number): void {
    this.#size = size;
    this.#ratio = ratio;
    this.#canvas.width = Math.round(size.width * ratio);
    this.#canvas.height = Math.round(size.height * ratio);
    this.#picture = null;
    this.#next = null;
    this.repaint();
    // A resized canvas is blank; waiting for the next frame would show that.
    this.#draw();
  }

  dispose(): void {
    if (this.#frame !== null) this.#frames.cancel(this.#frame);
    this.#frame = null;
    this.#scene = null;
    this.#picture = null;
    this.#next = null;
  }

  #request(): void {
    this.#frame ??= this.#frames.request(() => {
      this.#frame = null;
      this.#draw();
    });
  }

  #draw(): void {
    const scene = this.#scene;
    const palette = this.#palette;
    if (!palette || this.#size.width === 0) return;
    if (!scene || !this.#words) {
      this.#clear();
      return;
    }
    const painting: Painting = {
      ...this.#subject(scene, palette, this.#words),
      context: this.#context,
      size: this.#size,
    };
    const visible = visibleIn(scene, this.#camera, this.#size, null);
    const direct = visible.nodes.length + visible.edges.length <= DIRECT_PAINT_MAX;
    const complete = direct ? this.#drawDirect(painting, visible) : this.#drawPicture(painting, visible);
    paintOverlay(painting, this.#marks);
    if (complete) this.#canvas.dataset['drawnRevision'] = String(++this.#drawn);
    else this.#request();
  }

  #subject(scene: Scene, palette: Palette, words: Words): Subject {
    const { title, detail, rate, age } = words;
    return {
      scene,
      palette,
      camera: this.#camera,
      ratio: this.#ratio,
      text: this.#text,
      only: null,
      title,
      detail,
      rate,
      age,
    };
  }

  #clear(): void {
    this.#context.setTransform(1, 0, 0, 1, 0, 0);
    this.#context.globalAlpha = 1;
    this.#context.fillStyle = this.#palette!.ground;
    this.#context.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  /** These answer whether what is seen is complete and up to date. */
  #drawDirect(painting: Painting, visible: Visible): boolean {
    this.#next = null;
    this.#clear();
    paintNow(painting, visible);
    return true;
  }

  #drawPicture(painting: Painting, visible: Visible): boolean {
    if (!this.#picture) {
      const first = this.#newPicture(painting);
      first.proceed(() => 0, 1);
      this.#picture = first;
      this.#next = null;
    }
    // At rest over links that are still right, new states need no new picture: only what lies above is painted.
    const inPlace = this.#isSettled() && this.#isInPlace(this.#picture) && isOf(this.#picture, painting);
    if (!inPlace) this.#advance(painting);
    const picture = this.#picture;
    this.#clear();
    if (picture.revision !== this.#revision && isOf(picture, painting)) {
      this.#blit(picture, picture.canvases.under);
      const steps = paintOver(painting, visible);
      while (!steps.next().done);
      return inPlace;
    }
    this.#blit(picture, picture.canvases.whole);
    return this.#isInPlace(picture) && picture.revision === this.#revision;
  }

  /** One slice of work on the next picture, where one is due. */
  #advance(painting: Painting): void {
    const now = this.#frames.now();
    const settled = this.#isSettled();
    if (this.#next && settled && !this.#isInPlace(this.#next)) {
      // The camera came to rest elsewhere: what was begun would be replaced at once.
      this.#dropNext();
    }
    if (!this.#next && this.#isDue(settled)) this.#next = this.#newPicture(painting);
    if (!this.#next) return;
    this.#next.proceed(() => this.#frames.now(), now + SLICE_MS);
    if (!this.#next.done) return;
    this.#keepSpare(this.#picture);
    this.#picture = this.#next;
    this.#next = null;
  }

  #isDue(settled: boolean): boolean {
    const picture = this.#picture!;
    if (picture.revision !== this.#revision) return true;
    if (!picture.covers(this.#camera, this.#size, RESERVE)) return true;
    const growth = this.#camera.zoom / picture.subject.camera.zoom;
    // While zooming, a picture serves until it is visibly coarse; at rest it must be sharp.
    return settled ? growth !== 1 : growth > 1.6 || growth < 0.6;
  }

  #isSettled(): boolean {
    return this.#frames.now() - this.#movedAt >= SETTLE_MS;
  }

  /** Is of the present zoom, and shows all of the window. */
  #isInPlace(picture: Picture): boolean {
    return picture.subject.camera.zoom === this.#camera.zoom && picture.covers(this.#camera, this.#size, 0);
  }

  #newPicture(painting: Painting): Picture {
    const spare = this.#spare;
    this.#spare = null;
    return new Picture(painting, this.#size, this.#revision, this.#picture, spare);
  }

  #dropNext(): void {
    this.#keepSpare(this.#next);
    this.#next = null;
  }

  #keepSpare(picture: Picture | null): void {
    if (picture) this.#spare = picture.canvases;
  }

  #blit({ subject, size }: Picture, image: OffscreenCanvas): void {
    const scale = this.#camera.zoom / subject.camera.zoom;
    const left =
      ((subject.camera.x - this.#camera.x) * this.#camera.zoom + this.#size.width / 2) * this.#ratio;
    const top =
      ((subject.camera.y - this.#camera.y) * this.#camera.zoom + this.#size.height / 2) * this.#ratio;
    const width = size.width * this.#ratio * scale;
    const height = size.height * this.#ratio * scale;
    // Whole device pixels keep an unscaled picture as sharp as it was painted.
    const snap = scale === 1 ? Math.round : (value: number) => value;
    this.#context.imageSmoothingEnabled = scale !== 1;
    this.#context.drawImage(image, snap(left - width / 2), snap(top - height / 2), width, height);
  }
}

/** Shows the same arrangement in the same colours: its links are right, whatever the states are. */
function isOf({ subject }: Picture, { scene, palette, ratio }: Painting): boolean {
  return subject.scene === scene && subject.palette === palette && subject.ratio === ratio;
}

function overlaps(a: Rect, b: Rect): boolean {
  return a.right >= b.left && a.left <= b.right && a.bottom >= b.top && a.top <= b.bottom;
}
