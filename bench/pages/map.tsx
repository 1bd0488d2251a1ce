import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { useSession } from '../../renderer/app/session-store.ts';
import { TopologyView } from '../../renderer/features/topology/topology-view.tsx';
import { TooltipProvider } from '../../renderer/ui/tooltip.tsx';
import '../../renderer/ui/base.css';
import { worldStore } from '../../renderer/world/store.ts';
import { FIXTURE_AT, fixture } from '../fixture.ts';
import { atTurn, worldOf } from '../world.ts';
import { expose, nextFrame } from './page.ts';

/**
 * The topology view itself on a generated world: for the bench, for screenshots, and for working on it without an
 * engine. `?count=200&seed=1&theme=light&wait=1#/topology?…`; with `wait` the world comes when the bench says so.
 */
const query = new URLSearchParams(window.location.search);
document.documentElement.dataset['theme'] = query.get('theme') ?? 'dark';
const root = document.getElementById('root')!;
root.style.height = '100vh';

const said = fixture(Number(query.get('count') ?? 200), Number(query.get('seed') ?? 1));
const world = worldOf(said);
const snapshot = world.snapshot(FIXTURE_AT);
let turn = 0;

function show(): void {
  createRoot(root).render(
    <StrictMode>
      <TooltipProvider>
        <TopologyView />
      </TooltipProvider>
    </StrictMode>,
  );
}

const canvas = () => document.querySelector('canvas');
const drawn = () => Number(canvas()?.dataset['drawnRevision'] ?? 0);

expose({
  async firstPaint() {
    await document.fonts.load('13px "Inter Variable"');
    const started = performance.now();
    worldStore.apply(snapshot, Date.now());
    useSession.setState({ phase: 'live' });
    show();
    while (drawn() === 0) await nextFrame();
    await nextFrame();
    return performance.now() - started;
  },
  pan(dx, dy) {
    send({ deltaX: -dx, deltaY: -dy, deltaMode: 0 });
  },
  zoom(factor) {
    // As a trackpad pinches: small, with Ctrl.
    send({ deltaX: 0, deltaY: -Math.log(factor) * 100, deltaMode: 0, ctrlKey: true });
  },
  change(share) {
    turn++;
    for (const { connectionId, observation } of atTurn(said, share, turn)) {
      world.observe(connectionId, observation, FIXTURE_AT + turn * 1_000);
    }
    const patch = world.flush(FIXTURE_AT + turn * 1_000)!;
    const entities = patch.entities.length;
    const before = drawn();
    const started = performance.now();
    worldStore.apply(patch, Date.now());
    const applyMs = performance.now() - started;
    return { entities, applyMs, done: () => drawn() > before };
  },
});

function send(init: WheelEventInit): void {
  const list = document.querySelector('[role=listbox]')!;
  const { width, height } = list.getBoundingClientRect();
  list.dispatchEvent(
    new WheelEvent('wheel', {
      ...init,
      clientX: width / 2,
      clientY: height / 2 + 40,
      bubbles: true,
      cancelable: true,
    }),
  );
}

if (!query.has('wait')) {
  if (snapshot.entities.length > 0) worldStore.apply(snapshot, Date.now());
  useSession.setState({ phase: 'live' });
  show();
}
