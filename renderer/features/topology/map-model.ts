import type { Mirror } from '../../world/mirror.ts';
import type { Size } from './draw/camera.ts';
import { pitchFor, Scene, type Pitch } from './draw/scene.ts';
import {
  keepPlacement,
  layoutTask,
  placementOf,
  type LayoutTask,
  type Placement,
} from './layout/placement.ts';
import type { Rows } from './layout/rows.ts';
import type { LayoutRunner } from './layout/runner.ts';
import { changesSince, nothingSeen } from './pipeline/changes.ts';
import { nodeFreshness } from './pipeline/describe.ts';
import { buildGraph, emptyGraph, type FoldBy, type Graph, type TopoNode } from './pipeline/graph.ts';
import { Folding } from './pipeline/group.ts';
import { automaticFold, filterPath, pathOf, type ViewOptions } from './pipeline/pipeline.ts';
import { refreshNodes, type ChangeDepth, type Refreshed } from './pipeline/refresh.ts';
import { LAYOUTS_KEPT } from './thresholds.ts';

/** Why there is a new scene. `data`: the world changed. `options`: the user asked for something else. */
export type SceneCause = 'first' | 'data' | 'options' | 'tidy' | 'pitch';

export interface ModelEvents {
  scene(scene: Scene, cause: SceneCause): void;
  /** The same arrangement; these nodes (by number) say something else. */
  touched(nodes: readonly number[], depth: ChangeDepth): void;
}

const noOptions: ViewOptions = {
  fold: null,
  open: new Set(),
  hideHealthy: false,
  show: new Set(),
  calls: false,
  keep: null,
};

/**
 * From the mirror to the scene, doing as little as each change asks for: moving numbers exchange a node's words, a new
 * state may fold differently, new links build the graph again, and only what is really another picture is arranged
 * anew, elsewhere. Knows nothing of cameras, canvases and React.
 */
export class MapModel {
  readonly #mirror: Mirror;
  readonly #runner: LayoutRunner;
  readonly #events: ModelEvents;
  readonly #seen = nothingSeen();
  #environmentId = '';
  #engineLive = true;
  #sourceStates = '';
  #options = noOptions;
  // The stages, each made from the one before; a change begins at the first that it concerns.
  /** Entities and links, one node for what two systems speak of. */
  #world: Graph = emptyGraph;
  /** Without what stands beside the path. */
  #path: Graph = emptyGraph;
  /** Without what is hidden. */
  #filtered: Graph = emptyGraph;
  #folding: Folding | null = null;
  /** The present folding was chosen by size. */
  #automatic = true;
  /** Folded: what is drawn. */
  #shown: Graph = emptyGraph;
  /** Arrangements by the options that they were made for, oldest first. */
  readonly #placements = new Map<string, Placement>();
  #arranging: { key: string; cause: SceneCause } | null = null;
  #size: Size = { width: 1_000, height: 700 };
  #pitch: Pitch | null = null;
  #scene: Scene | null = null;

  constructor(mirror: Mirror, runner: LayoutRunner, events: ModelEvents) {
    this.#mirror = mirror;
    this.#runner = runner;
    this.#events = events;
  }

  get scene(): Scene | null {
    return this.#scene;
  }

  /** As folded now, also when that was chosen by size. */
  get fold(): FoldBy {
    return this.#folding?.by ?? 'none';
  }

  /** What passes the filters, before folding. Changes in place. */
  get unfolded(): ReadonlyMap<string, TopoNode> {
    return this.#filtered.nodes;
  }

  /** The number of the node that an entity (or a group) is drawn as; -1 when it is not on the map. */
  numberOf(id: string): number {
    const nodeId = this.#world.drawnAs.get(id) ?? id;
    return this.#scene?.index.get(this.#folding?.drawnAs(nodeId) ?? nodeId) ?? -1;
  }

