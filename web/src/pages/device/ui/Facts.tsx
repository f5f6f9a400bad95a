import { Card, Table, Title } from '@mantine/core';
import type { ReactNode } from 'react';

export function FactCard({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card withBorder component="section" aria-label={title}>
      <Title order={2} size="h5" mb="sm">
        {title}
      </Title>
      {children}
    </Card>
  );
}

/** Names and values; rows without a value are left out. */
export function Facts({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <Table verticalSpacing={5} withRowBorders={false} layout="fixed">
      <Table.Tbody>
        {rows
          .filter(([, value]) => value !== undefined && value !== null && value !== '')
          .map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th w="38%" fw={400} c="dimmed" ta="left" style={{ verticalAlign: 'top' }}>
                {name}
              </Table.Th>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
            </Table.Tr>
          ))}
      </Table.Tbody>
    </Table>
  );
}
