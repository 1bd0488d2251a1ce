import type { HealthState } from '../../../../shared/model/health.ts';

/** What of a path is needed to add a state's shape: a canvas context and a `Path2D` both have it. */
export type Pen = Pick<Path2D, 'moveTo' | 'lineTo' | 'closePath' | 'rect' | 'arc'>;

/**
 * State is shape and colour: healthy ●, degraded ▲, down ■, maintenance ◆, unknown ○ (a ring: the caller strokes it).
 * `r` is the radius of the circle; the others are sized to weigh the same.
 */
export function addShape(pen: Pen, state: HealthState, x: number, y: number, r: number): void {
  switch (state) {
    case 'healthy':
    case 'unknown':
      pen.moveTo(x + r, y);
      pen.arc(x, y, r, 0, 2 * Math.PI);
      return;
    case 'degraded':
      pen.moveTo(x, y - r * 1.2);
      pen.lineTo(x + r * 1.2, y + r * 0.95);
      pen.lineTo(x - r * 1.2, y + r * 0.95);
      pen.closePath();
      return;
    case 'down':
      pen.rect(x - r * 0.95, y - r * 0.95, r * 1.9, r * 1.9);
      return;
    case 'maintenance':
      pen.moveTo(x, y - r * 1.25);
      pen.lineTo(x + r * 1.25, y);
      pen.lineTo(x, y + r * 1.25);
      pen.lineTo(x - r * 1.25, y);
      pen.closePath();
  }
}
