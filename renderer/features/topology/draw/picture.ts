import { OVERSCAN } from '../thresholds.ts';
import { visibleRect, type Camera, type Size } from './camera.ts';
import { paint, visibleIn, type Painting } from './painter.ts';

/** What a picture is taken of, without where to. */
export type Subject = Omit<Painting, 'context' | 'size'>;

/**
 * The map painted larger than the window, to be moved and scaled while the next picture is made. Painting may be done in
 * slices over several frames, so that no frame waits for ten thousand nodes.
 */
export class Picture {
  readonly canvas: OffscreenCanvas;
  readonly subject: Subject;
  /** Of the picture, CSS px: the window and its overscan. */
  readonly size: Size;
  /** What the owner calls the state of the map that is shown. */
  readonly revision: number;
  readonly #steps: Generator<void, void, void>;
  #done = false;

  constructor(subject: Subject, window: Size, revision: number, reuse: OffscreenCanvas | null) {
    this.subject = subject;
    this.revision = revision;
    this.size = {
      width: Math.ceil(window.width * (1 + 2 * OVERSCAN)),
      height: Math.ceil(window.height * (1 + 2 * OVERSCAN)),
    };
    const width = Math.round(this.size.width * subject.ratio);
    const height = Math.round(this.size.height * subject.ratio);
    // A canvas of the right size is painted over: making one costs a frame.
    this.canvas =
      reuse?.width === width && reuse.height === height ? reuse : new OffscreenCanvas(width, height);
    const context = this.canvas.getContext('2d', { alpha: false })!;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalAlpha = 1;
    context.fillStyle = subject.palette.ground;
    context.fillRect(0, 0, width, height);
    const painting: Painting = { ...subject, context, size: this.size };
    this.#steps = paint(painting, visibleIn(subject.scene, subject.camera, this.size, subject.only));
  }

  get done(): boolean {
    return this.#done;
  }

  /** Paints until finished or until `deadline` on the clock `now`. At least one step. */
  proceed(now: () => number, deadline: number): void {
    do {
      this.#done = this.#steps.next().done === true;
    } while (!this.#done && now() < deadline);
  }

  /** Whether the window at `camera` lies within this picture, leaving `margin` (share of the overscan) in reserve. */
  covers(camera: Camera, window: Size, margin: number): boolean {
    const has = visibleRect(this.subject.camera, this.size);
    const wants = visibleRect(camera, window, Math.min(window.width, window.height) * OVERSCAN * margin);
    return (
      wants.left >= has.left && wants.right <= has.right && wants.top >= has.top && wants.bottom <= has.bottom
    );
  }
}
