import type { Mirror } from '../../world/mirror.ts';
import { engineNow } from '../../world/mirror.ts';
import type { QueryContext, Query } from '../../ui/query.ts';
import { matches } from '../../ui/query.ts';
import { queryContextOf } from '../../world/query-context.ts';
import * as cameras from './draw/camera.ts';
import type { Camera, Rect, Size } from './draw/camera.ts';
import type { Freshness } from '../../world/freshness.ts';
import { MapCanvas, type Frames, type Words } from './draw/map-canvas.ts';
import type { Palette } from './draw/palette.ts';
import { pathThrough, walk, type Direction, type Subset } from './draw/paths.ts';
import type { Scene } from './draw/scene.ts';
import type { LayoutRunner } from './layout/runner.ts';
import { linkRate } from './draw/rates.ts';
import { MapModel, type SceneCause } from './map-model.ts';
import { detailOf, freshnessText, nodeFreshness, titleOf } from './pipeline/describe.ts';
import type { FoldBy, TopoNode } from './pipeline/graph.ts';
import type { ViewOptions } from './pipeline/pipeline.ts';
import type { ChangeDepth } from './pipeline/refresh.ts';
import { isBad } from './pipeline/state.ts';
import { DOTS_BELOW, SECOND_LINE_FROM } from './thresholds.ts';

/** What the React side shows around the canvas. A new object each time that something of it changed. */
export interface MapState {
  readonly scene: Scene | null;
  readonly fold: FoldBy;
  /** Id of the node at the keyboard's place. */
  readonly cursor: string | null;
  /** Nodes that the search finds; null: no search. */
  readonly found: number | null;
  readonly camera: Camera;
  /** The whole map is fitted to the window: nothing to remember in the URL. */
  readonly fitted: boolean;
  /** Grows when nodes moved, came, went, or say something else. */
  readonly revision: number;
}

export interface ControllerDeps {
  readonly mirror: Mirror;
  readonly runner: LayoutRunner;
  readonly canvas: HTMLCanvasElement;
  /** Local epoch ms. */
  readonly now: () => number;
  readonly frames?: Frames;
}

/**
 * One map on one canvas: camera, marks, search, and the commands that pointer and keyboard give. The React side calls
 * it and listens; the world is pulled in by `update`, at most once a frame.
 */
export class MapController {
  readonly #deps: ControllerDeps;
  readonly #model: MapModel;
  readonly #canvas: MapCanvas;
  readonly #listeners = new Set<() => void>();
  #state: MapState;
  #size: Size = { width: 0, height: 0 };
  #engineLive = true;
  #query: Query | null = null;
  #foundSet: Subset | null = null;
  #selected: string | null = null;
  #hovered: string | null = null;
  /** The keyboard is in use: its place is marked, and its path shown. */
  #keyboard = false;
  #titles: (string | undefined)[] = [];
  #details: (string | undefined)[] = [];

