import { Card, Group, Stack, Text, Title } from '@mantine/core';
import { useEffect, useState } from 'react';
import { judge, wavePhase, waveSpec, type WavePhase, type WaveState } from '@/entities/rollout/model/gate';
import type { Rollout } from '@/entities/rollout/model/states';
import { CountsBar } from '@/entities/rollout/ui/badges';
import { formatDuration, formatNumber } from '@/shared/lib/format';
import type { IconName } from '@/shared/ui/icons';
import { StatusBadge, type Tone } from '@/shared/ui/StatusBadge';
import { TimeText } from '@/shared/ui/values';
import { useTexts } from '../i18n';

const LOOKS: Record<WavePhase, { tone: Tone; icon: IconName }> = {
  waiting: { tone: 'idle', icon: 'clock' },
  open: { tone: 'busy', icon: 'play' },
  soaking: { tone: 'info', icon: 'clock' },
  passed: { tone: 'good', icon: 'check' },
  halted: { tone: 'bad', icon: 'warning' },
};

export function WavesCard({ rollout }: { rollout: Rollout }) {
  const t = useTexts();
  return (
    <Card withBorder component="section" aria-label={t('waves')}>
      <Title order={2} size="h5" mb="sm">
        {t('waves')}
      </Title>
      <Stack gap="md">
        {rollout.waves?.map((wave) => (
          <Wave key={wave.number} wave={wave} rollout={rollout} />
        ))}
      </Stack>
    </Card>
  );
}

function Wave({ wave, rollout }: { wave: WaveState; rollout: Rollout }) {
  const t = useTexts();
  const spec = waveSpec(rollout.spec, wave.number - 1);
  const { phase, soakEnds } = wavePhase(wave, spec, rollout.state);
  const verdict = judge(wave.counts, spec, wave.accepted_failures);
  const only = rollout.waves_total === 1;
  const open = spec.failurePercent >= 100 && spec.successPercent === 0;
  const values = { least: spec.successPercent, most: spec.failurePercent, soak: formatDuration(spec.soakMs) };
  const size = only ? t('everything') : spec.size === '100%' ? t('rest') : spec.size;
  return (
    <div>
      <Group justify="space-between" gap="xs" mb={4}>
        <Group gap="xs">
          <Text size="sm" fw={600}>
            {t('wave', { wave: wave.number })}
          </Text>
          <StatusBadge {...LOOKS[phase]} label={t(`phase.${phase}`)} />
          <Text size="xs" c="dimmed">
            {size}
          </Text>
        </Group>
        <Text size="sm">
          {wave.devices === 0
            ? t('noDevices')
            : t('of', { part: formatNumber(wave.counts['closed'] ?? 0), whole: formatNumber(wave.devices) })}
        </Text>
      </Group>
      <CountsBar counts={wave.counts} />
      <Group gap="md" mt={4}>
        <Text size="xs" c="dimmed">
          {open ? t('noGate') : t(spec.soakMs ? 'gateSoak' : 'gate', values)}
        </Text>
        {!open && phase === 'open' && (
          <Text size="xs" c="dimmed">
            {t('allowance', { count: verdict.allowance })}
          </Text>
        )}
        {wave.accepted_failures > 0 && (
          <Text size="xs" c="dimmed">
            {t('accepted', { count: wave.accepted_failures })}
          </Text>
        )}
        {phase === 'soaking' && soakEnds !== undefined && <Countdown until={soakEnds} />}
        {wave.opened_at && (
          <Text size="xs" c="dimmed">
            <TimeText value={wave.opened_at} style="short" />
          </Text>
        )}
      </Group>
    </div>
  );
}

function Countdown({ until }: { until: number }) {
  const t = useTexts();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  if (until <= now) return null;
  return (
    <Text size="xs" fw={600}>
      {t('soakLeft', { time: formatDuration(until - now) })}
    </Text>
  );
}
