import { OVERSCAN } from '../thresholds.ts';
import { visibleRect, type Camera, type Size } from './camera.ts';
import { paintOver, paintUnder, visibleIn, type Painting } from './painter.ts';

/** What a picture is taken of, without where to. */
export type Subject = Omit<Painting, 'context' | 'size'>;

export interface Canvases {
  /** The links, calm. */
  readonly under: OffscreenCanvas;
  /** Everything. */
  readonly whole: OffscreenCanvas;
}

/**
 * The map painted larger than the window, to be moved and scaled while the next picture is made. Painting may be done in
 * slices over several frames, so that no frame waits for ten thousand nodes. The links below are kept apart: a picture of
 * the same place in which only states changed takes them over.
 */
export class Picture {
  readonly subject: Subject;
  /** Of the picture, CSS px: the window and its overscan. */
  readonly size: Size;
  /** What the owner calls the state of the map that is shown. */
  readonly revision: number;
  readonly #canvases: Canvases;
  readonly #steps: Generator<void, void, void>;
  #done = false;

  constructor(
    subject: Subject,
    window: Size,
    revision: number,
    before: Picture | null,
    spare: Canvases | null,
  ) {
    this.subject = subject;
    this.revision = revision;
    this.size = {
      width: Math.ceil(window.width * (1 + 2 * OVERSCAN)),
      height: Math.ceil(window.height * (1 + 2 * OVERSCAN)),
    };
    const width = Math.round(this.size.width * subject.ratio);
    const height = Math.round(this.size.height * subject.ratio);
    // Canvases of the right size are painted over: making one costs a frame.
    const fits = spare?.whole.width === width && spare.whole.height === height;
    const whole = fits ? spare.whole : new OffscreenCanvas(width, height);
    const sameLinks = before?.done === true && before.#showsLinksOf(this);
    const under = sameLinks
      ? before.canvases.under
      : fits && spare.under !== before?.canvases.under
        ? spare.under
        : new OffscreenCanvas(width, height);
    this.#canvases = { under, whole };
    this.#steps = this.#paint(!sameLinks);
  }

  get done(): boolean {
    return this.#done;
  }

  /** What is painted so far. */
  get canvases(): Canvases {
    return this.#canvases;
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

  *#paint(links: boolean): Generator<void, void, void> {
    const { subject, size } = this;
    const { under, whole } = this.#canvases;
    const visible = visibleIn(subject.scene, subject.camera, size, null);
    if (links) {
      const context = blank(under, subject.palette.ground);
      yield* paintUnder({ ...subject, context, size }, visible);
    }
    const context = blank(whole, subject.palette.ground);
    context.drawImage(under, 0, 0);
    yield* paintOver({ ...subject, context, size }, visible);
  }

  #showsLinksOf(other: Picture): boolean {
    const [a, b] = [this.subject, other.subject];
    return (
      a.scene === b.scene &&
      a.palette === b.palette &&
      a.ratio === b.ratio &&
      a.camera.x === b.camera.x &&
      a.camera.y === b.camera.y &&
      a.camera.zoom === b.camera.zoom &&
      this.size.width === other.size.width &&
      this.size.height === other.size.height
    );
  }
}

function blank(canvas: OffscreenCanvas, ground: string): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext('2d', { alpha: false })!;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalAlpha = 1;
  context.fillStyle = ground;
  context.fillRect(0, 0, canvas.width, canvas.height);
  return context;
}
