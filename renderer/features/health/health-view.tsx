import { FilterX, Inbox } from 'lucide-react';
import { useDeferredValue, useMemo } from 'react';
import type { Entity } from '../../../shared/model/entity.ts';
import { useRegisterCommands, type Command } from '../../app/commands.ts';
import { EntityMenu } from '../../app/entity-menu.tsx';
import { setParam, useParam } from '../../app/route.ts';
import { useEngineLive } from '../../app/session-store.ts';
import { Button } from '../../ui/button.tsx';
import { Chip } from '../../ui/chip.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { plural } from '../../ui/format.ts';
import { freshnessClass } from '../../ui/freshness.tsx';
import { QualifierFilter } from '../../ui/qualifier-filter.tsx';
import { parseQuery } from '../../ui/query.ts';
import { Page } from '../../ui/section.tsx';
import { VirtualTable, type TableItem } from '../../ui/virtual-table.tsx';
import { kindWords } from '../../ui/words.ts';
import { useEngineNow } from '../../world/clock.ts';
import { freshnessOf } from '../../world/freshness.ts';
import { queryContextOf } from '../../world/query-context.ts';
import { useCalmWorldShape, worldStore } from '../../world/store.ts';
import { healthColumns } from './health-columns.tsx';
import { formatOrder, groupByKind, healthRows, healthSorts, nextOrder, parseOrder } from './health-rows.ts';
import { knownValues } from './known-values.ts';

/** Every entity with its rolled-up health: state, reason, since when, because of what. */
export function HealthView() {
  const filter = useParam('q') ?? '';
  const order = parseOrder(useParam('sort'));
  const grouped = useParam('group') === 'kind';
  const selected = useParam('sel');
  const live = useEngineLive();
  const rows = useRows(filter, useParam('sort'));
  const items = useMemo(() => itemsOf(rows, grouped), [rows, grouped]);
  const commands = useMemo(() => commandsOf(grouped), [grouped]);
  useRegisterCommands(commands);

  const { mirror } = worldStore;
  const total = mirror.entities.size;
  return (
    <Page
      title="Health"
      tools={
        <>
          <QualifierFilter
            label="Filter entities"
            value={filter}
            inputId={FILTER_ID}
            known={() => knownValues(mirror)}
            onChange={(text) => setParam('q', text)}
          />
          <Chip pressed={filter === BAD} onClick={() => setParam('q', filter === BAD ? null : BAD)}>
            Only bad
          </Chip>
          <Chip pressed={grouped} onClick={() => setParam('group', grouped ? null : 'kind')}>
            By kind
          </Chip>
        </>
      }
      summary={
        rows.length === total
          ? plural(total, 'entity', 'entities')
          : `${rows.length.toLocaleString('en')} of ${plural(total, 'entity', 'entities')}`
      }
    >
      <EntityMenu>
        <VirtualTable
          label="Health of entities"
          columns={healthColumns}
          items={items}
          selectedKey={selected}
          onSelect={(key) => setParam('sel', key)}
          sort={order}
          onSort={(by) => {
            const column = healthSorts.find((sort) => sort === by);
            if (column) setParam('sort', formatOrder(nextOrder(order, column)));
          }}
          rowClass={(entity) => freshnessClass(freshnessOf(mirror.sources.get(entity.sourceId), live))}
          scroll={scrollMemory}
          empty={total === 0 ? <NothingYet /> : <NoMatch />}
        />
      </EntityMenu>
    </Page>
  );
}

const BAD = 'health:bad';
const FILTER_ID = 'health-filter';

function focusFilter(): void {
  document.getElementById(FILTER_ID)?.focus();
}

/** Where the list was when it was left; the rest of what it shows is in the URL. */
const scrollMemory = {
  initial: 0,
  onScroll: (top: number) => {
    scrollMemory.initial = top;
  },
};

/** Filters and sorts when the world changed shape, at most four times a second; once a second for filters by age. */
function useRows(filter: string, sort: string | null): readonly Entity[] {
  const shape = useCalmWorldShape();
  const query = useMemo(() => parseQuery(filter), [filter]);
  const deferred = useDeferredValue(query);
  const now = useEngineNow();
  const byAge = deferred.terms.some(({ by }) => by === 'age' || by === 'since');
  const moment = byAge ? now : 0;
  return useMemo(() => {
    const { mirror } = worldStore;
    return healthRows(mirror.entities.values(), deferred, queryContextOf(mirror, moment), parseOrder(sort));
    // The mirror changes in place; `shape` says when.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [shape, deferred, moment, sort]);
}

function itemsOf(rows: readonly Entity[], grouped: boolean): readonly TableItem<Entity>[] {
  const item = (row: Entity): TableItem<Entity> => ({ type: 'row', key: row.id, row });
  if (!grouped) return rows.map(item);
  return groupByKind(rows).flatMap(({ kind, rows: members, bad }): TableItem<Entity>[] => {
    const { one, many } = kindWords[kind];
    const title = `${plural(members.length, one, many)}${bad > 0 ? ` · ${bad} bad` : ''}`;
    const group: TableItem<Entity> = { type: 'group', key: `group ${kind}`, title };
    return [group, ...members.map(item)];
  });
}

function commandsOf(grouped: boolean): readonly Command[] {
  return [
    {
      id: 'health-filter',
      title: 'Filter the list',
      group: 'View',
      keys: 'f',
      run: focusFilter,
    },
    {
      id: 'health-group',
      title: grouped ? 'List without groups' : 'Group by kind',
      group: 'View',
      run: () => setParam('group', grouped ? null : 'kind'),
    },
    { id: 'health-bad', title: 'Show only what is bad', group: 'View', run: () => setParam('q', BAD) },
  ];
}

function NothingYet() {
  return (
    <EmptyState icon={Inbox} title="No entities yet">
      They appear as the systems answer. The bar below says which ones have.
    </EmptyState>
  );
}

function NoMatch() {
  return (
    <EmptyState
      icon={FilterX}
      title="Nothing passes this filter"
      actions={<Button onClick={() => setParam('q', null)}>Clear the filter</Button>}
    />
  );
}
