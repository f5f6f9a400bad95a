import { Table } from '@mantine/core';
import type { Column } from './VirtualTable';

interface Props<Row> {
  label: string;
  /** `width`: a CSS width; without one the browser shares the room out. `free`: words that somebody chose, which may break anywhere. */
  columns: (Pick<Column<Row>, 'key' | 'header' | 'render' | 'align'> & { width?: string; free?: boolean })[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  /** Narrower than this it scrolls sideways. */
  minWidth: number;
}

/** A table of a page or two of rows; thousands belong into a VirtualTable. */
export function DataTable<Row>({ label, columns, rows, rowKey, minWidth }: Props<Row>) {
  return (
    <Table.ScrollContainer minWidth={minWidth}>
      <Table verticalSpacing="xs" highlightOnHover aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ key, header, width, align }) => (
              <Table.Th key={key} w={width} ta={align}>
                {header}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={rowKey(row)}>
              {columns.map(({ key, render, align, free }) => (
                <Table.Td key={key} ta={align} style={free ? { overflowWrap: 'anywhere' } : undefined}>
                  {render(row)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
