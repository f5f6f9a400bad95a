import { Anchor, Button, Stack, Tabs, Text } from '@mantine/core';
import { useEffect } from 'react';
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
import { fetchMore } from '@/shared/lib/pages';
import { useLiveRefresh } from '@/shared/live';
import { DataTable } from '@/shared/ui/DataTable';
import { Icon } from '@/shared/ui/icons';
import { MoreButton } from '@/shared/ui/MoreButton';
import { Page } from '@/shared/ui/Page';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { TimeText } from '@/shared/ui/values';
import { Calendar } from './Calendar';
import { useTexts } from './i18n';

const TOPICS = ['rollouts'] as const;
// A calendar shows all there is, up to here, and reads it again at every change: few large pages.
const CALENDAR_PAGES = 3;
const CALENDAR_PAGE = 200;
const TABS = Object.keys(ROLLOUT_TABS) as RolloutTab[];

export default function RolloutsPage() {
  const t = useTexts();
  const [tabText, setTab] = useUrlParam('tab', 'running');
  const tab: RolloutTab = tabText in ROLLOUT_TABS ? (tabText as RolloutTab) : 'running';
  const list = useRollouts(ROLLOUT_TABS[tab], tab === 'scheduled' ? CALENDAR_PAGE : undefined);
  useLiveRefresh(TOPICS, [...rolloutKeys.all, 'list'], 1000);
  const readOn =
    tab === 'scheduled' && list.hasNextPage && !list.isError && (list.data?.pages.length ?? 0) < CALENDAR_PAGES;
  useEffect(() => {
    if (readOn && !list.isFetching) fetchMore(list);
  }, [readOn, list]);
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
                {tab === 'scheduled' && <Calendar rollouts={rows} more={list.hasNextPage && !readOn} />}
                <RolloutTable rows={rows} scheduled={tab === 'scheduled'} />
                <MoreButton list={list} />
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

function RolloutTable({ rows, scheduled }: { rows: Rollout[]; scheduled: boolean }) {
  const t = useTexts();
  const nameOf = usePartNames(rows.flatMap(({ contents }) => contents));
  const whatOf = (rollout: Rollout) => rollout.contents.map(nameOf).join(', ');
  return (
    <DataTable
      label={t('title')}
      minWidth={820}
      rows={rows}
      rowKey={({ id }) => id}
      columns={[
        {
          key: 'title',
          header: t('column.title'),
          free: true,
          width: '26%',
          render: (one) => <Name rollout={one} what={whatOf(one)} />,
        },
        { key: 'state', header: t('column.state'), render: (one) => <State rollout={one} /> },
        { key: 'progress', header: t('column.progress'), width: '24%', render: (one) => <Progress rollout={one} /> },
        {
          key: 'done',
          header: t('column.done'),
          align: 'right',
          render: ({ counts }) => formatNumber(sharesOf(counts).done),
        },
        {
          key: 'failed',
          header: t('column.failed'),
          align: 'right',
          render: ({ counts }) => <Failed count={sharesOf(counts).failed} />,
        },
        {
          key: 'left',
          header: t('column.left'),
          align: 'right',
          render: ({ counts }) => formatNumber(sharesOf(counts).waiting + sharesOf(counts).underWay),
        },
        {
          key: 'wave',
          header: t('column.wave'),
          render: (one) => t('waveOf', { wave: one.wave, total: one.waves_total }),
        },
        {
          key: 'when',
          header: t(scheduled ? 'column.starts' : 'column.when'),
          render: (one) => <When rollout={one} scheduled={scheduled} />,
        },
      ]}
    />
  );
}

function Name({ rollout, what }: { rollout: Rollout; what: string }) {
  return (
    <>
      <Anchor component={Link} to={`/rollouts/${rollout.id}`} fw={600} size="sm" lineClamp={2}>
        {rollout.title || what}
      </Anchor>
      <Text size="xs" c="dimmed" lineClamp={2}>
        {rollout.title ? `${what} · ` : ''}
        {whoIs(rollout.author)}
      </Text>
    </>
  );
}

function State({ rollout }: { rollout: Rollout }) {
  return (
    <>
      <RolloutStateBadge state={rollout.state} />
      {rollout.cause && (
        <Text size="xs" c="dimmed" lineClamp={2} maw={220} title={said(rollout.cause)}>
          <CauseText cause={rollout.cause} />
        </Text>
      )}
    </>
  );
}

function Progress({ rollout }: { rollout: Rollout }) {
  const t = useTexts();
  const eta = etaOf(rollout, Date.now());
  return (
    <>
      <CountsBar counts={rollout.counts} />
      <Text size="xs" c="dimmed">
        {t('ended', { percent: formatPercent(rollout.percent) })}
        {eta !== undefined && ` · ${t('eta', { time: formatDuration(eta) })}`}
      </Text>
    </>
  );
}

function When({ rollout, scheduled }: { rollout: Rollout; scheduled: boolean }) {
  const t = useTexts();
  if (!scheduled) return <TimeText value={rollout.finished_at ?? rollout.started_at ?? rollout.created_at} ago />;
  if (rollout.start_at) return <TimeText value={rollout.start_at} style="short" />;
  return t(rollout.state === 'approval' ? 'onceApproved' : 'atOnce');
}

function Failed({ count }: { count: number }) {
  return (
    <Text span size="sm" fw={count ? 700 : 400} c={count ? 'var(--mantine-color-red-light-color)' : undefined}>
      {formatNumber(count)}
    </Text>
  );
}
