import { Card, Table, Text, Title } from '@mantine/core';
import { usePlan, type NewRollout } from '@/entities/rollout/api/planRollout';
import { useFetchedBytes } from '@/entities/rollout/api/listRolloutDevices';
import type { Rollout } from '@/entities/rollout/model/states';
import { Bytes } from '@/shared/ui/values';
import { useTexts } from '../i18n';

/** What a dry run of the same now predicts for the devices that are left, against what was fetched. */
export function BytesCard({ rollout }: { rollout: Rollout }) {
  const t = useTexts();
  const fetched = useFetchedBytes(rollout.id, rollout.counts['total'] ?? 0).data;
  const open = rollout.counts['open'] ?? 0;
  const spec = rollout.spec as NewRollout | undefined;
  const plan = usePlan(open > 0 && spec ? { contents: spec.contents, targets: spec.targets } : null).data;
  const cell = (value: number | undefined) =>
    value === undefined ? (
      <Text size="xs" c="dimmed">
        {t('bytes.unknown')}
      </Text>
    ) : (
      <Bytes value={value} />
    );
  return (
    <Card withBorder component="section" aria-label={t('bytes.title')}>
      <Title order={2} size="h5" mb="sm">
        {t('bytes.title')}
      </Title>
      <Table verticalSpacing={5}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th />
            <Table.Th ta="right">{t('bytes.predicted')}</Table.Th>
            <Table.Th ta="right">{t('bytes.actual')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {(['devices', 'gateways', 'upstream', 'full'] as const).map((row) => (
            <Table.Tr key={row}>
              <Table.Th fw={400}>{t(`bytes.${row}`)}</Table.Th>
              <Table.Td ta="right">{cell(row === 'full' ? plan?.bytes.full_images : plan?.bytes[row])}</Table.Td>
              <Table.Td ta="right">{row === 'devices' ? cell(fetched) : null}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {open > 0 && (
        <Text size="xs" c="dimmed" mt={4}>
          {t('bytes.ask')}
        </Text>
      )}
    </Card>
  );
}
