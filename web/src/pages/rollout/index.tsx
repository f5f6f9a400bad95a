import { Button, Group, Menu, SimpleGrid, Skeleton, Stack, Tabs, Text } from '@mantine/core';
import { Suspense, useState } from 'react';
import { useNavigate, useParams } from 'react-router';
import { usePartNames } from '@/entities/rollout/api/partNames';
import { useRollout, useRolloutLive } from '@/entities/rollout/api/getRollout';
import { sharesOf } from '@/entities/rollout/model/counts';
import { actionsOf, type Rollout, type RolloutAction } from '@/entities/rollout/model/states';
import { RolloutStateBadge } from '@/entities/rollout/ui/badges';
import { Permitted } from '@/entities/session/Permitted';
import { DANGEROUS, OrderDialog } from '@/features/rollout-orders/OrderDialog';
import { useTexts as useOrderTexts } from '@/features/rollout-orders/i18n';
import { formatPercent } from '@/shared/lib/format';
import { whoIs } from '@/shared/lib/whoIs';
import { lazyPart } from '@/shared/lib/loadPart';
import { useUrlParam } from '@/shared/lib/urlState';
import { Icon, type IconName } from '@/shared/ui/icons';
import { Page } from '@/shared/ui/Page';
import { PageState } from '@/shared/ui/PageState';
import { TimeText } from '@/shared/ui/values';
import { useTexts } from './i18n';
import { BytesCard } from './ui/BytesCard';
import { DevicesTab } from './ui/DevicesTab';
import { EventsTab } from './ui/EventsTab';
import { ExcludedTab } from './ui/ExcludedTab';
import { FailuresTab } from './ui/FailuresTab';
import { HaltBanner } from './ui/HaltBanner';
import { StatesCard } from './ui/StatesCard';
import { TilesCard } from './ui/TilesCard';
import { WavesCard } from './ui/WavesCard';

const ProgressCard = lazyPart(() => import('./ui/ProgressCard'));
const TABS = ['overview', 'devices', 'failures', 'excluded', 'events'] as const;

export default function RolloutPage() {
  const { id = '' } = useParams();
  const t = useTexts();
  const [tab, setTab] = useUrlParam('tab', 'overview');
  const [order, setOrder] = useState<RolloutAction | null>(null);
  const query = useRollout(id);
  useRolloutLive(id);
  const rollout = query.data;
  const nameOf = usePartNames(rollout?.contents ?? []);
  const what = rollout?.contents.map(nameOf).join(', ');
  return (
    <Page
      title={rollout ? rollout.title || what || id : id}
      subtitle={rollout && <Subtitle rollout={rollout} what={what ?? ''} />}
      actions={rollout && <Actions rollout={rollout} onOrder={setOrder} />}
    >
      <PageState query={query} scope="rollouts:read">
        {(data) => (
          <Stack>
            <HaltBanner rollout={data} onOrder={setOrder} />
            <Tabs value={tab} onChange={(value) => setTab(value ?? 'overview')} keepMounted={false}>
              <Tabs.List mb="md">
                {TABS.map((one) => (
                  <Tabs.Tab key={one} value={one}>
                    {t(`tabs.${one}`)}
                  </Tabs.Tab>
                ))}
              </Tabs.List>
              <Tabs.Panel value="overview">
                <Stack>
                  <SimpleGrid cols={{ base: 1, lg: 2 }}>
                    <Stack>
                      <StatesCard rollout={data} />
                      <WavesCard rollout={data} />
                    </Stack>
                    <Stack>
                      <Suspense fallback={<Skeleton height={240} />}>
                        <ProgressCard id={data.id} />
                      </Suspense>
                      <BytesCard rollout={data} />
                    </Stack>
                  </SimpleGrid>
                  <TilesCard rollout={data} />
                </Stack>
              </Tabs.Panel>
              <Tabs.Panel value="devices">
                <DevicesTab id={data.id} />
              </Tabs.Panel>
              <Tabs.Panel value="failures">
                <FailuresTab rollout={data} />
              </Tabs.Panel>
              <Tabs.Panel value="excluded">
                <ExcludedTab id={data.id} />
              </Tabs.Panel>
              <Tabs.Panel value="events">
                <EventsTab id={data.id} />
              </Tabs.Panel>
            </Tabs>
            {order && <OrderDialog rollout={data} word={order} onClose={() => setOrder(null)} />}
          </Stack>
        )}
      </PageState>
    </Page>
  );
}

