import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { setParam } from '../../../app/route.ts';
import { worldStore } from '../../../world/store.ts';
import { formatCamera, parseCamera } from '../draw/camera.ts';
import { readPalette } from '../draw/palette.ts';
import { workerLayoutRunner } from '../layout/runner.ts';
import { MapController, type MapState } from '../map-controller.ts';

/** How often ages in words move on, ms. */
const AGE_TICK_MS = 5_000;
/** After the last movement, the place goes into the URL. */
const REMEMBER_MS = 400;

/**
 * The controller of a canvas, fed by the world once a frame and by the window's size and theme. null until the canvas
 * is there.
 */
export function useMapController(engineLive: boolean): {
  readonly controller: MapController | null;
  readonly canvasRef: (canvas: HTMLCanvasElement | null) => void;
} {
  const [controller, setController] = useState<MapController | null>(null);
  const current = useRef<MapController | null>(null);
  const canvasRef = useCallback((canvas: HTMLCanvasElement | null) => {
    current.current?.dispose();
    current.current = canvas
      ? new MapController({
          mirror: worldStore.mirror,
          runner: workerLayoutRunner(),
          canvas,
          now: () => Date.now(),
        })
      : null;
    setController(current.current);
  }, []);
  useEffect(() => (controller ? feed(controller) : undefined), [controller]);
  useEffect(() => {
    if (!controller) return undefined;
    const tell = () => controller.refreshFreshness(engineLive);
    tell();
    const timer = setInterval(tell, AGE_TICK_MS);
    return () => clearInterval(timer);
  }, [controller, engineLive]);
  return { controller, canvasRef };
}

/** The world comes in at most once a frame, however often it changes. */
function feed(controller: MapController): () => void {
  let frame: number | null = null;
  const unsubscribe = worldStore.subscribe(() => {
    frame ??= requestAnimationFrame(() => {
      frame = null;
      controller.update();
    });
  });
  controller.update();
  return () => {
    unsubscribe();
    if (frame !== null) cancelAnimationFrame(frame);
  };
}

/** Follows the size of the box and the screen's resolution. */
export function useMapSize(controller: MapController | null, box: React.RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = box.current;
    if (!controller || !element) return undefined;
    let windowSize = '';
    const measure = () => {
      const { clientWidth: width, clientHeight: height } = element;
      if (width === 0 || height === 0) return;
      const nowSize = `${window.innerWidth}×${window.innerHeight}`;
      controller.resize({ width, height }, window.devicePixelRatio, windowSize !== nowSize);
      windowSize = nowSize;
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    // Moving the window to another screen changes the resolution without changing the size.
    const resolution = window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    resolution.addEventListener('change', measure);
    return () => {
      observer.disconnect();
      resolution.removeEventListener('change', measure);
    };
  }, [controller, box]);
}

/** Colours and fonts from the design system, again when the theme changes or the fonts have come. */
export function useMapPalette(controller: MapController | null): void {
  useEffect(() => {
    if (!controller) return undefined;
    let live = true;
    const read = () => {
      if (live) controller.setPalette(readPalette(document.documentElement));
    };
    read();
    void document.fonts.load('13px "Inter Variable"').then(read, read);
    const observer = new MutationObserver(read);
    observer.observe(document.documentElement, { attributeFilter: ['data-theme', 'class', 'style'] });
    const scheme = window.matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', read);
    return () => {
      live = false;
      observer.disconnect();
      scheme.removeEventListener('change', read);
    };
  }, [controller]);
}

/** The camera and the URL: `cam` moves the map, moving the map writes `cam` once it rests. */
export function useCameraParam(controller: MapController | null, cam: string | null): void {
  const written = useRef<string | null>(null);
  useEffect(() => {
    if (!controller || cam === written.current) return;
    const camera = parseCamera(cam);
    if (camera) controller.setCamera(camera);
    else controller.fit();
    written.current = cam;
  }, [controller, cam]);
  useEffect(() => {
    if (!controller) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let seen = controller.state().camera;
    const unsubscribe = controller.subscribe(() => {
      const { camera, fitted } = controller.state();
      if (camera === seen) return;
      seen = camera;
      clearTimeout(timer);
      timer = setTimeout(() => {
        written.current = fitted ? null : formatCamera(camera);
        setParam('cam', written.current);
      }, REMEMBER_MS);
    });
    return () => {
      clearTimeout(timer);
      unsubscribe();
    };
  }, [controller]);
}

const never = () => () => {};

/** A part of the map's state. `select` must return the same value while nothing of it changed. */
export function useMapState<T>(
  controller: MapController | null,
  select: (state: MapState) => T,
  absent: T,
): T {
  return useSyncExternalStore(controller?.subscribe ?? never, () =>
    controller ? select(controller.state()) : absent,
  );
}
