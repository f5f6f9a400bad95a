import { Card, Group, Text, Title } from '@mantine/core';
import type { VersionedFirmware } from '@/entities/firmware/api/getFirmware';
import { formatBytes } from '@/shared/lib/format';
import { CopyButton } from '@/shared/ui/CopyButton';
import { DataTable } from '@/shared/ui/DataTable';
import { Bytes, Digest } from '@/shared/ui/values';
import { useTexts } from './i18n';

/** What a microcontroller takes together with the firmware. Most releases are one file, and have no such card. */
export function PartsCard({ firmware }: { firmware: VersionedFirmware['firmware'] }) {
  const t = useTexts();
  const { components = [], file_name, digest, size } = firmware;
  if (components.length === 0) return null;
  const parts = [{ kind: 'firmware' as const, file_name, digest, size }, ...components];
  const whole = parts.reduce((sum, part) => sum + part.size, 0);
  return (
    <Card withBorder component="section" aria-label={t('parts')}>
      <Title order={2} size="h4">
        {t('parts')}
      </Title>
      <Text size="sm" c="dimmed" mb="xs">
        {t('partsText', { size: formatBytes(whole) })}
      </Text>
      <DataTable
        label={t('parts')}
        minWidth={560}
        rows={parts}
        rowKey={({ kind }) => kind}
        columns={[
          { key: 'kind', header: t('part'), width: '24%', render: ({ kind }) => t(`partKind.${kind}`) },
          { key: 'file', header: t('file'), free: true, render: (part) => part.file_name },
          { key: 'size', header: t('size'), align: 'right', render: (part) => <Bytes value={part.size} /> },
          {
            key: 'digest',
            header: t('digest'),
            render: (part) => (
              <Group gap="xs" wrap="nowrap">
                <Digest value={part.digest} />
                <CopyButton value={part.digest} />
              </Group>
            ),
          },
        ]}
      />
    </Card>
  );
}
