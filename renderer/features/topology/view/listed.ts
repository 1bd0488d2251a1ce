import { useEffect, useState } from 'react';
import type { Rect } from '../draw/camera.ts';
import { visibleRect, type Camera, type Size } from '../draw/camera.ts';
import type { Scene } from '../draw/scene.ts';
import type { MapController } from '../map-controller.ts';
import { spokenName } from '../pipeline/describe.ts';
import { isBad } from '../pipeline/state.ts';
import { tierTitles, tiers, type Tier } from '../pipeline/tiers.ts';
import { LISTED_MAX } from '../thresholds.ts';

/** A node as the listbox twin has it. */
export interface ListedNode {
  readonly id: string;
  readonly name: string;
  /** In the window, CSS px. */
  readonly box: Rect;
}

export interface ListedTier {
  readonly tier: Tier;
  readonly title: string;
  readonly nodes: readonly ListedNode[];
}

export interface Listed {
  readonly tiers: readonly ListedTier[];
  readonly shown: number;
  readonly total: number;
}

/**
 * Numbers of the nodes to list, in reading order: all in the window when they are few, else those that matter first.
 * `always` (the keyboard's place, the selection) are listed wherever they are.
 */
export function pickListed(scene: Scene, camera: Camera, size: Size, always: readonly number[]): number[] {
  const inView: number[] = [];
  scene.grid.query(visibleRect(camera, size), (i) => inView.push(i));
  const away = (i: number) => Math.hypot(scene.x[i]! - camera.x, scene.y[i]! - camera.y);
  const rank = (i: number) => (isBad(scene.stateOf(i)) ? 0 : 1);
  inView.sort((a, b) => rank(a) - rank(b) || away(a) - away(b) || a - b);
  const chosen = new Set([...always.filter((i) => i >= 0), ...inView].slice(0, LISTED_MAX));
  return [...chosen].sort((a, b) => scene.x[a]! - scene.x[b]! || scene.y[a]! - scene.y[b]!);
}

/** How long the map must rest before the twin follows, ms: screen readers cannot follow a moving list. */
const REST_MS = 120;

const nothing: Listed = { tiers: [], shown: 0, total: 0 };

/** The twin's content, brought up to date whenever the map rests. */
export function useListed(controller: MapController | null): Listed {
  const [listed, setListed] = useState<Listed>(nothing);
  useEffect(() => {
    if (!controller) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let cursor: string | null = null;
    const read = () => {
      timer = undefined;
      setListed(listedOf(controller));
    };
    const changed = () => {
      const state = controller.state();
      // The focus must never point at an option that is not there.
      if (state.cursor !== cursor) {
        cursor = state.cursor;
        clearTimeout(timer);
        read();
      } else timer ??= setTimeout(read, REST_MS);
    };
    changed();
    read();
    const unsubscribe = controller.subscribe(changed);
    return () => {
      clearTimeout(timer);
      unsubscribe();
    };
  }, [controller]);
  return listed;
}

function listedOf(controller: MapController): Listed {
  const { scene, camera } = controller.state();
  if (!scene) return nothing;
  const numbers = pickListed(scene, camera, controller.size, controller.markedNumbers());
  const now = controller.now();
  const byTier = new Map<Tier, ListedNode[]>();
  for (const number of numbers) {
    const node = scene.nodes[number]!;
    const box = controller.boxOf(node.id);
    if (!box) continue;
    const entry = { id: node.id, name: spokenName(node, controller.freshness(node), now), box };
    const list = byTier.get(node.tier);
    if (list) list.push(entry);
    else byTier.set(node.tier, [entry]);
  }
  return {
    tiers: tiers.flatMap((tier) => {
      const nodes = byTier.get(tier);
      return nodes ? [{ tier, title: tierTitles[tier], nodes }] : [];
    }),
    shown: numbers.length,
    total: scene.nodes.length,
  };
}
