import { Anchor, Button, Group, Stack, Table, Tabs, Text } from '@mantine/core';
import { Link, useNavigate } from 'react-router';
import { rolloutKeys } from '@/entities/rollout/api/keys';
import { useRollouts } from '@/entities/rollout/api/listRollouts';
import { usePartNames } from '@/entities/rollout/api/partNames';
import { said } from '@/entities/rollout/model/said';
import { CauseText } from '@/entities/rollout/ui/CauseText';
import { whoIs } from '@/shared/lib/whoIs';
import { sharesOf } from '@/entities/rollout/model/counts';
import { etaOf } from '@/entities/rollout/model/eta';
import { ROLLOUT_TABS, type Rollout, type RolloutTab } from '@/entities/rollout/model/states';
import { CountsBar, RolloutStateBadge } from '@/entities/rollout/ui/badges';
import { Permitted } from '@/entities/session/Permitted';
import { formatDuration, formatNumber, formatPercent } from '@/shared/lib/format';
import { useUrlParam } from '@/shared/lib/urlState';
import { useLiveRefresh } from '@/shared/live';
import { Icon } from '@/shared/ui/icons';
import { Page } from '@/shared/ui/Page';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { TimeText } from '@/shared/ui/values';
import { useTexts } from './i18n';

const TOPICS = ['rollouts'] as const;
const TABS = Object.keys(ROLLOUT_TABS) as RolloutTab[];

export default function RolloutsPage() {
  const t = useTexts();
  const [tabText, setTab] = useUrlParam('tab', 'running');
  const tab: RolloutTab = tabText in ROLLOUT_TABS ? (tabText as RolloutTab) : 'running';
  const list = useRollouts(ROLLOUT_TABS[tab]);
  useLiveRefresh(TOPICS, [...rolloutKeys.all, 'list'], 1000);
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page title={t('title')} subtitle={t('subtitle')} actions={<CreateButton />}>
      <Tabs value={tab} onChange={(value) => setTab(value ?? 'running')}>
        <Tabs.List mb="md">
          {TABS.map((one) => (
            <Tabs.Tab key={one} value={one}>
              {t(`tabs.${one}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab}>
          <PageState
            query={list}
            scope="rollouts:read"
            isEmpty={() => rows.length === 0}
            empty={
              <EmptyState icon="rollouts" title={t(`empty.${tab}`)} text={t('emptyText')}>
                <CreateButton />
              </EmptyState>
            }
          >
            {() => (
              <Stack>
                <RolloutTable rows={rows} />
                {list.hasNextPage && (
                  <Button
                    variant="default"
                    loading={list.isFetchingNextPage}
                    onClick={() => void list.fetchNextPage()}
                    style={{ alignSelf: 'center' }}
                  >
                    {t('more')}
                  </Button>
                )}
              </Stack>
            )}
          </PageState>
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function CreateButton() {
  const t = useTexts();
  const navigate = useNavigate();
  return (
    <Permitted scope="rollouts:write">
      {(disabled) => (
        <Button
          leftSection={<Icon name="plus" size={16} />}
          disabled={disabled}
          onClick={() => void navigate('/rollouts/new')}
        >
          {t('create')}
        </Button>
      )}
    </Permitted>
  );
}

function RolloutTable({ rows }: { rows: Rollout[] }) {
  const t = useTexts();
  const nameOf = usePartNames(rows.flatMap(({ contents }) => contents));
  return (
    <Table.ScrollContainer minWidth={820}>
      <Table verticalSpacing="sm" highlightOnHover aria-label={t('title')}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('column.title')}</Table.Th>
            <Table.Th>{t('column.state')}</Table.Th>
            <Table.Th w="26%">{t('column.progress')}</Table.Th>
            <Table.Th ta="right">{t('column.done')}</Table.Th>
            <Table.Th ta="right">{t('column.failed')}</Table.Th>
            <Table.Th ta="right">{t('column.left')}</Table.Th>
            <Table.Th>{t('column.wave')}</Table.Th>
            <Table.Th>{t('column.when')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((rollout) => (
            <Row key={rollout.id} rollout={rollout} nameOf={nameOf} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Row({ rollout, nameOf }: { rollout: Rollout; nameOf: ReturnType<typeof usePartNames> }) {
  const t = useTexts();
  const shares = sharesOf(rollout.counts);
  const eta = etaOf(rollout, Date.now());
  const what = rollout.contents.map(nameOf).join(', ');
  return (
    <Table.Tr>
      <Table.Td maw={300}>
        <Anchor component={Link} to={`/rollouts/${rollout.id}`} fw={600} size="sm" truncate display="block">
          {rollout.title || what}
        </Anchor>
        <Text size="xs" c="dimmed" truncate>
          {rollout.title ? `${what} · ` : ''}
          {whoIs(rollout.author)}
        </Text>
      </Table.Td>
      <Table.Td>
        <RolloutStateBadge state={rollout.state} />
        {rollout.cause && (
          <Text size="xs" c="dimmed" lineClamp={2} maw={220} title={said(rollout.cause)}>
            <CauseText cause={rollout.cause} />
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          <div style={{ flex: 1 }}>
            <CountsBar counts={rollout.counts} />
          </div>
          <Text size="sm" w={44} ta="right">
            {formatPercent(rollout.percent)}
          </Text>
        </Group>
        {eta !== undefined && (
          <Text size="xs" c="dimmed">
            {t('eta', { time: formatDuration(eta) })}
          </Text>
        )}
      </Table.Td>
      <Table.Td ta="right">{formatNumber(shares.done)}</Table.Td>
      <Table.Td ta="right">
        <Text
          span
          size="sm"
          fw={shares.failed ? 700 : 400}
          c={shares.failed ? 'var(--mantine-color-red-light-color)' : undefined}
        >
          {formatNumber(shares.failed)}
        </Text>
      </Table.Td>
      <Table.Td ta="right">{formatNumber(shares.waiting + shares.underWay)}</Table.Td>
      <Table.Td>{t('waveOf', { wave: rollout.wave, total: rollout.waves_total })}</Table.Td>
      <Table.Td>
        <TimeText value={rollout.finished_at ?? rollout.started_at ?? rollout.created_at} ago />
      </Table.Td>
    </Table.Tr>
  );
}
