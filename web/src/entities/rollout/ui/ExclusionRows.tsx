import { Table, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Exclusion } from '../api/listRolloutParts';
import { en, useRolloutTexts } from '../i18n';
import { said } from '../model/said';

/** Who is left out, in a word of the console and in the server's. */
export function ExclusionRows({ rows, name }: { rows: readonly Exclusion[]; name: (device: string) => ReactNode }) {
  const t = useRolloutTexts();
  return (
    <Table.Tbody>
      {rows.map(({ device, reason, detail }) => (
        <Table.Tr key={`${device} ${reason}`}>
          <Table.Td>{name(device)}</Table.Td>
          <Table.Td>{reason in en.reason ? t(`reason.${reason}`) : reason}</Table.Td>
          <Table.Td>
            <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
              {detail && said(detail)}
            </Text>
          </Table.Td>
        </Table.Tr>
      ))}
    </Table.Tbody>
  );
}
