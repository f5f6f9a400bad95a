import { Anchor, Group, Stack, Text } from '@mantine/core';
import { Link } from 'react-router';
import { CauseText } from '@/entities/rollout/ui/CauseText';
import { formatDuration, formatPercent } from '@/shared/lib/format';
import { ProgressBar } from '@/shared/ui/values';
import { StatusBadge, type Tone } from '@/shared/ui/StatusBadge';
import type { Overview } from '@/entities/overview';
import { Card } from './Card';
import { useTexts } from './i18n';

type Rollout = Overview['rollouts']['items'][number];

const TONES: Partial<Record<Rollout['state'], Tone>> = {
  running: 'busy',
  paused: 'warning',
  approval: 'info',
  aborting: 'bad',
};
const FAILED = ['failed', 'timeout', 'rolled_back'] as const;
const MIN_CLOSED = 3; // before that, any estimate is a guess

/** Milliseconds that are left if devices go on ending as they did so far; nothing while that says little. */
export function timeLeft(
  { state, started_at, counts }: Pick<Rollout, 'state' | 'started_at' | 'counts'>,
  now = Date.now(),
): number | null {
  const { open = 0, closed = 0 } = counts;
  if (state !== 'running' || !started_at || closed < MIN_CLOSED || open === 0) return null;
  return ((now - Date.parse(started_at)) / closed) * open;
}

export function RolloutsUnderWay({ rollouts }: { rollouts: Overview['rollouts'] }) {
  const t = useTexts();
  return (
    <Card
      title={t('rollouts')}
      action={
        <Anchor component={Link} to="/rollouts/new" size="sm">
          {t('newRollout')}
        </Anchor>
      }
    >
      {rollouts.items.length === 0 ? (
        <Text c="dimmed">{t('noRollouts')}</Text>
      ) : (
        <Stack gap="md">
          {rollouts.items.map((rollout) => (
            <One key={rollout.id} rollout={rollout} />
          ))}
        </Stack>
      )}
    </Card>
  );
}

function One({ rollout }: { rollout: Rollout }) {
  const t = useTexts();
  const { counts } = rollout;
  const { total = 0, open = 0, closed = 0 } = counts;
  const failed = FAILED.reduce((sum, name) => sum + (counts[name] ?? 0), 0);
  const left = timeLeft(rollout);
  const name = rollout.title || rollout.contents.map(({ name, version }) => `${name}:${version}`).join(', ');
  return (
    <div>
      <Group justify="space-between" wrap="nowrap">
        <Anchor component={Link} to={`/rollouts/${rollout.id}`} fw={600} style={{ overflowWrap: 'anywhere' }}>
          {name}
        </Anchor>
        <StatusBadge
          tone={TONES[rollout.state] ?? 'idle'}
          icon={rollout.state === 'paused' ? 'pause' : undefined}
          label={t(`state.${rollout.state}`)}
        />
      </Group>
      <ProgressBar
        label={name}
        total={total}
        shares={[
          { value: closed - failed, color: 'green', label: formatPercent(rollout.percent) },
          { value: failed, color: 'red', label: t('failed', { count: failed }) },
        ]}
      />
      <Text size="xs" c="dimmed" mt={4}>
        {[
          t('ended', { percent: formatPercent(rollout.percent) }),
          rollout.wave > 0 ? t('wave', { wave: rollout.wave, total: rollout.waves_total }) : '',
          open > 0 ? t('left', { count: open }) : '',
          failed > 0 ? t('failed', { count: failed }) : '',
          left !== null ? t('eta', { time: formatDuration(left) }) : '',
        ]
          .filter(Boolean)
          .join(' · ')}
      </Text>
      {rollout.cause && (
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          <CauseText cause={rollout.cause} />
        </Text>
      )}
    </div>
  );
}
