import { useVirtualizer } from '@tanstack/react-virtual';
import { ChevronDown, ChevronUp } from 'lucide-react';
import { memo, useEffect, useId, useMemo, useRef, useState, type ReactNode } from 'react';
import { cx } from './cx.ts';
import { rowAfterKey } from './table-keys.ts';
import styles from './virtual-table.module.css';

export interface Column<T> {
  readonly id: string;
  readonly title: string;
  /** A track of CSS grid: `28px`, `minmax(120px, 2fr)`. */
  readonly width: string;
  readonly align?: 'end';
  /** Sorting by this column is offered. */
  readonly sortable?: boolean;
  /** Left out where the table is narrower than this, in px. */
  readonly from?: number;
  readonly cell: (row: T) => ReactNode;
}

/** A row of data, or a heading over the rows that follow. */
export type TableItem<T> =
  | { readonly type: 'row'; readonly key: string; readonly row: T }
  | { readonly type: 'group'; readonly key: string; readonly title: ReactNode };

export interface Sort {
  readonly by: string;
  readonly descending: boolean;
}

interface VirtualTableProps<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly items: readonly TableItem<T>[];
  readonly selectedKey: string | null;
  readonly onSelect: (key: string | null) => void;
  readonly sort?: Sort;
  readonly onSort?: (by: string) => void;
  readonly rowClass?: (row: T) => string | undefined;
  /** Scroll position to come back to, and where to keep it. */
  readonly scroll?: { readonly initial: number; readonly onScroll: (top: number) => void };
  /** Shown instead of rows when there are none. */
  readonly empty: ReactNode;
}

const ROW_PX = 28;

/**
 * A list of any length: only what is seen is in the document. One tab stop; arrows, j/k, Page, Home and End move the
 * selection, Escape clears it.
 */
export function VirtualTable<T>(props: VirtualTableProps<T>) {
  const { label, columns, items, selectedKey, onSelect, sort, onSort, rowClass, scroll, empty } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  const shown = useFittingColumns(scroller, columns);
  // The virtualizer changes in place; nothing that is memoised is given its functions.
  // oxlint-disable-next-line react/incompatible-library
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    initialOffset: scroll?.initial ?? 0,
    getItemKey: (index) => items[index]?.key ?? index,
  });

  const moveBy = (event: React.KeyboardEvent) => {
    if (event.key === 'Escape' && selectedKey !== null) {
      event.stopPropagation();
      onSelect(null);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const rows = items.flatMap((item, index) => (item.type === 'row' ? [index] : []));
    const at = rows.findIndex((index) => items[index]?.key === selectedKey);
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_PX) - 2);
    const next = rowAfterKey(event.key, at, rows.length, page);
    const index = next === null ? undefined : rows[next];
    const item = index === undefined ? undefined : items[index];
    if (index === undefined || !item) return;
    event.preventDefault();
    onSelect(item.key);
    virtualizer.scrollToIndex(next === 0 ? 0 : index, { align: 'auto' });
  };

  const selectedId = selectedKey === null ? undefined : `${id}-${selectedKey}`;
  return (
    <div
      ref={scroller}
      className={styles.table}
      role="grid"
      aria-label={label}
      aria-rowcount={items.length + 1}
      aria-colcount={shown.length}
      aria-activedescendant={
        virtualizer.getVirtualItems().some(({ index }) => items[index]?.key === selectedKey)
          ? selectedId
          : undefined
      }
      tabIndex={0}
      onKeyDown={moveBy}
      onScroll={(event) => scroll?.onScroll(event.currentTarget.scrollTop)}
    >
      <div
        className={styles.head}
        role="row"
        aria-rowindex={1}
        style={{ gridTemplateColumns: trackOf(shown) }}
      >
        {shown.map((column) => (
          <HeadCell key={column.id} column={column} sort={sort} onSort={onSort} />
        ))}
      </div>
      {items.length === 0 ? <div className={styles.empty}>{empty}</div> : null}
      <div
        role="rowgroup"
        className={styles.body}
        style={{ height: virtualizer.getTotalSize() }}
        onClick={(event) => {
          const clicked = (event.target as Element).closest<HTMLElement>('[data-key]')?.dataset['key'];
          if (clicked !== undefined) onSelect(clicked === selectedKey ? null : clicked);
        }}
      >
        {virtualizer.getVirtualItems().map(({ index, key, start }) => {
          const item = items[index];
          if (!item) return null;
          if (item.type === 'group')
            return (
              <div
                key={key}
                role="row"
                aria-rowindex={index + 2}
                className={styles.group}
                style={{ transform: `translateY(${start}px)` }}
              >
                <div role="gridcell" aria-colspan={shown.length}>
                  {item.title}
                </div>
              </div>
            );
          return (
            <Row
              key={key}
              id={`${id}-${item.key}`}
              itemKey={item.key}
              index={index}
              start={start}
              row={item.row}
              columns={shown}
              selected={item.key === selectedKey}
              className={rowClass?.(item.row)}
            />
          );
        })}
      </div>
    </div>
  );
}

interface RowProps {
  readonly id: string;
  readonly itemKey: string;
  readonly index: number;
  readonly start: number;
  readonly row: unknown;
  readonly columns: readonly Column<never>[];
  readonly selected: boolean;
  readonly className: string | undefined;
}

/**
 * One row; drawn anew only when its own data, place or selection change. The grid has the tab stop and the keys, and the
 * body takes the clicks.
 */
const Row = memo(function Row({ id, itemKey, index, start, row, columns, selected, className }: RowProps) {
  return (
    <div
      id={id}
      role="row"
      data-key={itemKey}
      aria-rowindex={index + 2}
      aria-selected={selected}
      className={cx(styles.row, className)}
      style={{ transform: `translateY(${start}px)`, gridTemplateColumns: trackOf(columns) }}
    >
      {columns.map((column) => (
        <div key={column.id} role="gridcell" className={cx(styles.cell, column.align && styles.end)}>
          {column.cell(row as never)}
        </div>
      ))}
    </div>
  );
});

function trackOf(columns: readonly { readonly width: string }[]): string {
  return columns.map(({ width }) => width).join(' ');
}

interface HeadCellProps<T> {
  readonly column: Column<T>;
  readonly sort: Sort | undefined;
  readonly onSort: ((by: string) => void) | undefined;
}

function HeadCell<T>({ column, sort, onSort }: HeadCellProps<T>) {
  const sorted = sort?.by === column.id;
  const direction = sort?.descending ? ('descending' as const) : ('ascending' as const);
  const Arrow = sort?.descending ? ChevronDown : ChevronUp;
  return (
    <div
      role="columnheader"
      className={cx(styles.headCell, column.align && styles.end)}
      {...(sorted ? { 'aria-sort': direction } : {})}
    >
      {column.sortable && onSort ? (
        <button type="button" className={styles.sort} onClick={() => onSort(column.id)}>
          {column.title}
          {sorted ? <Arrow size={12} aria-hidden /> : null}
        </button>
      ) : (
        column.title
      )}
    </div>
  );
}

/** The columns that have room, by the table's own width. */
function useFittingColumns<T>(
  table: React.RefObject<HTMLDivElement | null>,
  columns: readonly Column<T>[],
): readonly Column<T>[] {
  const [width, setWidth] = useState(Infinity);
  useEffect(() => {
    if (!table.current) return undefined;
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? Infinity));
    observer.observe(table.current);
    return () => observer.disconnect();
  }, [table]);
  return useMemo(() => columns.filter(({ from }) => from === undefined || width >= from), [columns, width]);
}
