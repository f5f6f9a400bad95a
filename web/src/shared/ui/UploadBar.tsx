import { Button, Group, Progress, Stack, Text } from '@mantine/core';
import { formatBytes, formatPercent, percentOf } from '../lib/format';
import { useUploadTexts } from '../lib/upload/i18n';
import type { UploadProgress } from '../lib/upload/send';
import { Icon } from './icons';

/** How far an upload is, and the way out of it. */
export function UploadBar({ progress, onCancel }: { progress: UploadProgress; onCancel: () => void }) {
  const t = useUploadTexts();
  const { sent, hashed, total } = progress;
  const words = t('sending', { sent: formatBytes(sent), total: formatBytes(total) });
  return (
    <Stack gap={4}>
      <Progress value={percentOf(sent, total)} aria-label={words} />
      <Group justify="space-between">
        <Text size="sm">
          {words} · {hashed < total ? t('hashing', { percent: formatPercent(percentOf(hashed, total)) }) : t('hashed')}
        </Text>
        <Button size="compact-xs" variant="default" leftSection={<Icon name="cross" size={13} />} onClick={onCancel}>
          {t('cancel')}
        </Button>
      </Group>
    </Stack>
  );
}
