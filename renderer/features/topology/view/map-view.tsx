import { Maximize, Minus, Plus } from 'lucide-react';
import { useEffect, useId, useRef, type KeyboardEvent, type PointerEvent } from 'react';
import { IconButton } from '../../../ui/button.tsx';
import type { Direction } from '../draw/paths.ts';
import type { MapController } from '../map-controller.ts';
import type { TopoNode } from '../pipeline/graph.ts';
import { DRAG_SLOP } from '../thresholds.ts';
import { useListed, type Listed } from './listed.ts';
import styles from './map-view.module.css';
import { useMapSize, useMapState } from './use-map.ts';
import { wheelAction } from './wheel.ts';

interface MapViewProps {
  readonly controller: MapController | null;
  readonly canvasRef: (canvas: HTMLCanvasElement | null) => void;
  /** The table is shown instead. */
  readonly hidden: boolean;
  /** A node was chosen; null: what is chosen is let go. */
  readonly onOpen: (node: TopoNode | null) => void;
}

const arrows: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};
const ZOOM_STEP = 1.25;

/** The canvas, and over it the same nodes as a listbox: what takes focus, keys and pointer, and what is read aloud. */
export function MapView({ controller, canvasRef, hidden, onOpen }: MapViewProps) {
  const box = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const listed = useListed(controller);
  const cursor = useMapState(controller, (state) => state.cursor, null);
  const pointer = usePointer(controller, list, onOpen);
  useMapSize(controller, box);

  const onKeyDown = (event: KeyboardEvent) => {
    if (!controller || event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = arrows[event.key];
    if (direction) controller.walk(direction);
    else if (event.key === 'Enter') onOpen(nodeById(controller, cursor));
    else if (event.key === '+' || event.key === '=') controller.zoom(ZOOM_STEP);
    else if (event.key === '-') controller.zoom(1 / ZOOM_STEP);
    else return;
    event.preventDefault();
  };

  return (
    <div ref={box} className={styles.map} hidden={hidden}>
      <canvas ref={canvasRef} className={styles.canvas} aria-hidden />
      <div
        ref={list}
        className={styles.list}
        role="listbox"
        aria-label="Map of the request path"
        aria-describedby={`${id}-help`}
        aria-activedescendant={cursor !== null && isListed(listed, cursor) ? optionId(id, cursor) : undefined}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onFocus={(event) => {
          if (event.currentTarget.matches(':focus-visible')) controller?.setKeyboard(true);
        }}
        onBlur={() => controller?.setKeyboard(false)}
        {...pointer}
      >
        <Options id={id} listed={listed} cursor={cursor} />
      </div>
      <p id={`${id}-help`} className={styles.help}>
        {`Arrow keys walk the links, Enter opens, t shows the table. ${listed.shown} of ${listed.total} listed here.`}
      </p>
      <div className={styles.zoom}>
        <IconButton icon={Plus} label="Zoom in" side="left" onClick={() => controller?.zoom(ZOOM_STEP)} />
        <IconButton
          icon={Minus}
          label="Zoom out"
          side="left"
          onClick={() => controller?.zoom(1 / ZOOM_STEP)}
        />
        <IconButton icon={Maximize} label="Show all" keys="0" side="left" onClick={() => controller?.fit()} />
      </div>
    </div>
  );
}

/** Options lie where their nodes are drawn, so that a screen magnifier and a touch reader find them there. */
function Options({ id, listed, cursor }: { id: string; listed: Listed; cursor: string | null }) {
  return listed.tiers.map(({ tier, title, nodes }) => (
    <div key={tier} role="group" aria-label={title}>
      {nodes.map(({ id: nodeId, name, box }) => (
        <div
          key={nodeId}
          id={optionId(id, nodeId)}
          role="option"
          aria-selected={nodeId === cursor}
          aria-label={name}
          className={styles.option}
          style={{
            transform: `translate(${Math.round(box.left)}px, ${Math.round(box.top)}px)`,
            width: Math.max(4, Math.round(box.right - box.left)),
            height: Math.max(4, Math.round(box.bottom - box.top)),
          }}
        />
      ))}
    </div>
  ));
}

/** References are separated by spaces, so an id must have none; names of managed systems may. */
function optionId(id: string, nodeId: string): string {
  return `${id}-${encodeURIComponent(nodeId)}`;
}

function isListed(listed: Listed, nodeId: string): boolean {
  return listed.tiers.some(({ nodes }) => nodes.some((node) => node.id === nodeId));
}

function nodeById(controller: MapController, nodeId: string | null): TopoNode | null {
  const { scene } = controller.state();
  const number = nodeId === null ? undefined : scene?.index.get(nodeId);
  return number === undefined ? null : (scene?.nodes[number] ?? null);
}

/** Dragging pans, a tap opens, hovering lights a path, the wheel pans or zooms. */
function usePointer(
  controller: MapController | null,
  list: React.RefObject<HTMLDivElement | null>,
  onOpen: (node: TopoNode | null) => void,
) {
  const drag = useRef<{ x: number; y: number; moved: boolean } | null>(null);
  useEffect(() => {
    const element = list.current;
    if (!element || !controller) return undefined;
    const onWheel = (event: WheelEvent) => {
      // React listens passively; a page that scrolls under the map would be wrong.
      event.preventDefault();
      const action = wheelAction(event);
      if (action.type === 'pan') controller.pan(action.dx, action.dy);
      else controller.zoom(action.factor, within(element, event));
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [controller, list]);

  return {
    onPointerDown(event: PointerEvent<HTMLDivElement>) {
      if (event.button !== 0) return;
      drag.current = { x: event.clientX, y: event.clientY, moved: false };
      event.currentTarget.setPointerCapture(event.pointerId);
      controller?.setKeyboard(false);
    },
    onPointerMove(event: PointerEvent<HTMLDivElement>) {
      if (!controller) return;
      const at = within(event.currentTarget, event);
      if (!drag.current) {
        const node = controller.nodeAt(at.x, at.y);
        event.currentTarget.style.cursor = node ? 'pointer' : '';
        controller.hover(node);
        return;
      }
      const dx = event.clientX - drag.current.x;
      const dy = event.clientY - drag.current.y;
      if (!drag.current.moved && Math.hypot(dx, dy) < DRAG_SLOP) return;
      drag.current = { x: event.clientX, y: event.clientY, moved: true };
      controller.hover(null);
      controller.pan(dx, dy);
    },
    onPointerUp(event: PointerEvent<HTMLDivElement>) {
      const wasTap = drag.current?.moved === false;
      drag.current = null;
      if (!wasTap || !controller) return;
      const at = within(event.currentTarget, event);
      onOpen(controller.nodeAt(at.x, at.y));
    },
    onPointerCancel() {
      drag.current = null;
    },
    onPointerLeave() {
      if (!drag.current) controller?.hover(null);
    },
  };
}

function within(element: Element, event: { clientX: number; clientY: number }): { x: number; y: number } {
  const { left, top } = element.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}
