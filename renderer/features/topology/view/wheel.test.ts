import { describe, expect, it } from 'vitest';
import { wheelAction, type Wheel } from './wheel.ts';

const wheel = (more: Partial<Wheel>): Wheel => ({
  deltaX: 0,
  deltaY: 0,
  deltaMode: 0,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  ...more,
});

describe('wheelAction', () => {
  it('pans with two fingers, the map following them', () => {
    expect(wheelAction(wheel({ deltaX: 3.5, deltaY: -12 }))).toEqual({ type: 'pan', dx: -3.5, dy: 12 });
  });

  it('zooms with a mouse wheel, one notch the same in both directions', () => {
    const out = wheelAction(wheel({ deltaY: 100 }));
    const back = wheelAction(wheel({ deltaY: -100 }));
    expect(out).toEqual({ type: 'zoom', factor: 1 / 1.2 });
    expect(back).toEqual({ type: 'zoom', factor: 1.2 });
    expect(wheelAction(wheel({ deltaY: 3, deltaMode: 1 })).type).toBe('zoom');
  });

  it('zooms with a pinch, in small steps', () => {
    const action = wheelAction(wheel({ deltaY: -2, ctrlKey: true }));
    expect(action.type === 'zoom' && action.factor).toBeCloseTo(1.02, 2);
  });

  it('pans sideways with Shift', () => {
    expect(wheelAction(wheel({ deltaY: 120, shiftKey: true }))).toEqual({ type: 'pan', dx: -120, dy: 0 });
  });

  it('never jumps by a wild event', () => {
    const action = wheelAction(wheel({ deltaY: 1e6 }));
    expect(action.type === 'zoom' && action.factor).toBeGreaterThan(0.5);
  });
});
