import { Card, Group, Stack, Table, Text, Title } from '@mantine/core';
import { useImage } from '@/entities/image/api/listImages';
import { useFetchedBytes } from '@/entities/rollout/api/listRolloutDevices';
import { usePlan, type NewRollout, type Plan } from '@/entities/rollout/api/planRollout';
import type { Rollout } from '@/entities/rollout/model/states';
import { formatPercent, percentOf } from '@/shared/lib/format';
import { Bytes } from '@/shared/ui/values';
import { useTexts } from '../i18n';

/** What devices fetched, beside what whole images would have been; what a dry run now predicts for those that are left. */
export function BytesCard({ rollout }: { rollout: Rollout }) {
  const t = useTexts();
  const open = rollout.counts['open'] ?? 0;
  const spec = rollout.spec as NewRollout | undefined;
  const plan = usePlan(open > 0 && spec ? { contents: spec.contents, targets: spec.targets } : null).data;
  return (
    <Card withBorder component="section" aria-label={t('bytes.title')}>
      <Title order={2} size="h5" mb="sm">
        {t('bytes.title')}
      </Title>
      <Stack gap="md">
        <Fetched rollout={rollout} />
        {open > 0 && plan && <Predicted bytes={plan.bytes} />}
      </Stack>
    </Card>
  );
}

function Fetched({ rollout }: { rollout: Rollout }) {
  const t = useTexts();
  const open = rollout.counts['open'] ?? 0;
  const fetched = useFetchedBytes(rollout.id, rollout.counts['total'] ?? 0, open > 0).data;
  // One image: what it weighs is known. Firmware and content always travel whole.
  const only = rollout.contents.length === 1 ? rollout.contents[0] : undefined;
  const image = useImage(only?.name ?? '', only !== undefined && !/^(firmware|content)\//.test(only.name)).data;
  const weight = image?.versions.find(({ version }) => version === only?.version)?.bytes;
  const updated = rollout.counts['success'] ?? 0;
  const whole = weight === undefined ? undefined : weight * updated;
  if (fetched === undefined) {
    return (
      <Text size="sm" c="dimmed">
        {t('bytes.tooMany')}
      </Text>
    );
  }
  return (
    <Table verticalSpacing={5}>
      <Table.Tbody>
        <Row label={t('bytes.actual')} value={fetched} />
        {whole !== undefined && whole > 0 && (
          <Row label={t('bytes.wholeOf', { count: updated })} value={whole}>
            {whole > fetched && t('bytes.saved', { percent: formatPercent(percentOf(whole - fetched, whole)) })}
          </Row>
        )}
      </Table.Tbody>
    </Table>
  );
}

function Predicted({ bytes }: { bytes: Plan['bytes'] }) {
  const t = useTexts();
  return (
    <div>
      <Text size="xs" c="dimmed" mb={4}>
        {t('bytes.ask')}
      </Text>
      <Table verticalSpacing={5}>
        <Table.Tbody>
          <Row label={t('bytes.devices')} value={bytes.devices} />
          <Row label={t('bytes.gateways')} value={bytes.gateways} />
          <Row label={t('bytes.upstream')} value={bytes.upstream} />
          <Row label={t('bytes.full')} value={bytes.full_images} />
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Row({ label, value, children }: { label: string; value: number; children?: React.ReactNode }) {
  return (
    <Table.Tr>
      <Table.Th fw={400}>{label}</Table.Th>
      <Table.Td ta="right">
        <Group gap="xs" justify="flex-end">
          {children && (
            <Text size="xs" c="dimmed">
              {children}
            </Text>
          )}
          <b>
            <Bytes value={value} />
          </b>
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
