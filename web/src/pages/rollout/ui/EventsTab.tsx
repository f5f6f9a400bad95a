import { Group, Text, Timeline } from '@mantine/core';
import { useRolloutEvents } from '@/entities/rollout/api/listRolloutParts';
import { said } from '@/entities/rollout/model/said';
import { whoIs } from '@/shared/lib/whoIs';
import { Icon, type IconName } from '@/shared/ui/icons';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { TimeText } from '@/shared/ui/values';
import { en, useTexts } from '../i18n';

type Kind = keyof typeof en.events.kind;
const ICONS: Partial<Record<Kind, IconName>> = {
  wave_opened: 'play',
  gate_failed: 'warning',
  pause: 'pause',
  resume: 'play',
  abort: 'stop',
  aborted: 'stop',
  completed: 'check',
  approved: 'check',
  rejected: 'cross',
  retry: 'retry',
  expired: 'clock',
};

export function EventsTab({ id }: { id: string }) {
  const t = useTexts();
  const query = useRolloutEvents(id);
  return (
    <PageState
      query={query}
      scope="rollouts:read"
      isEmpty={({ items }) => items.length === 0}
      empty={<EmptyState icon="clock" title={t('events.empty')} />}
    >
      {({ items }) => (
        <Timeline bulletSize={26} lineWidth={2}>
          {items.map((event) => {
            const kind = event.kind in en.events.kind ? (event.kind as Kind) : undefined;
            return (
              <Timeline.Item
                key={event.number}
                bullet={<Icon name={(kind && ICONS[kind]) ?? 'info'} size={14} />}
                title={
                  <Group gap="xs">
                    <Text size="sm" fw={600}>
                      {kind ? t(`events.kind.${kind}`) : event.kind}
                    </Text>
                    <Text size="sm" c="dimmed">
                      {event.who ? whoIs(event.who) : t('events.rollout')}
                    </Text>
                  </Group>
                }
              >
                {event.detail && (
                  <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                    {said(event.detail)}
                  </Text>
                )}
                <Text size="xs" c="dimmed">
                  <TimeText value={event.at} />
                </Text>
              </Timeline.Item>
            );
          })}
        </Timeline>
      )}
    </PageState>
  );
}
