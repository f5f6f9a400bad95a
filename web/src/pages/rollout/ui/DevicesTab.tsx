import { Select, Stack, Text } from '@mantine/core';
import { useNavigate } from 'react-router';
import { useRolloutDevices } from '@/entities/rollout/api/listRolloutDevices';
import { useRolloutTexts } from '@/entities/rollout/i18n';
import { said } from '@/entities/rollout/model/said';
import { DEVICE_STATES, isDeviceState, type RolloutDevice } from '@/entities/rollout/model/states';
import { RolloutDeviceBadge } from '@/entities/rollout/ui/badges';
import { formatNumber, formatPercent } from '@/shared/lib/format';
import { endless } from '@/shared/lib/pages';
import { useUrlParam } from '@/shared/lib/urlState';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { Bytes, TimeText } from '@/shared/ui/values';
import { VirtualTable, type Column } from '@/shared/ui/VirtualTable';
import { useTexts } from '../i18n';

/** Its devices with what holds each up. */
export function DevicesTab({ id }: { id: string }) {
  const t = useTexts();
  const words = useRolloutTexts();
  const navigate = useNavigate();
  const [state, setState] = useUrlParam('state');
  const list = useRolloutDevices(id, isDeviceState(state) ? state : undefined);
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  const columns: Column<RolloutDevice>[] = [
    {
      key: 'device',
      header: t('devices.device'),
      width: 'minmax(140px, 1.2fr)',
      render: (row) => (
        <Text size="sm" fw={600} truncate title={row.device}>
          {row.device}
        </Text>
      ),
    },
    {
      key: 'state',
      header: t('devices.state'),
      width: '150px',
      render: (row) => <RolloutDeviceBadge state={row.state} />,
    },
    { key: 'wave', header: t('devices.wave'), width: '64px', align: 'right', render: (row) => formatNumber(row.wave) },
    {
      key: 'attempt',
      header: t('devices.attempt'),
      width: '74px',
      align: 'right',
      render: (row) => formatNumber(row.attempt),
    },
    {
      key: 'percent',
      header: t('devices.percent'),
      width: '84px',
      align: 'right',
      render: (row) => formatPercent(row.percent),
    },
    {
      key: 'bytes',
      header: t('devices.bytes'),
      width: '90px',
      align: 'right',
      render: (row) => <Bytes value={row.bytes} />,
    },
    {
      key: 'why',
      header: t('devices.why'),
      width: 'minmax(160px, 2fr)',
      render: ({ why, cause }) => {
        const text = said(why ?? cause ?? '–');
        return (
          <Text size="sm" truncate title={text}>
            {text}
          </Text>
        );
      },
    },
    {
      key: 'changed',
      header: t('devices.changed'),
      width: '130px',
      render: (row) => <TimeText value={row.changed_at} ago />,
    },
  ];
  return (
    <Stack>
      <Select
        aria-label={t('devices.state')}
        placeholder={t('devices.all')}
        clearable
        w={240}
        value={state || null}
        onChange={(value) => setState(value ?? '')}
        data={DEVICE_STATES.map((one) => ({ value: one, label: words(`device.${one}`) }))}
      />
      <PageState
        query={list}
        scope="rollouts:read"
        isEmpty={() => rows.length === 0}
        empty={<EmptyState icon="devices" title={t('devices.empty')} />}
      >
        {() => (
          <VirtualTable
            label={t('tabs.devices')}
            columns={columns}
            rows={rows}
            rowKey={(row) => row.device}
            onOpen={(row) => void navigate(`/devices/${encodeURIComponent(row.device)}`)}
            {...endless(list)}
          />
        )}
      </PageState>
    </Stack>
  );
}
