import { Group, Text } from '@mantine/core';
import type { Device } from '@/entities/device/api/listDevices';
import { DeviceStateBadge } from '@/entities/device/ui/badges';
import { TimeText } from '@/shared/ui/values';
import type { Column } from '@/shared/ui/VirtualTable';
import type { translate } from '../i18n';

/** `t`: of the present language, so that headers change with it. Tags take no room where no device has any. */
export function deviceColumns(t: typeof translate, rows: readonly Device[]): Column<Device>[] {
  const tagged = rows.some(({ tags }) => Object.keys(tags).length > 0);
  const columns: Column<Device>[] = [
    {
      key: 'device',
      header: t('column.device'),
      width: 'minmax(118px, 1.6fr)',
      sort: 'id',
      render: ({ id, label, active }) => (
        <Group gap={6} wrap="nowrap" style={{ minWidth: 0 }}>
          <Text size="sm" fw={600} truncate td={active ? undefined : 'line-through'} title={id}>
            {id}
          </Text>
          {label && label !== id && (
            <Text size="sm" c="dimmed" truncate title={label}>
              {label}
            </Text>
          )}
        </Group>
      ),
    },
    {
      key: 'state',
      header: t('column.state'),
      width: '120px',
      sort: 'state',
      render: ({ state, reason }) => <DeviceStateBadge state={state} reason={reason} />,
    },
    {
      key: 'runs',
      header: t('column.runs'),
      width: 'minmax(110px, 1.6fr)',
      // The name gives way first: the version is what one looks for.
      render: ({ name, running_version }) => (
        <Group gap={6} wrap="nowrap" style={{ minWidth: 0 }} title={`${name} ${running_version ?? ''}`}>
          <Text size="sm" truncate>
            {name}
          </Text>
          <Text size="sm" fw={700} style={{ flex: 'none' }} maw="70%" truncate>
            {running_version ?? '–'}
          </Text>
        </Group>
      ),
    },
    {
      key: 'wanted',
      header: t('column.wanted'),
      width: 'minmax(64px, 0.5fr)',
      render: ({ target_version, running_version }) => (
        <Text size="sm" truncate c={target_version && target_version !== running_version ? undefined : 'dimmed'}>
          {target_version ?? '–'}
        </Text>
      ),
    },
    {
      key: 'region',
      header: t('column.region'),
      width: 'minmax(64px, 0.8fr)',
      render: ({ region }) => region?.name || region?.code || '–',
    },
    {
      key: 'group',
      header: t('column.group'),
      width: 'minmax(64px, 0.8fr)',
      render: ({ group }) => group?.name || group?.code || '–',
    },
    {
      key: 'tags',
      header: t('column.tags'),
      width: 'minmax(50px, 0.6fr)',
      render: ({ tags }) => {
        const text = Object.entries(tags)
          .map(([key, value]) => (value ? `${key}=${value}` : key))
          .join('  ');
        return (
          <Text size="xs" ff="monospace" truncate title={text}>
            {text || '–'}
          </Text>
        );
      },
    },
    {
      key: 'seen',
      header: t('column.seen'),
      width: '118px',
      sort: 'seen',
      render: ({ last_seen_ms }) => <TimeText value={last_seen_ms} ago />,
    },
  ];
  return columns.filter(({ key }) => key !== 'tags' || tagged);
}
