import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as cameras from './camera.ts';
import { MAX_ZOOM, MIN_ZOOM } from '../thresholds.ts';

const size = { width: 1_000, height: 600 };
const cameraArbitrary = fc.record({
  x: fc.integer({ min: -5_000, max: 5_000 }),
  y: fc.integer({ min: -5_000, max: 5_000 }),
  zoom: fc.double({ min: MIN_ZOOM, max: MAX_ZOOM, noNaN: true }),
});
const pointArbitrary = fc.record({
  x: fc.integer({ min: 0, max: 1_000 }),
  y: fc.integer({ min: 0, max: 600 }),
});

describe('camera', () => {
  it('translates there and back', () => {
    fc.assert(
      fc.property(cameraArbitrary, pointArbitrary, (camera, point) => {
        const onMap = cameras.toMap(camera, size, point.x, point.y);
        const back = cameras.toScreen(camera, size, onMap.x, onMap.y);
        expect(back.x).toBeCloseTo(point.x, 4);
        expect(back.y).toBeCloseTo(point.y, 4);
      }),
    );
  });

  it('keeps what is under the pointer under the pointer while zooming', () => {
    fc.assert(
      fc.property(
        cameraArbitrary,
        pointArbitrary,
        fc.double({ min: 0.2, max: 5, noNaN: true }),
        (camera, at, factor) => {
          const before = cameras.toMap(camera, size, at.x, at.y);
          const zoomed = cameras.zoomAt(camera, size, at, factor);
          const after = cameras.toMap(zoomed, size, at.x, at.y);
          expect(after.x).toBeCloseTo(before.x, 3);
          expect(after.y).toBeCloseTo(before.y, 3);
          expect(zoomed.zoom).toBeGreaterThanOrEqual(MIN_ZOOM);
          expect(zoomed.zoom).toBeLessThanOrEqual(MAX_ZOOM);
        },
      ),
    );
  });

  it('fits all of a map into the window, and never enlarges it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20_000 }),
        fc.integer({ min: 1, max: 20_000 }),
        (width, height) => {
          const bounds = { left: 0, top: 0, right: width, bottom: height };
          const camera = cameras.fit(bounds, size);
          const seen = cameras.visibleRect(camera, size);
          expect(camera.zoom).toBeLessThanOrEqual(1);
          if (camera.zoom === MIN_ZOOM) return;
          expect(seen.left).toBeLessThanOrEqual(0);
          expect(seen.top).toBeLessThanOrEqual(0);
          expect(seen.right).toBeGreaterThanOrEqual(width - 0.01);
          expect(seen.bottom).toBeGreaterThanOrEqual(height - 0.01);
        },
      ),
    );
  });

  it('reveals a box by the smallest step, and rests when it is in sight', () => {
    const camera = { x: 0, y: 0, zoom: 1 };
    const inSight = { left: -50, right: 50, top: -20, bottom: 20 };
    expect(cameras.reveal(camera, size, inSight)).toBe(camera);
    const right = cameras.reveal(camera, size, { left: 600, right: 700, top: -20, bottom: 20 });
    expect(right).toEqual({ x: 224, y: 0, zoom: 1 });
  });

  it('goes through the URL, and takes nothing else from there', () => {
    fc.assert(
      fc.property(cameraArbitrary, (camera) => {
        const read = cameras.parseCamera(cameras.formatCamera(camera))!;
        expect(read.x).toBe(Math.round(camera.x) + 0);
        expect(read.zoom).toBeCloseTo(camera.zoom, 2);
      }),
    );
    for (const text of [null, '', '1,2', '1,2,0', 'a,b,c', '1,2,-1', '1e9,2,1', '1,2,3,4']) {
      expect(cameras.parseCamera(text)).toBeNull();
    }
  });
});
