import { useDeferredValue, useMemo, useState } from 'react';
import { setParam } from '../../../app/route.ts';
import { FreshnessMark } from '../../../ui/freshness.tsx';
import { HostileText } from '../../../ui/hostile-text.tsx';
import { matches, parseQuery } from '../../../ui/query.ts';
import { RelativeTime } from '../../../ui/relative-time.tsx';
import { StateMark } from '../../../ui/state-mark.tsx';
import { VirtualTable, type Column } from '../../../ui/virtual-table.tsx';
import { healthWords, kindWords } from '../../../ui/words.ts';
import { useWorldRevision } from '../../../world/store.ts';
import type { MapController } from '../map-controller.ts';
import { detailOf, titleOf } from '../pipeline/describe.ts';
import type { TopoNode } from '../pipeline/graph.ts';
import { formatSort, nextSort, readSort, sortRows } from './table-rows.ts';
import { useMapState } from './use-map.ts';

interface TableTwinProps {
  readonly controller: MapController;
  /** Search: the table lists only what it finds. */
  readonly q: string;
  readonly sort: string | null;
  readonly selected: string | null;
}

const ROW_PX = 28;
/** What is selected stands so many rows below the top at first. */
const ROWS_ABOVE = 8;

/** Everything on the map as rows: nothing folded, nothing too small to read. Same selection, same search. */
export function TableTwin({ controller, q, sort: sortText, selected }: TableTwinProps) {
  // Moving numbers re-render the rows in sight; what is listed and in which order changes only with words and states.
  useWorldRevision();
  const revision = useMapState(controller, (state) => state.revision, 0);
  const query = useDeferredValue(q);
  const sort = useMemo(() => readSort(sortText), [sortText]);
  const items = useMemo(() => {
    void revision;
    const parsed = parseQuery(query);
    const context = controller.queryContext();
    const nodes = [...controller.unfolded.values()].filter((node) =>
      node.parts.some((part) => matches(part, parsed, context)),
    );
    return sortRows(nodes, sort, (node) => controller.freshness(node)).map(({ id }) => ({
      type: 'row' as const,
      key: id,
      row: id,
    }));
    // oxlint-disable-next-line react/memo-dependencies -- the nodes change in place; `revision` says when
  }, [controller, query, revision, sort]);
  const columns = useMemo(() => columnsFor(controller), [controller]);
  const selectedNode = selected === null ? undefined : controller.nodeOf(selected);
  // Coming from the map, what is selected there is in sight here.
  const [initial] = useState(() => {
    const at = items.findIndex(({ key }) => key === selectedNode?.id);
    return Math.max(0, at - ROWS_ABOVE) * ROW_PX;
  });
  return (
    <VirtualTable
      label="Topology as a table"
      columns={columns}
      items={items}
      sort={sort}
      onSort={(by) => setParam('sort', formatSort(nextSort(sort, by)))}
      selectedKey={selectedNode?.id ?? null}
      onSelect={(id) => setParam('sel', id)}
      scroll={{ initial, onScroll: () => {} }}
      empty={q === '' ? 'Nothing passes the filter.' : 'Nothing here matches the search.'}
    />
  );
}

/** Rows are ids; each cell reads the node as it is now, so that a patch need not make the rows anew. */
function columnsFor(controller: MapController): Column<string>[] {
  const cell = (show: (node: TopoNode) => React.ReactNode) => (id: string) => {
    const node = controller.unfolded.get(id);
    return node ? show(node) : null;
  };
  return [
    {
      id: 'state',
      title: 'State',
      width: '116px',
      sortable: true,
      cell: cell((node) => (
        <>
          <StateMark state={node.state} decorative /> {healthWords[node.state]}
        </>
      )),
    },
    { id: 'name', title: 'Name', width: 'minmax(140px, 2fr)', sortable: true, cell: cell(titleOf) },
    {
      id: 'kind',
      title: 'Kind',
      width: '110px',
      sortable: true,
      cell: cell((node) => kindWords[node.kind].one),
    },
    { id: 'detail', title: 'Now', width: 'minmax(130px, 2fr)', from: 560, cell: cell(detailOf) },
    {
      id: 'reason',
      title: 'Reason',
      width: 'minmax(140px, 3fr)',
      from: 700,
      cell: cell((node) => (node.reason === undefined ? null : <HostileText text={node.reason} />)),
    },
    {
      id: 'since',
      title: 'Since',
      width: '96px',
      sortable: true,
      from: 820,
      cell: cell((node) => <RelativeTime at={node.entity.health.since} />),
    },
    {
      id: 'age',
      title: 'Data',
      width: '96px',
      sortable: true,
      from: 480,
      cell: cell((node) => <FreshnessMark freshness={controller.freshness(node)} />),
    },
  ];
}
