import { Card, Group, SimpleGrid, Text, Title } from '@mantine/core';
import { useRolloutTexts } from '@/entities/rollout/i18n';
import { sharesOf, type Shares } from '@/entities/rollout/model/counts';
import type { Rollout } from '@/entities/rollout/model/states';
import { CountsBar } from '@/entities/rollout/ui/badges';
import { formatNumber, formatPercent } from '@/shared/lib/format';
import { Icon, type IconName } from '@/shared/ui/icons';
import { useTexts } from '../i18n';

const ICONS: Record<Exclude<keyof Shares, 'total'>, IconName> = {
  done: 'check',
  failed: 'cross',
  underWay: 'download',
  waiting: 'clock',
  out: 'minus',
};

export function StatesCard({ rollout }: { rollout: Rollout }) {
  const t = useTexts();
  const words = useRolloutTexts();
  const shares = sharesOf(rollout.counts);
  return (
    <Card withBorder component="section" aria-label={t('state')}>
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h5">
          {t('state')} {formatNumber(shares.total)}
        </Title>
        <Text fw={700}>{t('ended', { percent: formatPercent(rollout.percent) })}</Text>
      </Group>
      <CountsBar counts={rollout.counts} size="xl" />
      <SimpleGrid cols={{ base: 3, sm: 5 }} mt="sm">
        {(Object.keys(ICONS) as (keyof typeof ICONS)[]).map((key) => (
          <div key={key}>
            <Text
              fz={22}
              fw={700}
              lh={1.2}
              c={key === 'failed' && shares.failed > 0 ? 'var(--mantine-color-red-light-color)' : undefined}
            >
              {formatNumber(shares[key])}
            </Text>
            <Group gap={4} wrap="nowrap">
              <Icon name={ICONS[key]} size={13} />
              <Text size="xs" c="dimmed">
                {words(`shares.${key}`)}
              </Text>
            </Group>
          </div>
        ))}
      </SimpleGrid>
    </Card>
  );
}
