import { Card, Group, SegmentedControl, SimpleGrid, Stack, Text, Title, useMantineTheme } from '@mantine/core';
import { useMemo } from 'react';
import { useMetrics } from '@/entities/device/api/deviceParts';
import { formatBytes, formatDuration, formatNumber } from '@/shared/lib/format';
import { useUrlParam } from '@/shared/lib/urlState';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { TimeChart } from '@/shared/ui/TimeChart';
import { useTexts } from '../i18n';
import { metricSeries, type MetricSeries } from '../model/metrics';

const HOUR_MS = 3_600_000;
const SPANS: Record<string, number> = { hour: HOUR_MS, six: 6 * HOUR_MS, day: 24 * HOUR_MS, week: 168 * HOUR_MS };

const FORMATS: Record<MetricSeries['unit'], (value: number) => string> = {
  bytes: formatBytes,
  percent: (value) => `${formatNumber(value, 1)}%`,
  celsius: (value) => `${formatNumber(value, 1)} °C`,
  seconds: (value) => formatDuration(value * 1000),
  dbm: (value) => `${formatNumber(value)} dBm`,
  number: (value) => formatNumber(value, 2),
};

export default function MetricsTab({ id }: { id: string }) {
  const t = useTexts();
  const [range, setRange] = useUrlParam('range', 'hour');
  const query = useMetrics(id, SPANS[range] ?? HOUR_MS);
  const series = useMemo(() => metricSeries(query.data ?? []), [query.data]);
  return (
    <Stack>
      <SegmentedControl
        aria-label={t('metrics.range')}
        value={range}
        onChange={setRange}
        style={{ alignSelf: 'flex-start' }}
        data={(['hour', 'six', 'day', 'week'] as const).map((value) => ({ value, label: t(`metrics.${value}`) }))}
      />
      <PageState
        query={query}
        scope="devices:read"
        isEmpty={() => series.length === 0}
        empty={<EmptyState icon="monitoring" title={t('metrics.empty')} text={t('metrics.emptyText')} />}
      >
        {() => (
          <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }}>
            {series.map((one) => (
              <Metric key={one.name} series={one} />
            ))}
          </SimpleGrid>
        )}
      </PageState>
    </Stack>
  );
}

function Metric({ series }: { series: MetricSeries }) {
  const t = useTexts();
  const theme = useMantineTheme();
  const format = FORMATS[series.unit];
  const lines = useMemo(
    () => [
      { label: series.name, color: theme.colors.blue[6], fill: `${theme.colors.blue[5]}22`, values: series.values },
    ],
    [series, theme],
  );
  return (
    <Card withBorder padding="sm" component="section" aria-label={series.name}>
      <Group justify="space-between" mb={4}>
        <Title order={2} size="h6">
          {series.name}
        </Title>
        <Text size="sm" c="dimmed">
          {t('metrics.now', { value: format(series.last) })}
        </Text>
      </Group>
      <TimeChart
        times={series.times}
        series={lines}
        format={format}
        label={`${series.name}: ${t('metrics.now', { value: format(series.last) })}`}
        range={series.unit === 'percent' ? [0, 100] : undefined}
      />
    </Card>
  );
}
