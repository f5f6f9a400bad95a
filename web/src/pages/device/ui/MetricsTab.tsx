import { Card, Group, SegmentedControl, SimpleGrid, Stack, Text, Title, useMantineTheme } from '@mantine/core';
import { useMemo } from 'react';
import { useMetrics } from '@/entities/device/api/deviceParts';
import { formatBytes, formatDuration, formatNumber } from '@/shared/lib/format';
import { useUrlParam } from '@/shared/lib/urlState';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { TimeChart } from '@/shared/ui/TimeChart';
import { en, useTexts } from '../i18n';
import { metricSeries, type MetricSeries } from '../model/metrics';

type Name = keyof typeof en.metrics.name;
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
  const name = series.name in en.metrics.name ? t(`metrics.name.${series.name as Name}`) : series.name;
  const now = series.whole
    ? t('metrics.nowOf', { value: format(series.last), whole: format(series.whole) })
    : t('metrics.now', { value: format(series.last) });
  const lines = useMemo(
    () => [{ label: name, color: theme.colors.blue[6], fill: `${theme.colors.blue[5]}22`, values: series.values }],
    [series, name, theme],
  );
  return (
    <Card withBorder padding="sm" component="section" aria-label={name}>
      <Group justify="space-between" mb={4}>
        <Title order={2} size="h6" title={series.name}>
          {name}
        </Title>
        <Text size="sm" c="dimmed">
          {now}
        </Text>
      </Group>
      <TimeChart
        times={series.times}
        series={lines}
        format={format}
        label={`${name}: ${now}`}
        range={series.unit === 'percent' ? [0, 100] : series.whole ? [0, series.whole] : undefined}
      />
    </Card>
  );
}