function Subtitle({ rollout, what }: { rollout: Rollout; what: string }) {
  const t = useTexts();
  return (
    <Group gap="xs">
      <RolloutStateBadge state={rollout.state} />
      <Text span size="sm" fw={600}>
        {t('ended', { percent: formatPercent(rollout.percent) })}
      </Text>
      {rollout.title && (
        <Text span size="sm">
          {what}
        </Text>
      )}
      <Text span size="sm">
        {t('by', { author: whoIs(rollout.author) })}
        {rollout.approver && `, ${t('approvedBy', { approver: whoIs(rollout.approver) })}`}
      </Text>
      {rollout.started_at ? (
        <Text span size="sm">
          {t('started')} <TimeText value={rollout.started_at} style="short" />
        </Text>
      ) : (
        rollout.start_at && (
          <Text span size="sm">
            {t('starts')} <TimeText value={rollout.start_at} style="short" />
          </Text>
        )
      )}
      {rollout.finished_at ? (
        <Text span size="sm">
          {t('finished')} <TimeText value={rollout.finished_at} style="short" />
        </Text>
      ) : (
        rollout.expires_at && (
          <Text span size="sm">
            {t('expires')} <TimeText value={rollout.expires_at} style="short" />
          </Text>
        )
      )}
    </Group>
  );
}

const ICONS: Record<RolloutAction, IconName> = {
  submit: 'play',
  approve: 'check',
  reject: 'cross',
  pause: 'pause',
  resume: 'play',
  advance: 'right',
  retry: 'retry',
  abort: 'stop',
  rollback: 'undo',
};

/** The first order that ends nothing stands open, the others in a menu; a copy can always be made. */
function Actions({ rollout, onOrder }: { rollout: Rollout; onOrder: (word: RolloutAction) => void }) {
  const t = useTexts();
  const orders = useOrderTexts();
  const navigate = useNavigate();
  const all = actionsOf(rollout.state, sharesOf(rollout.counts)).filter(
    (word) => word !== 'advance' || rollout.wave < rollout.waves_total,
  );
  const first = all.find((word) => !DANGEROUS.has(word));
  const others = all.filter((word) => word !== first);
  return (
    <>
      {first && (
        <Permitted scope="rollouts:write">
          {(disabled) => (
            <Button
              leftSection={<Icon name={ICONS[first]} size={16} />}
              disabled={disabled}
              onClick={() => onOrder(first)}
            >
              {orders(`action.${first}`)}
            </Button>
          )}
        </Permitted>
      )}
      <Permitted scope="rollouts:write">
        {(disabled) => (
          <Menu>
            <Menu.Target>
              <Button variant="default" disabled={disabled} rightSection={<Icon name="down" size={14} />}>
                {t('more')}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {others.map((word) => (
                <Menu.Item
                  key={word}
                  leftSection={<Icon name={ICONS[word]} size={14} />}
                  color={DANGEROUS.has(word) ? 'red' : undefined}
                  onClick={() => onOrder(word)}
                >
                  {orders(`action.${word}`)}
                </Menu.Item>
              ))}
              <Menu.Item
                leftSection={<Icon name="copy" size={14} />}
                onClick={() => void navigate(`/rollouts/new?clone=${rollout.id}`)}
              >
                {t('clone')}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </Permitted>
    </>
  );
}
