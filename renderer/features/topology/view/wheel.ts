/** What of a wheel event decides. */
export interface Wheel {
  readonly deltaX: number;
  readonly deltaY: number;
  readonly deltaMode: number;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
}

export type WheelAction =
  | { readonly type: 'zoom'; readonly factor: number }
  | { readonly type: 'pan'; readonly dx: number; readonly dy: number };

/** Zoom by one notch of a mouse wheel. */
const NOTCH = 1.2;
/** Pixels that browsers report for one notch, and for one line. */
const NOTCH_PX = 100;
const LINE_PX = 16;

/**
 * Pinching (which arrives as a wheel with Ctrl) and Ctrl or Cmd with a wheel zoom; two fingers pan; a mouse wheel zooms;
 * Shift with a mouse wheel pans sideways. A mouse wheel is told from a trackpad by its whole, large, purely vertical steps.
 */
export function wheelAction(wheel: Wheel): WheelAction {
  const unit = wheel.deltaMode === 0 ? 1 : wheel.deltaMode === 1 ? LINE_PX : NOTCH_PX * 4;
  const dx = wheel.deltaX * unit;
  const dy = wheel.deltaY * unit;
  const isMouse = wheel.deltaMode !== 0 || (dx === 0 && Number.isInteger(dy) && Math.abs(dy) >= NOTCH_PX);
  if (wheel.ctrlKey || wheel.metaKey) {
    // A pinch comes in small deltas, a notch with Ctrl in one large one; both feel alike at these rates.
    return { type: 'zoom', factor: isMouse ? notches(dy) : Math.exp(-dy * 0.01) };
  }
  if (wheel.shiftKey) return { type: 'pan', dx: -(dx === 0 ? dy : dx), dy: 0 };
  return isMouse ? { type: 'zoom', factor: notches(dy) } : { type: 'pan', dx: -dx, dy: -dy };
}

function notches(dy: number): number {
  return NOTCH ** -Math.min(Math.max(dy / NOTCH_PX, -3), 3);
}