  constructor(deps: ControllerDeps) {
    this.#deps = deps;
    this.#canvas = deps.frames ? new MapCanvas(deps.canvas, deps.frames) : new MapCanvas(deps.canvas);
    this.#model = new MapModel(deps.mirror, deps.runner, {
      scene: (scene, cause) => this.#newScene(scene, cause),
      touched: (nodes, depth) => this.#touched(nodes, depth),
    });
    this.#state = {
      scene: null,
      fold: 'none',
      cursor: null,
      found: null,
      camera: { x: 0, y: 0, zoom: 1 },
      fitted: true,
      revision: 0,
    };
  }

  /** Returns the disposer. */
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  state = (): MapState => this.#state;

  dispose(): void {
    this.#canvas.dispose();
    this.#model.dispose();
    this.#listeners.clear();
  }

  /** Pulls in what changed in the mirror. */
  update(): void {
    this.#model.update();
  }

  /** Ages moved on, sources changed, or the engine came or went. */
  refreshFreshness(engineLive: boolean): void {
    this.#engineLive = engineLive;
    this.#model.refreshFreshness(engineLive);
    if (this.#state.scene?.fresh.some((fresh) => fresh !== 0)) this.#canvas.repaint();
  }

  setOptions(options: ViewOptions): void {
    this.#model.setOptions(options);
  }

  setPalette(palette: Palette): void {
    this.#canvas.setPalette(palette);
  }

  /** `refit`: the whole window changed, so a fitted map is fitted again; else what is seen stays where it is. */
  resize(size: Size, ratio: number, refit: boolean): void {
    const before = this.#size;
    this.#size = size;
    const { camera, fitted, scene } = this.#state;
    if (!scene || before.width === 0) this.#model.setPitch(size);
    else if (fitted && refit) this.fit();
    else {
      // The left top corner stays: a panel that opens on the right pushes nothing aside.
      const corner = cameras.toMap(camera, before, 0, 0);
      const x = corner.x + size.width / 2 / camera.zoom;
      const y = corner.y + size.height / 2 / camera.zoom;
      this.#setCamera({ ...camera, x, y }, fitted);
      if (this.#selected !== null) this.#reveal(this.#model.numberOf(this.#selected));
    }
    this.#canvas.resize(size, ratio);
  }

  /** Shows everything, spaced for the window. */
  fit(): void {
    this.#model.setPitch(this.#size);
    const { scene } = this.#state;
    if (scene) this.#setCamera(cameras.fit(scene.bounds, this.#size), true);
  }

  setCamera(camera: Camera): void {
    this.#setCamera(camera, false);
  }

  pan(dx: number, dy: number): void {
    this.#setCamera(cameras.pan(this.#state.camera, dx, dy), false);
  }

  /** `at`: CSS px in the window; without it, its middle. */
  zoom(factor: number, at = { x: this.#size.width / 2, y: this.#size.height / 2 }): void {
    this.#setCamera(cameras.zoomAt(this.#state.camera, this.#size, at, factor), false);
  }

  tidy(): void {
    this.#model.tidy();
  }

  get size(): Size {
    return this.#size;
  }

  /** Numbers of the keyboard's place and the selection; -1 where there is none. */
  markedNumbers(): readonly number[] {
    return [this.#cursorNumber(), this.#selected === null ? -1 : this.#model.numberOf(this.#selected)];
  }

  /** The node under a point of the window, CSS px. */
  nodeAt(x: number, y: number): TopoNode | null {
    const { scene, camera } = this.#state;
    if (!scene) return null;
    const point = cameras.toMap(camera, this.#size, x, y);
    // Dots are smaller than a finger, and than some hands.
    const slop = camera.zoom < DOTS_BELOW ? 6 / camera.zoom : 2;
    const number = scene.grid.at(point.x, point.y, slop);
    return number < 0 ? null : scene.nodes[number]!;
  }

  /** Where a node is in the window, CSS px; null when it is not on the map. */
  boxOf(id: string): Rect | null {
    const { scene, camera } = this.#state;
    const number = this.#model.numberOf(id);
    if (!scene || number < 0) return null;
    const box = scene.boxOf(number);
    const a = cameras.toScreen(camera, this.#size, box.left, box.top);
    const b = cameras.toScreen(camera, this.#size, box.right, box.bottom);
    return { left: a.x, top: a.y, right: b.x, bottom: b.y };
  }

  hover(node: TopoNode | null): void {
    if (this.#hovered === (node?.id ?? null)) return;
    this.#hovered = node?.id ?? null;
    this.#mark();
  }

  /** Id of the selected entity; it may be drawn as another, or as part of a group. */
  select(id: string | null): void {
    this.#selected = id;
    const number = id === null ? -1 : this.#model.numberOf(id);
    if (number >= 0) this.#patchState({ cursor: this.#state.scene!.nodes[number]!.id });
    this.#mark();
  }

  /** What the selected entity is drawn as. */
  get selectedNode(): TopoNode | null {
    const number = this.#selected === null ? -1 : this.#model.numberOf(this.#selected);
    return this.#state.scene?.nodes[number] ?? null;
  }

  setKeyboard(inUse: boolean): void {
    this.#keyboard = inUse;
    if (inUse && this.#cursorNumber() < 0) this.moveTo(this.#startNode());
    this.#mark();
  }

  /** The keyboard's place goes along a link or a column. */
  walk(direction: Direction): void {
    const { scene } = this.#state;
    const from = this.#cursorNumber();
    if (!scene) return;
    this.moveTo(from < 0 ? this.#startNode() : walk(scene, from, direction));
  }

  /** Puts the keyboard at a node and brings it into the window. */
  moveTo(number: number): void {
    const node = this.#state.scene?.nodes[number];
    if (!node) return;
    this.#patchState({ cursor: node.id });
    this.#reveal(number);
    this.#mark();
  }

  /** Shows what a search finds; null ends it. */
  find(query: Query | null): void {
    this.#query = query && query.terms.length > 0 ? query : null;
    this.#search();
    this.#mark();
  }

  /** Goes to the next thing found after the keyboard's place, or the one before. */
  nextFound(step: 1 | -1): void {
    const { scene } = this.#state;
    if (!scene || !this.#foundSet) return;
    const found = this.readingOrder().filter((i) => this.#foundSet!.nodes[i]);
    if (found.length === 0) return;
    const at = found.indexOf(this.#cursorNumber());
    this.#keyboard = true;
    this.moveTo(found.at((at < 0 && step < 0 ? 0 : at + step) % found.length)!);
  }

  /** All nodes by column, then by height. */
  readingOrder(): number[] {
    const { scene } = this.#state;
    if (!scene) return [];
    return [...scene.nodes.keys()].sort((a, b) => scene.x[a]! - scene.x[b]! || scene.y[a]! - scene.y[b]!);
  }

  /** Every node that passes the filters, not folded: the rows of the table twin. */
  get unfolded(): ReadonlyMap<string, TopoNode> {
    return this.#model.unfolded;
  }

  /** The node (unfolded) that an entity is drawn as; undefined when it is filtered away. */
  nodeOf(entityId: string): TopoNode | undefined {
    return this.#model.nodeOf(entityId);
  }

  freshness(node: TopoNode): Freshness {
    return nodeFreshness(node, this.#deps.mirror.sources, this.#engineLive);
  }

  /** Epoch ms on the engine's clock. */
  now(): number {
    return engineNow(this.#deps.mirror, this.#deps.now());
  }

  queryContext(): QueryContext {
    return queryContextOf(this.#deps.mirror, this.now());
  }

  #newScene(scene: Scene, cause: SceneCause): void {
    this.#titles = [];
    this.#details = [];
    this.#patchState({ scene, fold: this.#model.fold, revision: this.#state.revision + 1 });
    this.#search();
    this.#canvas.setScene(scene, this.#words(scene), cause === 'data');
    const refit = cause === 'tidy' || cause === 'options' || this.#state.fitted;
    if (refit && cause !== 'pitch' && (cause !== 'data' || !this.#isInside(scene))) {
      this.#setCamera(cameras.fit(scene.bounds, this.#size), true);
    }
    if (this.#selected !== null) this.select(this.#selected);
    this.#mark();
  }

  /** A fitted map that grew out of the window is fitted again; one that still fits is left alone. */
  #isInside({ bounds }: Scene): boolean {
    const view = cameras.visibleRect(this.#state.camera, this.#size);
    return (
      bounds.left >= view.left &&
      bounds.right <= view.right &&
      bounds.top >= view.top &&
      bounds.bottom <= view.bottom
    );
  }

  #touched(nodes: readonly number[], depth: ChangeDepth): void {
    for (const i of nodes) {
      this.#titles[i] = undefined;
      this.#details[i] = undefined;
    }
    if (depth !== 'numbers') {
      this.#patchState({ revision: this.#state.revision + 1 });
      if (this.#query) this.#search();
    }
    // Numbers stand in the second line; from afar there is nothing of them to see.
    if (depth === 'numbers' && this.#state.camera.zoom < SECOND_LINE_FROM) return;
    // A state colours links that reach far; words concern only their own box.
    if (depth === 'numbers' || depth === 'words') this.#canvas.touch(nodes);
    else this.#canvas.repaint();
  }

  #words(scene: Scene): Words {
    return {
      title: (i) => (this.#titles[i] ??= titleOf(scene.nodes[i]!)),
      detail: (i) => (this.#details[i] ??= detailOf(scene.nodes[i]!)),
      age: (i) => (scene.fresh[i] === 0 ? '' : freshnessText(this.freshness(scene.nodes[i]!), this.now())),
      rate: (edge) => linkRate(scene, edge),
    };
  }

  #search(): void {
    const { scene } = this.#state;
    if (!scene || !this.#query) {
      this.#foundSet = null;
      if (this.#state.found !== null) this.#patchState({ found: null });
      return;
    }
    const context = this.queryContext();
    const query = this.#query;
    const nodes = Uint8Array.from(scene.nodes, (node) =>
      Number(node.parts.some((part) => matches(part, query, context))),
    );
    this.#foundSet = { nodes, edges: new Uint8Array(scene.edgeFrom.length) };
    this.#patchState({ found: nodes.reduce((sum, flag) => sum + flag, 0) });
  }

  #mark(): void {
    const { scene } = this.#state;
    if (!scene) return;
    const hovered = this.#hovered === null ? -1 : this.#model.numberOf(this.#hovered);
    const cursor = this.#keyboard ? this.#cursorNumber() : -1;
    const selected = this.#selected === null ? -1 : this.#model.numberOf(this.#selected);
    const pointed = hovered >= 0 ? hovered : cursor;
    const highlight = pointed >= 0 ? pathThrough(scene, pointed) : this.#foundSet;
    this.#canvas.setMarks({ hovered, cursor, selected, highlight });
  }

  #cursorNumber(): number {
    return this.#state.cursor === null ? -1 : this.#model.numberOf(this.#state.cursor);
  }

  /** Where the keyboard begins: what is selected, else the worst, else the first. */
  #startNode(): number {
    const { scene } = this.#state;
    if (!scene) return -1;
    const selected = this.#selected === null ? -1 : this.#model.numberOf(this.#selected);
    if (selected >= 0) return selected;
    const order = this.readingOrder();
    const down = order.find((i) => scene.stateOf(i) === 'down');
    return down ?? order.find((i) => isBad(scene.stateOf(i))) ?? order[0] ?? -1;
  }

  #reveal(number: number): void {
    const { scene, camera, fitted } = this.#state;
    if (!scene || number < 0) return;
    const revealed = cameras.reveal(camera, this.#size, scene.boxOf(number));
    if (revealed !== camera) this.#setCamera(revealed, fitted);
  }

  #setCamera(camera: Camera, fitted: boolean): void {
    this.#patchState({ camera, fitted });
    this.#canvas.setCamera(camera);
  }

  #patchState(patch: Partial<MapState>): void {
    this.#state = { ...this.#state, ...patch };
    for (const listener of this.#listeners) listener();
  }
}
