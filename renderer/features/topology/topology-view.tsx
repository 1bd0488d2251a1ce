import { Filter, Waypoints } from 'lucide-react';
import { useEffect, useMemo } from 'react';
import { useRegisterCommands, type Command } from '../../app/commands.ts';
import { currentRoute, navigate, setParam, useRoute } from '../../app/route.ts';
import { useEngineLive } from '../../app/session-store.ts';
import { Button } from '../../ui/button.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { parseQuery } from '../../ui/query.ts';
import { queryContextOf } from '../../world/query-context.ts';
import { engineNow } from '../../world/mirror.ts';
import { useWorld, worldStore } from '../../world/store.ts';
import type { MapController } from './map-controller.ts';
import type { TopoNode } from './pipeline/graph.ts';
import styles from './topology-view.module.css';
import { MapView } from './view/map-view.tsx';
import { formatOpen, readOpen, readParams, viewOptions, type MapParams } from './view/params.ts';
import { SourceBanner } from './view/source-banner.tsx';
import { TableTwin } from './view/table-twin.tsx';
import { focusFind, Toolbar } from './view/toolbar.tsx';
import { useCameraParam, useMapController, useMapPalette, useMapState } from './view/use-map.ts';

/** The path of every request through all systems, as a map or as a table. */
export function TopologyView() {
  const { params: search } = useRoute();
  const params = useMemo(() => readParams(search), [search]);
  const selected = search.get('sel');
  const { controller, canvasRef } = useMapController(useEngineLive());
  useMapPalette(controller);
  useViewOptions(controller, params);
  useCameraParam(controller, search.get('cam'));
  useEffect(() => controller?.select(selected), [controller, selected]);
  useEffect(() => controller?.find(parseQuery(params.q)), [controller, params.q]);
  useRegisterCommands(useMemo(() => viewCommands(controller), [controller]));
  const covered = useCover(controller);

  return (
    <section className={styles.view} aria-label="Topology">
      <Toolbar controller={controller} params={params} />
      <SourceBanner />
      <MapView
        controller={controller}
        canvasRef={canvasRef}
        hidden={params.twin === 'table' || covered !== null}
        onOpen={openNode}
      />
      {covered ??
        (params.twin === 'table' && controller ? (
          <div className={styles.table}>
            <TableTwin controller={controller} q={params.q} sort={search.get('sort')} selected={selected} />
          </div>
        ) : null)}
    </section>
  );
}

/** A node is opened in the panel, a group in place. */
function openNode(node: TopoNode | null): void {
  if (!node?.group) {
    setParam('sel', node?.id ?? null);
    return;
  }
  const open = readOpen(currentRoute().params.get('open'));
  setParam('open', formatOpen([...open.filter((id) => id !== node.id), node.id]));
}

function useViewOptions(controller: MapController | null, params: MapParams): void {
  const { fold, open, hideHealthy, show, calls, q, only } = params;
  const shown = [...show, ...open].join('\n');
  // The filter is a function; making it anew for an unrelated parameter would arrange the map anew.
  const options = useMemo(
    () =>
      viewOptions({ fold, open, hideHealthy, show, calls, q: only ? q : '', only, twin: 'map' }, () =>
        queryContextOf(worldStore.mirror, engineNow(worldStore.mirror, Date.now())),
      ),
    // oxlint-disable-next-line react/exhaustive-deps -- `shown` stands for both lists
    [fold, shown, hideHealthy, calls, only, only ? q : ''],
  );
  useEffect(() => controller?.setOptions(options), [controller, options]);
}

/** What stands in place of the map while there is none; null: there is a map. The frame waits for the first answer. */
function useCover(controller: MapController | null): React.ReactNode {
  const known = useWorld((mirror) => mirror.entities.size > 0);
  const empty = useMapState(
    controller,
    (state) => state.scene !== null && state.scene.nodes.length === 0,
    false,
  );
  if (!known) return <NothingYet />;
  return empty ? <NothingPasses /> : null;
}

function NothingYet() {
  return (
    <EmptyState
      icon={Waypoints}
      title="No system has told anything yet"
      actions={<Button onClick={() => navigate('connections')}>Open connections</Button>}
    >
      The path of each request appears here: virtual IPs, services, instances, guests and hosts, joined as
      soon as a connection answers.
    </EmptyState>
  );
}

function NothingPasses() {
  const clear = () => {
    for (const name of ['q', 'only', 'hide']) setParam(name, null);
  };
  return (
    <EmptyState
      icon={Filter}
      title="Nothing passes the filter"
      actions={<Button onClick={clear}>Show everything</Button>}
    >
      Healthy things may be hidden, or the search may find nothing.
    </EmptyState>
  );
}

function viewCommands(controller: MapController | null): readonly Command[] {
  const toggle = (name: string, value: string) => () =>
    setParam(name, currentRoute().params.get(name) === value ? null : value);
  return [
    {
      id: 'topology-find',
      title: 'Find on the map',
      group: 'View',
      keys: 'f',
      run: focusFind,
    },
    {
      id: 'topology-table',
      title: 'Switch between map and table',
      group: 'View',
      keys: 't',
      run: toggle('twin', 'table'),
    },
    {
      id: 'topology-fit',
      title: 'Show the whole map',
      group: 'View',
      keys: '0',
      run: () => controller?.fit(),
    },
    {
      id: 'topology-hide',
      title: 'Hide or show what is healthy',
      group: 'View',
      keys: 'h',
      run: toggle('hide', 'healthy'),
    },
    { id: 'topology-tidy', title: 'Arrange the map anew', group: 'View', run: () => controller?.tidy() },
    {
      id: 'topology-clear',
      title: 'Clear search, then selection',
      group: 'View',
      keys: 'escape',
      run: clearOne,
    },
  ];
}

/** Escape takes away one thing at a time, the newest first. */
function clearOne(): void {
  const { params } = currentRoute();
  for (const name of ['q', 'sel', 'open'] as const) {
    if (!params.has(name)) continue;
    setParam(name, null);
    if (name === 'q') setParam('only', null);
    return;
  }
}