  /** The node before folding that an entity is drawn as. */
  nodeOf(entityId: string): TopoNode | undefined {
    return this.#filtered.nodes.get(this.#world.drawnAs.get(entityId) ?? entityId);
  }

  /** Takes over what changed in the mirror since the last call. */
  update(): void {
    if (this.#mirror.environmentId !== this.#environmentId) this.#forget();
    if (this.#sourcesChanged()) this.refreshFreshness(this.#engineLive);
    const changes = changesSince(this.#seen, this.#mirror);
    if (changes.structure) {
      this.#rebuild('data');
      return;
    }
    if (changes.entities.length === 0) return;
    const refreshed = refreshNodes(this.#world, this.#mirror.entities, changes.entities);
    if (refreshed.depth === 'structure') this.#rebuild('data');
    else this.#exchange(refreshed);
  }

  /** Sources have another age or the engine went away: what is drawn says so. O(nodes). */
  refreshFreshness(engineLive: boolean): void {
    this.#engineLive = engineLive;
    const scene = this.#scene;
    if (!scene) return;
    const touched: number[] = [];
    scene.nodes.forEach((node, i) => {
      const before = scene.fresh[i];
      scene.setNode(i, node, this.#freshness(node));
      if (scene.fresh[i] !== before) touched.push(i);
    });
    if (touched.length > 0) this.#events.touched(touched, 'words');
  }

  setOptions(options: ViewOptions): void {
    this.#options = options;
    this.#path = pathOf(this.#world, options);
    this.#filter(this.#scene ? 'options' : 'first');
  }

  /** Spaces the map for a window of this size. Positions change, the arrangement does not. */
  setPitch(size: Size): void {
    this.#size = size;
    const placement = this.#placements.get(this.#key());
    if (!placement || !this.#scene) return;
    const pitch = pitchFor(placement, size);
    if (this.#pitch?.tier === pitch.tier && this.#pitch.row === pitch.row) return;
    this.#pitch = pitch;
    this.#place(placement, 'pitch');
  }

  /** Arranges everything anew: after long drifting, a better order than keeping each thing in its place. */
  tidy(): void {
    this.#placements.delete(this.#key());
    this.#show('tidy');
  }

  dispose(): void {
    this.#runner.dispose();
  }

  #forget(): void {
    this.#environmentId = this.#mirror.environmentId;
    this.#placements.clear();
    this.#pitch = null;
    this.#scene = null;
    this.#arranging = null;
  }

  /** A source has another state. There are a few dozen of them, and thousands of nodes that depend on each. */
  #sourcesChanged(): boolean {
    const states = [...this.#mirror.sources.values()].map(({ id, state }) => `${id} ${state}`).join('\n');
    const changed = states !== this.#sourceStates;
    this.#sourceStates = states;
    return changed;
  }

  #freshness(node: TopoNode) {
    return nodeFreshness(node, this.#mirror.sources, this.#engineLive).state;
  }

  /** Takes over nodes that say something else, and begins again at the first stage that it may change. */
  #exchange({ nodes, depth }: Refreshed): void {
    for (const graph of new Set([this.#world, this.#path, this.#filtered])) replaceIn(graph, nodes);
    for (const node of nodes.values()) this.#folding?.exchange(node);
    const { hideHealthy, keep } = this.#options;
    const stateOrDeeper = depth === 'state' || depth === 'facts';
    if (keep !== null ? depth !== 'numbers' : hideHealthy && stateOrDeeper) this.#filter('data');
    else if (this.#folding && depth === 'facts') this.#fold('data');
    else if (this.#folding && depth === 'state') this.#show('data');
    else this.#touch(nodes, depth);
  }

  #touch(nodes: ReadonlyMap<string, TopoNode>, depth: ChangeDepth): void {
    replaceIn(this.#shown, nodes);
    const touched: number[] = [];
    for (const [id, node] of nodes) {
      const number = this.#scene?.index.get(id);
      if (number === undefined) continue;
      this.#scene!.setNode(number, node, this.#freshness(node));
      touched.push(number);
    }
    if (touched.length > 0) this.#events.touched(touched, depth);
  }

  #rebuild(cause: SceneCause): void {
    this.#world = buildGraph(this.#mirror.entities, this.#mirror.links.values());
    this.#path = pathOf(this.#world, this.#options);
    this.#filter(this.#scene ? cause : 'first');
  }

  #filter(cause: SceneCause): void {
    this.#filtered = filterPath(this.#path, this.#options);
    this.#fold(cause);
  }

  #fold(cause: SceneCause): void {
    const { fold, open } = this.#options;
    const by = fold ?? automaticFold(this.#filtered, open, this.#automatic ? this.fold : 'none');
    this.#automatic = fold === null;
    this.#folding = by === 'none' ? null : new Folding(this.#filtered, by);
    this.#show(cause);
  }

  #show(cause: SceneCause): void {
    this.#shown = this.#folding?.fold(this.#options.open) ?? this.#filtered;
    const key = this.#key();
    const before = this.#placements.get(key);
    const kept = before && keepPlacement(before, this.#shown);
    if (kept) this.#place(kept, cause);
    else this.#arrange(key, cause);
  }

  /** One layout at a time: when it comes back, what changed meanwhile is fitted in. */
  #arrange(key: string, cause: SceneCause): void {
    if (this.#shown.nodes.size === 0) {
      this.#place(placementOf(layoutTask(this.#shown), noRows), cause);
      return;
    }
    if (this.#arranging?.key === key) return;
    this.#arranging = { key, cause };
    const task = layoutTask(this.#shown);
    this.#runner.run(task.input, (rows) => this.#arranged(key, cause, task, rows));
  }

  #arranged(key: string, cause: SceneCause, task: LayoutTask, rows: Rows): void {
    if (this.#arranging?.key !== key) return;
    this.#arranging = null;
    const kept = keepPlacement(placementOf(task, rows), this.#shown);
    if (kept) this.#place(kept, cause);
    else this.#arrange(key, cause);
  }

  #place(placement: Placement, cause: SceneCause): void {
    const key = this.#key();
    this.#placements.delete(key);
    this.#placements.set(key, placement);
    const oldest = this.#placements.keys().next().value;
    if (this.#placements.size > LAYOUTS_KEPT && oldest !== undefined) this.#placements.delete(oldest);
    if (cause === 'first' || cause === 'tidy' || cause === 'options') {
      this.#pitch = pitchFor(placement, this.#size);
    }
    this.#pitch ??= pitchFor(placement, this.#size);
    this.#scene = new Scene(this.#shown, placement, this.#pitch, (node) => this.#freshness(node));
    this.#events.scene(this.#scene, cause);
  }

  #key(): string {
    const { open, hideHealthy, show, calls, keep } = this.#options;
    const keepKey = keep === null ? '' : (keepIds.get(keep) ?? nameKeep(keep));
    const settings = [this.fold, [...open].sort(), hideHealthy, [...show].sort(), calls, keepKey];
    return JSON.stringify(settings);
  }
}

/** Graphs are made anew by each stage; between that, their nodes change in place. */
function replaceIn(graph: Graph, nodes: ReadonlyMap<string, TopoNode>): void {
  const known = graph.nodes as Map<string, TopoNode>;
  for (const [id, node] of nodes) if (known.has(id)) known.set(id, node);
}

const noRows: Rows = {
  column: new Uint16Array(0),
  row: new Float32Array(0),
  columns: new Uint16Array(0),
  rowCount: 0,
};

/** Filters are functions; each gets a number, so that an arrangement made for one is found again. */
const keepIds = new WeakMap<object, number>();
let keepCount = 0;

function nameKeep(keep: object): number {
  keepIds.set(keep, ++keepCount);
  return keepCount;
}
