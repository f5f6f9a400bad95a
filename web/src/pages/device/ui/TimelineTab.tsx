import { Anchor, Group, SegmentedControl, Stack, Text, Timeline } from '@mantine/core';
import { useMemo } from 'react';
import { Link } from 'react-router';
import { useDeviceEvents, useDeviceRollouts, useFirmwareHistory } from '@/entities/device/api/deviceParts';
import { DeviceStateBadge } from '@/entities/device/ui/badges';
import { RolloutDeviceBadge } from '@/entities/rollout/ui/badges';
import { useUrlParam } from '@/shared/lib/urlState';
import { Icon, type IconName } from '@/shared/ui/icons';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { TimeText } from '@/shared/ui/values';
import { useTexts } from '../i18n';
import { timeline, type Moment } from '../model/timeline';

const ICONS: Record<Moment['kind'], IconName> = { update: 'images', rollout: 'rollouts', event: 'info' };

export function TimelineTab({ id }: { id: string }) {
  const t = useTexts();
  const [only, setOnly] = useUrlParam('only', 'all');
  const updates = useFirmwareHistory(id);
  const rollouts = useDeviceRollouts(id);
  const events = useDeviceEvents(id);
  const moments = useMemo(
    () =>
      timeline(updates.data ?? [], rollouts.data ?? [], events.data ?? []).filter((one) =>
        only === 'all' ? !one.told : one.kind === only,
      ),
    [updates.data, rollouts.data, events.data, only],
  );
  return (
    <Stack>
      <SegmentedControl
        aria-label={t('tabs.timeline')}
        value={only}
        onChange={setOnly}
        style={{ alignSelf: 'flex-start' }}
        data={[
          { value: 'all', label: t('timeline.all') },
          { value: 'update', label: t('timeline.update') },
          { value: 'rollout', label: t('timeline.rollout') },
          { value: 'event', label: t('timeline.event') },
        ]}
      />
      <PageState
        query={updates}
        scope="devices:read"
        isEmpty={() => moments.length === 0 && !rollouts.isPending && !events.isPending}
        empty={<EmptyState icon="clock" title={t('timeline.empty')} text={t('timeline.emptyText')} />}
      >
        {() => (
          <Timeline bulletSize={26} lineWidth={2}>
            {moments.map((one) => (
              <Timeline.Item
                key={one.key}
                bullet={<Icon name={ICONS[one.kind]} size={14} />}
                title={<Headline moment={one} />}
              >
                {one.detail && (
                  <Text size="sm" c="dimmed" lineClamp={3} style={{ overflowWrap: 'anywhere' }}>
                    {one.detail}
                  </Text>
                )}
                <Text size="xs" c="dimmed">
                  <TimeText value={one.at} />
                </Text>
              </Timeline.Item>
            ))}
          </Timeline>
        )}
      </PageState>
    </Stack>
  );
}

function Headline({ moment }: { moment: Moment }) {
  const t = useTexts();
  return (
    <Group gap="xs">
      <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
        {moment.what}
      </Text>
      {moment.kind === 'update' && <DeviceStateBadge state={moment.word} />}
      {moment.kind === 'rollout' && <RolloutDeviceBadge state={moment.word} />}
      {moment.rollout && (
        <Anchor component={Link} to={`/rollouts/${encodeURIComponent(moment.rollout)}`} size="sm">
          {t('timeline.openRollout')}
        </Anchor>
      )}
    </Group>
  );
}
