import { Checkbox, UnstyledButton } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { formatNumber } from '../lib/format';
import { useUiTexts } from './i18n';
import { Icon } from './icons';
import classes from './VirtualTable.module.css';

export interface Column<Row> {
  key: string;
  header: string;
  /** A CSS grid track: "120px", "minmax(160px, 2fr)". */
  width: string;
  render: (row: Row) => ReactNode;
  /** The server's word for this order; without one it cannot be sorted by. */
  sort?: string;
  align?: 'right';
}

interface Props<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  rowKey: (row: Row) => string;
  /** Where a row leads; also by Enter. */
  onOpen?: (row: Row) => void;
  /** "label" or "-label". */
  sort?: string;
  onSort?: (sort: string) => void;
  selected?: ReadonlySet<string>;
  onSelect?: (selected: Set<string>) => void;
  rowName?: (row: Row) => string;
  hasMore?: boolean;
  onEndReached?: () => void;
  total?: number;
  height?: string | number;
  rowHeight?: number;
}

const GAP = 12; // between columns and beside them, as in the style sheet
const NEAR_END = 20; // rows before the end at which the next page is asked for

/**
 * A table of any length: only visible rows exist, the server sorts and pages. j/k or arrows move, Enter opens, x or
 * space selects.
 */
export function VirtualTable<Row>(props: Props<Row>) {
  const { columns, rows, rowKey, selected, onSelect, hasMore, onEndReached, rowHeight = 40 } = props;
  const t = useUiTexts();
  const scroll = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState(-1);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (hasMore && last >= rows.length - NEAR_END) onEndReached?.();
  }, [hasMore, last, rows.length, onEndReached]);

  const toggle = (row: Row) => {
    const next = new Set(selected);
    if (!next.delete(rowKey(row))) next.add(rowKey(row));
    onSelect?.(next);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLElement && event.target.closest('input, button, a')) return;
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    const row = rows[focused];
    if (step !== undefined) {
      const next = Math.max(0, Math.min(rows.length - 1, focused + step));
      setFocused(next);
      virtual.scrollToIndex(next);
    } else if (event.key === 'Enter' && row) props.onOpen?.(row);
    else if ((event.key === 'x' || event.key === ' ') && row && onSelect) toggle(row);
    else return;
    event.preventDefault();
  };
  const template = (onSelect ? '24px ' : '') + columns.map((column) => column.width).join(' ');
  // Below this the table scrolls sideways: the rows lie absolutely, so each has to know it.
  const least = columns.reduce(
    (sum, { width }) => sum + GAP + Number.parseInt(/\d+/.exec(width)?.[0] ?? '0'),
    2 * GAP + (onSelect ? 24 : 0),
  );
  const shownSelected = rows.filter((row) => selected?.has(rowKey(row))).length;
  return (
    <div>
      <div
        ref={scroll}
        className={classes.scroll}
        style={{ height: props.height ?? 'calc(100vh - 280px)' }}
        role="table"
        aria-label={props.label}
        aria-rowcount={props.total ?? (hasMore ? -1 : rows.length + 1)}
        tabIndex={0}
        onKeyDown={onKey}
      >
        <div role="rowgroup" className={classes.head} style={{ minWidth: least }}>
          <div role="row" aria-rowindex={1} className={classes.row} style={{ gridTemplateColumns: template }}>
            {onSelect && (
              <div role="columnheader">
                <Checkbox
                  size="xs"
                  aria-label={t('selectAll')}
                  checked={rows.length > 0 && shownSelected === rows.length}
                  indeterminate={shownSelected > 0 && shownSelected < rows.length}
                  onChange={() => onSelect(shownSelected === rows.length ? new Set() : new Set(rows.map(rowKey)))}
                />
              </div>
            )}
            {columns.map((column) => (
              <Header key={column.key} column={column} sort={props.sort} onSort={props.onSort} />
            ))}
          </div>
        </div>
        <div role="rowgroup" style={{ height: virtual.getTotalSize(), minWidth: least, position: 'relative' }}>
          {items.map((item) => {
            const row = rows[item.index] as Row;
            const key = rowKey(row);
            return (
              <div
                key={key}
                role="row"
                aria-rowindex={item.index + 2}
                aria-selected={onSelect ? !!selected?.has(key) : undefined}
                className={classes.row}
                data-focused={item.index === focused || undefined}
                data-opens={props.onOpen ? true : undefined}
                style={{
                  gridTemplateColumns: template,
                  position: 'absolute',
                  width: '100%',
                  height: rowHeight,
                  transform: `translateY(${item.start}px)`,
                }}
                onClick={(event) => {
                  if (event.target instanceof HTMLElement && event.target.closest('a, button, input, label')) return;
                  setFocused(item.index);
                  props.onOpen?.(row);
                }}
              >
                {onSelect && (
                  <div role="cell">
                    <Checkbox
                      size="xs"
                      aria-label={t('selectRow', { name: props.rowName?.(row) ?? key })}
                      checked={selected?.has(key) ?? false}
                      onChange={() => toggle(row)}
                    />
                  </div>
                )}
                {columns.map((column) => (
                  <div role="cell" key={column.key} className={classes.cell} data-align={column.align}>
                    {column.render(row)}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
      <div className={classes.foot} role="status">
        {props.total !== undefined
          ? t('ofTotal', { shown: formatNumber(rows.length), total: formatNumber(props.total) })
          : t('rowsShown', { count: rows.length }) + (hasMore ? ` · ${t('more')}` : '')}
      </div>
    </div>
  );
}

function Header<Row>({
  column,
  sort,
  onSort,
}: {
  column: Column<Row>;
  sort?: string;
  onSort?: (sort: string) => void;
}) {
  const t = useUiTexts();
  const word = column.sort;
  if (!word || !onSort) {
    return (
      <div role="columnheader" className={classes.cell} data-align={column.align}>
        {column.header}
      </div>
    );
  }
  const direction = sort === word ? 'ascending' : sort === `-${word}` ? 'descending' : 'none';
  return (
    <div role="columnheader" className={classes.cell} aria-sort={direction} data-align={column.align}>
      <UnstyledButton
        className={classes.sort}
        title={t('sortBy', { column: column.header })}
        onClick={() => onSort(direction === 'ascending' ? `-${word}` : word)}
      >
        {column.header}
        {direction !== 'none' && <Icon name={direction === 'ascending' ? 'up' : 'down'} size={13} />}
      </UnstyledButton>
    </div>
  );
}
