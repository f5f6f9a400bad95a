import { Anchor, Group, Stack, Text, Title } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { api, take, type Answer } from '@/shared/api/client';
import { useLiveRefresh } from '@/shared/live';
import { DataTable } from '@/shared/ui/DataTable';
import { MoreButton } from '@/shared/ui/MoreButton';
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
          <DataTable
            label={t('issued')}
            minWidth={640}
            rows={rows}
            rowKey={({ serial }) => serial}
            columns={[
              { key: 'holder', header: t('holder'), free: true, render: (one) => <Holder certificate={one} /> },
              {
                key: 'kind',
                header: t('kindOf'),
                render: ({ kind }) => t(kind === 'gateway' ? 'kindGateway' : 'kindDevice'),
              },
              { key: 'until', header: t('validUntil'), render: (one) => <Until certificate={one} /> },
              {
                key: 'serial',
                header: t('serial'),
                free: true,
                render: ({ serial }) => (
                  <Text size="xs" ff="monospace">
                    {serial}
                  </Text>
                ),
              },
            ]}
          />
        )}
      </PageState>
      <MoreButton list={query} />
    </Stack>
  );
}

function Holder({ certificate: { device, kind } }: { certificate: Certificate }) {
  const path = kind === 'gateway' ? '/gateways' : `/devices/${encodeURIComponent(device)}`;
  return (
    <Anchor component={Link} to={path} size="sm" fw={600}>
      {device}
    </Anchor>
  );
}

function Until({ certificate: { not_after } }: { certificate: Certificate }) {
  const t = useTexts();
  const [now] = useState(() => Date.now());
  const left = Date.parse(not_after) - now;
  const tone = left < 0 ? 'bad' : left < SOON_MS ? 'warning' : 'good';
  return (
    <Group gap="xs">
      <StatusBadge tone={tone} label={t(`ends.${tone}`)} />
      <TimeText value={not_after} />
    </Group>
  );
}
