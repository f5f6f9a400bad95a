import { ActionIcon, Anchor, Card, Group, Progress, Stack, Table, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { formatTerm } from '@/entities/device/model/filter';
import { Permitted } from '@/entities/session/Permitted';
import { formatBytes, formatNumber, formatPercent } from '@/shared/lib/format';
import { Icon } from '@/shared/ui/icons';
import { StatusBadge } from '@/shared/ui/StatusBadge';
import { Bytes, TimeText } from '@/shared/ui/values';
import { useTexts } from '../i18n';
import { savedPercent, type Gateway } from '../model';

export function GatewayCard({ gateway, onForget }: { gateway: Gateway; onForget: () => void }) {
  const t = useTexts();
  const { id, online, enrolled, cache, blobs, bytes, queue } = gateway;
  const forget = t('forget', { name: id });
  const rows: [string, ReactNode][] = [
    [t('queue'), queue.messages > 0 ? `${formatNumber(queue.messages)} · ${formatBytes(queue.bytes)}` : null],
    [t('troubles'), troubles(cache, t)],
    [t('version'), gateway.version],
    [t('address'), gateway.address],
    [t('startedAt'), <TimeText key="started" value={gateway.started_at} style="short" />],
    [t('lastSeen'), <TimeText key="seen" value={gateway.last_seen} ago />],
  ];
  return (
    <Card withBorder component="section" aria-label={id}>
      <Group justify="space-between" align="flex-start" mb="xs">
        <Stack gap={4}>
          <Title order={2} size="h5" style={{ overflowWrap: 'anywhere' }}>
            {id}
          </Title>
          <Group gap="xs">
            <StatusBadge
              tone={online ? 'good' : 'bad'}
              icon={online ? 'power' : 'warning'}
              label={t(online ? 'online' : 'away')}
            />
            {!enrolled && <StatusBadge tone="warning" icon="key" label={t('notEnrolled')} />}
            <Anchor
              component={Link}
              to={`/devices?filter=${encodeURIComponent(formatTerm('gateway', [id]))}`}
              size="sm"
            >
              {t('devices', { count: gateway.devices })}
            </Anchor>
          </Group>
        </Stack>
        <Permitted scope="devices:write">
          {(disabled) => (
            <ActionIcon variant="default" disabled={disabled} aria-label={forget} title={forget} onClick={onForget}>
              <Icon name="trash" size={14} />
            </ActionIcon>
          )}
        </Permitted>
      </Group>
      {!online && (
        <Text size="sm" mb="xs">
          {t('awayText')}
        </Text>
      )}
      <Stack gap="sm">
        <Cache gateway={gateway} />
        <div>
          <Text size="sm">
            {t('hit')} <b>{blobs.hit_percent === undefined ? '–' : formatPercent(blobs.hit_percent)}</b>
          </Text>
          <Text size="xs" c="dimmed">
            {blobs.hit_percent === undefined
              ? t('noHits')
              : t('hits', {
                  hits: formatNumber(blobs.hits),
                  joined: formatNumber(blobs.joined),
                  misses: formatNumber(blobs.misses),
                })}
          </Text>
        </div>
        <Traffic bytes={bytes} />
      </Stack>
      <Table verticalSpacing={3} withRowBorders={false} mt="xs">
        <Table.Tbody>
          {rows
            .filter(([, value]) => value)
            .map(([name, value]) => (
              <Table.Tr key={name}>
                <Table.Th fw={400} c="dimmed" w="40%">
                  {name}
                </Table.Th>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
              </Table.Tr>
            ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

function Cache({ gateway }: { gateway: Gateway }) {
  const t = useTexts();
  const { bytes, limit, blobs } = gateway.cache;
  const label =
    limit > 0
      ? t('cacheOf', { used: formatBytes(bytes), limit: formatBytes(limit) })
      : bytes > 0
        ? formatBytes(bytes)
        : t('noCache');
  return (
    <div>
      <Group justify="space-between">
        <Text size="sm">
          {t('cache')} <b>{label}</b>
        </Text>
        <Text size="xs" c="dimmed">
          {t('blobs', { count: blobs })}
        </Text>
      </Group>
      {limit > 0 && (
        <Progress
          value={Math.min(100, (bytes / limit) * 100)}
          color={bytes / limit > 0.95 ? 'orange.7' : 'blue.6'}
          aria-label={`${t('cache')}: ${label}`}
        />
      )}
    </div>
  );
}

/** Two bars on one scale: what the paper's figure shows, for this gateway. */
function Traffic({ bytes }: { bytes: Gateway['bytes'] }) {
  const t = useTexts();
  const most = Math.max(1, bytes.received, bytes.sent);
  const saved = savedPercent(bytes);
  return (
    <div role="group" aria-label={t('traffic')}>
      {(['received', 'sent'] as const).map((way) => {
        const label = t(way === 'received' ? 'upstream' : 'downstream');
        return (
          <div key={way}>
            <Group justify="space-between">
              <Text size="xs" c="dimmed">
                {label}
              </Text>
              <Text size="xs" fw={600}>
                <Bytes value={bytes[way]} />
              </Text>
            </Group>
            <Progress
              value={(bytes[way] / most) * 100}
              color={way === 'received' ? 'orange.6' : 'green.6'}
              aria-label={`${label}: ${formatBytes(bytes[way])}`}
            />
          </div>
        );
      })}
      {saved !== undefined && (
        <Text size="xs" mt={4}>
          {t('saved', { percent: saved })}
        </Text>
      )}
    </div>
  );
}

function troubles(cache: Gateway['cache'], t: ReturnType<typeof useTexts>): string {
  const parts: string[] = [];
  if (cache.evictions > 0) parts.push(t('evictions', { count: cache.evictions }));
  if (cache.corrupt > 0) parts.push(t('corrupt', { count: cache.corrupt }));
  if (cache.disk_full > 0) parts.push(t('diskFull', { count: cache.disk_full }));
  return parts.join(', ');
}
