import { Text } from '@mantine/core';
import type { Change, LayerFile } from '@/entities/image/api/exploreLayers';
import { formatBytes } from '@/shared/lib/format';
import { EmptyState } from '@/shared/ui/PageState';
import { StatusBadge, type Tone } from '@/shared/ui/StatusBadge';
import { TimeText } from '@/shared/ui/values';
import { VirtualTable, type Column } from '@/shared/ui/VirtualTable';
import { useTexts } from './i18n';

const TONES: Record<Change, Tone> = { added: 'good', changed: 'busy', removed: 'bad', same: 'idle', opaque: 'warning' };

export function FileTable({
  files,
  hasMore,
  onEndReached,
}: {
  files: LayerFile[];
  hasMore: boolean;
  onEndReached: () => void;
}) {
  const t = useTexts();
  if (files.length === 0) return <EmptyState icon="file" title={t('none')} text={t('noneText')} />;
  const columns: Column<LayerFile>[] = [
    {
      key: 'path',
      header: t('column.path'),
      width: 'minmax(220px, 3fr)',
      render: (file) => (
        <Text span size="sm" ff="monospace" title={file.path}>
          {file.path}
          {file.target !== undefined && ` → ${file.target}`}
        </Text>
      ),
    },
    {
      key: 'change',
      header: t('column.change'),
      width: '150px',
      render: (file) => <StatusBadge tone={TONES[file.change]} label={t(`change.${file.change}`)} />,
    },
    {
      key: 'kind',
      header: t('column.kind'),
      width: '90px',
      render: (file) => (file.kind ? t(`kind.${file.kind}`) : '–'),
    },
    { key: 'size', header: t('column.size'), width: '150px', align: 'right', render: (file) => sizeOf(file) },
    {
      key: 'mode',
      header: t('column.mode'),
      width: '60px',
      align: 'right',
      render: (file) => (file.mode === undefined ? '' : file.mode.toString(8).padStart(4, '0')),
    },
    {
      key: 'owner',
      header: t('column.owner'),
      width: '80px',
      align: 'right',
      render: (file) => (file.uid === undefined ? '' : `${file.uid}:${file.gid ?? 0}`),
    },
    {
      key: 'modified',
      header: t('column.modified'),
      width: '170px',
      render: (file) => (file.modified_at ? <TimeText value={file.modified_at} style="short" /> : ''),
    },
  ];
  return (
    <VirtualTable
      label={t('table')}
      columns={columns}
      rows={files}
      rowKey={(file) => file.path}
      hasMore={hasMore}
      onEndReached={onEndReached}
      rowHeight={36}
      height="60vh"
    />
  );
}

function sizeOf({ size, size_before }: LayerFile): string {
  if (size === undefined) return size_before === undefined ? '' : formatBytes(size_before);
  return size_before === undefined || size_before === size
    ? formatBytes(size)
    : `${formatBytes(size_before)} → ${formatBytes(size)}`;
}
