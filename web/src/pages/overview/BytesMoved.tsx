import { Group, Stack, Text } from '@mantine/core';
import { formatBytes, formatPercent, percentOf } from '@/shared/lib/format';
import { Bytes, ProgressBar } from '@/shared/ui/values';
import type { Overview } from '@/entities/overview';
import { Card } from './Card';
import { useTexts } from './i18n';

/** What updates cost, beside what whole images would have cost. */
export function BytesMoved({ bytes }: { bytes: Overview['bytes'] }) {
  const t = useTexts();
  // Like with like: what failed brought nothing, so no full image stands against it.
  const moved = bytes.moved - bytes.moved_in_vain;
  const most = Math.max(moved, bytes.full_images);
  return (
    <Card title={t('bytes')} hint={t('bytesHint')}>
      {most === 0 ? (
        <Text c="dimmed">{t('noUpdates')}</Text>
      ) : (
        <Stack gap="sm">
          <Group align="baseline" gap="xs">
            <Text fz={32} fw={700} lh={1}>
              {formatPercent(percentOf(bytes.full_images - moved, bytes.full_images))}
            </Text>
            <Text>{t('saved')}</Text>
            <Text size="sm" c="dimmed">
              {t('updates', { count: bytes.updates })}
            </Text>
          </Group>
          <Bar label={t('moved')} value={moved} most={most} color="green" />
          <Bar label={t('fullImages')} value={bytes.full_images} most={most} color="gray.5" />
          {bytes.gateways_sent > 0 && (
            <Text size="xs" c="dimmed">
              {t('throughGateways', {
                received: formatBytes(bytes.gateways_received),
                sent: formatBytes(bytes.gateways_sent),
              })}
            </Text>
          )}
        </Stack>
      )}
      {bytes.moved_in_vain > 0 && (
        <Text size="xs" c="dimmed" mt="xs">
          {t('inVain', { bytes: formatBytes(bytes.moved_in_vain) })}
        </Text>
      )}
    </Card>
  );
}

function Bar({ label, value, most, color }: { label: string; value: number; most: number; color: string }) {
  return (
    <div>
      <Group justify="space-between">
        <Text size="sm">{label}</Text>
        <Text size="sm" fw={600}>
          <Bytes value={value} />
        </Text>
      </Group>
      <ProgressBar
        shares={[{ value, color, label }]}
        total={most}
        label={`${label}: ${formatBytes(value)}`}
        size="lg"
      />
    </div>
  );
}
