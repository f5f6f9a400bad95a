import { Anchor, Button, Group, Stack, Table, Text, Title } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { api, take, type Answer } from '@/shared/api/client';
import { useLiveRefresh } from '@/shared/live';
import { PageState } from '@/shared/ui/PageState';
import { StatusBadge } from '@/shared/ui/StatusBadge';
import { TimeText } from '@/shared/ui/values';
import { useTexts } from './i18n';

type Certificate = Answer<'listAllCertificates'>['items'][number];

const KEY = ['certificates', 'issued'];
const TOPICS = ['certificates'] as const;
const PAGE = 50;
const SOON_MS = 7 * 86_400_000;

/** What devices and gateways hold now, the next to end first. */
export function Issued() {
  const t = useTexts();
  const query = useInfiniteQuery({
    queryKey: KEY,
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/certificates', {
          params: { query: { newest: true, limit: PAGE, cursor: pageParam || undefined } },
        }),
      ),
    getNextPageParam: (page) => page.next,
  });
  useLiveRefresh(TOPICS, KEY, 2000);
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Stack>
      <div>
        <Title order={2} size="h4">
          {t('issued')}
        </Title>
        <Text c="dimmed">{t('issuedText')}</Text>
      </div>
      <PageState
        query={query}
        scope="devices:read"
        isEmpty={() => rows.length === 0}
        empty={<Text c="dimmed">{t('noneIssued')}</Text>}
      >
        {() => (
          <Table.ScrollContainer minWidth={640}>
            <Table aria-label={t('issued')}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t('holder')}</Table.Th>
                  <Table.Th>{t('kindOf')}</Table.Th>
                  <Table.Th>{t('validUntil')}</Table.Th>
                  <Table.Th>{t('serial')}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {rows.map((one) => (
                  <Row key={one.serial} certificate={one} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </PageState>
      {query.hasNextPage && (
        <Button
          variant="default"
          loading={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
          style={{ alignSelf: 'center' }}
        >
          {t('showMore')}
        </Button>
      )}
    </Stack>
  );
}

function Row({ certificate: { device, kind, serial, not_after } }: { certificate: Certificate }) {
  const t = useTexts();
  const [now] = useState(() => Date.now());
  const left = Date.parse(not_after) - now;
  const tone = left < 0 ? 'bad' : left < SOON_MS ? 'warning' : 'good';
  return (
    <Table.Tr>
      <Table.Td>
        <Anchor
          component={Link}
          to={kind === 'gateway' ? '/gateways' : `/devices/${encodeURIComponent(device)}`}
          size="sm"
          fw={600}
          style={{ overflowWrap: 'anywhere' }}
        >
          {device}
        </Anchor>
      </Table.Td>
      <Table.Td>{t(kind === 'gateway' ? 'kindGateway' : 'kindDevice')}</Table.Td>
      <Table.Td>
        <Group gap="xs">
          <StatusBadge tone={tone} label={t(`ends.${tone}`)} />
          <TimeText value={not_after} style="full" />
        </Group>
      </Table.Td>
      <Table.Td>
        <Text size="xs" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
          {serial}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}
