import { Anchor, Card, Code, Group, Table, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { VersionedFirmware } from '@/entities/firmware/api/getFirmware';
import { api, take } from '@/shared/api/client';
import { formatNumber } from '@/shared/lib/format';
import { whoIs } from '@/shared/lib/whoIs';
import { CopyButton } from '@/shared/ui/CopyButton';
import { Bytes, TimeText } from '@/shared/ui/values';
import { useTexts } from './i18n';

type Firmware = VersionedFirmware['firmware'];

const filterOf = ({ name, version }: Firmware) => `image="firmware/${name}" version="${version}"`;

/** Devices whose own software this is. Boards beside a container report it with that. */
function useDeviceCount(firmware: Firmware) {
  const filter = filterOf(firmware);
  return useQuery({
    queryKey: ['devices', 'count', filter],
    queryFn: async ({ signal }) =>
      (await take(api.GET('/api/v1/devices', { params: { query: { filter, count: true, limit: 1 } }, signal })))
        .total ?? 0,
  });
}

export function FactsCard({ firmware }: { firmware: Firmware }) {
  const t = useTexts();
  const { data: devices } = useDeviceCount(firmware);
  const rows: [string, ReactNode][] = [
    [t('file'), firmware.file_name],
    [t('size'), <Bytes key="size" value={firmware.size} />],
    [
      t('digest'),
      <Group key="digest" gap="xs">
        <Code style={{ overflowWrap: 'anywhere' }}>{firmware.digest.replace('sha256:', '')}</Code>
        <CopyButton value={firmware.digest} />
      </Group>,
    ],
    [t('classes'), firmware.classes.join(', ') || t('anyClass')],
    [t('repository'), <Code key="repository">{firmware.repository}</Code>],
    [t('registered'), <TimeText key="registered" value={firmware.created_at} />],
    [t('by'), whoIs(firmware.created_by)],
    [
      t('devices'),
      devices === undefined ? (
        '…'
      ) : (
        <Anchor key="devices" component={Link} to={`/devices?filter=${encodeURIComponent(filterOf(firmware))}`}>
          {formatNumber(devices)}
        </Anchor>
      ),
    ],
  ];
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="xs">
        {t('facts')}
      </Title>
      <Table variant="vertical" layout="fixed">
        <Table.Tbody>
          {rows.map(([label, value]) => (
            <Table.Tr key={label}>
              <Table.Th w={150}>{label}</Table.Th>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}
