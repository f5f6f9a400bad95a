import { Group, Text } from '@mantine/core';
import type { Device } from '@/entities/device/api/listDevices';
import { useDeviceTexts } from '@/entities/device/i18n';
import { DeviceStateBadge } from '@/entities/device/ui/badges';
import { TimeText } from '@/shared/ui/values';
import type { Column } from '@/shared/ui/VirtualTable';
import type { translate } from '../i18n';

const USUAL: readonly ColumnKey[] = ['state', 'runs', 'wanted', 'region', 'group', 'tags', 'seen'];

/** What can be chosen, in the order of the table. The device itself is always there. */
export const COLUMN_KEYS = [
  'state',
  'reason',
  'runs',
  'wanted',
  'region',
  'group',
  'tags',
  'kind',
  'hardware',
  'location',
  'active',
  'first',
  'seen',
] as const;
export type ColumnKey = (typeof COLUMN_KEYS)[number];

/** `chosen`: as the address has it, "state,seen"; empty: the usual ones. */
export function columnKeys(chosen: string): ColumnKey[] {
  const words = chosen.split(',');
  const known = COLUMN_KEYS.filter((key) => words.includes(key));
  return known.length ? known : [...USUAL];
}

/** With `key` added or taken away; what is usual is not written, and the last one stays. */
export function toggleColumn(chosen: string, key: ColumnKey): string {
  const now = columnKeys(chosen);
  const next = COLUMN_KEYS.filter((one) => now.includes(one) !== (one === key));
  return next.length === 0 || next.join() === USUAL.join() ? '' : next.join();
}

/** `t`: of the present language, so that headers change with it. Tags take no room where no device has any, unless chosen. */
export function deviceColumns(t: typeof translate, rows: readonly Device[], chosen = ''): Column<Device>[] {
  const keys = new Set<string>(columnKeys(chosen));
  if (!chosen && !rows.some(({ tags }) => Object.keys(tags).length > 0)) keys.delete('tags');
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
      key: 'reason',
      header: t('column.reason'),
      width: 'minmax(120px, 1.6fr)',
      render: ({ reason }) => <span title={reason}>{reason || '–'}</span>,
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
    { key: 'kind', header: t('column.kind'), width: '120px', render: ({ kind }) => <Kind kind={kind} /> },
    {
      key: 'hardware',
      header: t('column.hardware'),
      width: 'minmax(80px, 0.8fr)',
      render: ({ hardware }) => hardware || '–',
    },
    {
      key: 'location',
      header: t('column.location'),
      width: 'minmax(80px, 0.8fr)',
      render: ({ location }) => location || '–',
    },
    {
      key: 'active',
      header: t('column.active'),
      width: '150px',
      render: ({ active }) => t(active ? 'takesPart' : 'leftOut'),
    },
    {
      key: 'first',
      header: t('column.first'),
      width: '118px',
      render: ({ first_seen_ms }) => <TimeText value={first_seen_ms} ago />,
    },
    {
      key: 'seen',
      header: t('column.seen'),
      width: '118px',
      sort: 'seen',
      render: ({ last_seen_ms }) => <TimeText value={last_seen_ms} ago />,
    },
  ];
  return columns.filter(({ key }) => key === 'device' || keys.has(key));
}

function Kind({ kind }: { kind: Device['kind'] }) {
  const words = useDeviceTexts();
  return words(`kind.${kind}`);
}
