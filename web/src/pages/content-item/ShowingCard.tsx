import { Anchor, Badge, Card, Group, ScrollArea, Table, Text, Title } from '@mantine/core';
import { Link } from 'react-router';
import type { Content } from '@/entities/content/api/listContent';
import { showingFilter, showingKey, useShowingDevices } from '@/entities/content/api/showingDevices';
import { formatNumber } from '@/shared/lib/format';
import { useLiveRefresh } from '@/shared/live';
import { PageState } from '@/shared/ui/PageState';
import { TimeText } from '@/shared/ui/values';
import { useTexts } from './i18n';

/** The live list of devices that show it. */
export function ShowingCard({ content }: { content: Content }) {
  const t = useTexts();
  const query = useShowingDevices(content.id);
  useLiveRefresh(['devices'], showingKey);
  const total = query.data?.total;
  return (
    <Card withBorder>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h4">
          {t('showing')}
        </Title>
        {total !== undefined && (
          <Badge variant="light" color="gray">
            {formatNumber(total)}
          </Badge>
        )}
      </Group>
      <PageState
        query={query}
        scope="devices:read"
        isEmpty={({ devices }) => devices.length === 0}
        empty={<Text c="dimmed">{t('showingNone')}</Text>}
      >
        {({ devices }) => (
          <ScrollArea.Autosize mah={420} type="auto">
            <Table stickyHeader>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t('device')}</Table.Th>
                  <Table.Th>{t('region')}</Table.Th>
                  <Table.Th>{t('group')}</Table.Th>
                  <Table.Th>{t('seen')}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {devices.map((device) => (
                  <Table.Tr key={device.id}>
                    <Table.Td style={{ overflowWrap: 'anywhere' }}>
                      <Anchor component={Link} to={`/devices/${encodeURIComponent(device.id)}`} size="sm">
                        {device.label || device.id}
                      </Anchor>
                    </Table.Td>
                    <Table.Td>{device.region?.name ?? '–'}</Table.Td>
                    <Table.Td>{device.group?.name ?? '–'}</Table.Td>
                    <Table.Td>
                      <TimeText value={device.last_seen} ago />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </ScrollArea.Autosize>
        )}
      </PageState>
      {total !== undefined && total > (query.data?.devices.length ?? 0) && (
        <Anchor
          component={Link}
          to={`/devices?filter=${encodeURIComponent(showingFilter(content.id))}`}
          size="sm"
          mt="xs"
        >
          {t('showingMore', { total: formatNumber(total) })}
        </Anchor>
      )}
    </Card>
  );
}
