import { Card, Text, Title, useMantineTheme } from '@mantine/core';
import { useMemo } from 'react';
import { useRolloutTimeline } from '@/entities/rollout/api/listRolloutParts';
import { formatNumber } from '@/shared/lib/format';
import { PageState } from '@/shared/ui/PageState';
import { TimeChart } from '@/shared/ui/TimeChart';
import { useTexts } from '../i18n';

/** Sums over time: a line that grows is good news when green, bad news when red. */
export default function ProgressCard({ id }: { id: string }) {
  const t = useTexts();
  const theme = useMantineTheme();
  const query = useRolloutTimeline(id);
  const data = query.data;
  const chart = useMemo(() => {
    if (!data) return null;
    const times = [Date.parse(data.from), ...data.points.map((point) => Date.parse(point.at))];
    const success = [0, ...data.points.map((point) => point.success)];
    const failed = [0, ...data.points.map((point) => point.failed)];
    const end = Date.parse(data.to);
    if (end > times[times.length - 1]!) {
      times.push(end);
      success.push(success[success.length - 1]!);
      failed.push(failed[failed.length - 1]!);
    }
    return { times: times.map((time) => time / 1000), success, failed };
  }, [data]);
  const series = useMemo(
    () =>
      chart && [
        {
          label: t('chart.updated'),
          color: theme.colors.green[6],
          fill: `${theme.colors.green[6]}22`,
          values: chart.success,
        },
        {
          label: t('chart.failed'),
          color: theme.colors.red[7],
          fill: `${theme.colors.red[7]}22`,
          values: chart.failed,
        },
      ],
    [chart, theme, t],
  );
  return (
    <Card withBorder component="section" aria-label={t('chart.title')}>
      <Title order={2} size="h5" mb="sm">
        {t('chart.title')}
      </Title>
      <PageState
        query={query}
        scope="rollouts:read"
        isEmpty={({ points }) => points.length === 0}
        empty={
          <Text size="sm" c="dimmed">
            {t('chart.empty')}
          </Text>
        }
      >
        {({ total }) =>
          chart && series ? (
            <TimeChart
              times={chart.times}
              series={series}
              format={(value) => formatNumber(value)}
              range={[0, Math.max(1, total)]}
              height={200}
              label={t('chart.label', {
                updated: formatNumber(chart.success.at(-1) ?? 0),
                failed: formatNumber(chart.failed.at(-1) ?? 0),
                total: formatNumber(total),
              })}
            />
          ) : null
        }
      </PageState>
    </Card>
  );
}
