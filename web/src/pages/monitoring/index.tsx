import { Alert, Code, Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { formatBytes, formatNumber } from '@/shared/lib/format';
import { CopyButton } from '@/shared/ui/CopyButton';
import { Icon } from '@/shared/ui/icons';
import { Page } from '@/shared/ui/Page';
import { PageState } from '@/shared/ui/PageState';
import { StatusBadge } from '@/shared/ui/StatusBadge';
import { TimeChart } from '@/shared/ui/TimeChart';
import { AlertRules } from './AlertRules';
import { useTexts } from './i18n';
import { gauges, rates, type Sample } from './metrics';
import { useHealth, useSamples } from './useSamples';

export default function MonitoringPage() {
  const t = useTexts();
  const { query, samples } = useSamples();
  const address = `${location.origin}/metrics`;
  return (
    <Page title={t('title')} subtitle={t('subtitle')}>
      <HealthLine />
      <PageState query={query}>
        {({ values }) => (
          <Stack>
            <SimpleGrid cols={{ base: 2, md: 4 }}>
              <Figure name={t('devices')} value={formatNumber(values.get('stratus_devices') ?? 0)} />
              <Figure name={t('store')} value={formatBytes(values.get('stratus_store_bytes') ?? 0)}>
                {t('blobs', { count: values.get('stratus_store_blobs') ?? 0 })}
              </Figure>
              <Figure name={t('reports')} value={formatNumber(values.get('stratus_reports') ?? 0)} />
              <Figure name={t('streams')} value={formatNumber(values.get('stratus_event_streams') ?? 0)} />
            </SimpleGrid>
            {samples.length < 2 ? <Text role="status">{t('waiting')}</Text> : <Charts samples={samples} />}
          </Stack>
        )}
      </PageState>
      <AlertRules />
      <Group gap="xs">
        <Text size="sm" c="dimmed">
          {t('longer')}
        </Text>
        <Code>{address}</Code>
        <CopyButton value={address} label={t('copied')} />
      </Group>
    </Page>
  );
}

function HealthLine() {
  const t = useTexts();
  const health = useHealth();
  if (!health.data) return null;
  const [first = '', ...warnings] = health.data.trim().split('\n');
  const well = first === 'ok';
  return (
    <Stack gap="xs" role="status">
      <Group>
        <StatusBadge tone={well ? 'good' : 'bad'} label={well ? t('healthy') : t('unhealthy')} />
      </Group>
      {[...(well ? [] : [first]), ...warnings].map((line) => (
        <Alert key={line} color={well ? 'orange' : 'red'} icon={<Icon name="warning" />} py="xs">
          {line.startsWith('warning: identity: optional') ? t('optionalIdentity') : line}
        </Alert>
      ))}
    </Stack>
  );
}

function Figure({ name, value, children }: { name: string; value: string; children?: ReactNode }) {
  return (
    <Paper withBorder p="md">
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text fz={26} fw={700}>
        {value}
      </Text>
      {children && (
        <Text size="xs" c="dimmed">
          {children}
        </Text>
      )}
    </Paper>
  );
}

const answers = (answer: string) => `stratus_next_answers_total{answer="${answer}"}`;

function Charts({ samples }: { samples: Sample[] }) {
  const t = useTexts();
  const times = samples.map(({ time }) => time);
  const count = (value: number) => formatNumber(value, 1);
  const perSecond = (value: number) => t('perSecond', { value: formatNumber(value, 1) });
  const bytes = (value: number) => t('perSecond', { value: formatBytes(value) });
  const one = (label: string, color: string, values: (number | null)[]) => ({ label, color, values });
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }}>
      <Chart title={t('answers')}>
        <TimeChart
          label={t('answers')}
          times={times}
          format={perSecond}
          series={[
            one(t('upToDate'), '#2f9e44', rates(samples, answers('up_to_date'))),
            one(t('release'), '#1c7ed6', rates(samples, answers('release'))),
            one(t('unknown'), '#868e96', rates(samples, answers('unknown'))),
          ]}
        />
      </Chart>
      <Chart title={t('traffic')}>
        <TimeChart
          label={t('traffic')}
          times={times}
          format={bytes}
          whole
          series={[
            one(t('sent'), '#1c7ed6', rates(samples, 'stratus_registry_sent_bytes_total')),
            one(t('received'), '#e8590c', rates(samples, 'stratus_registry_received_bytes_total')),
          ]}
        />
      </Chart>
      <Chart title={t('deltas')}>
        <TimeChart
          label={t('deltas')}
          times={times}
          format={count}
          whole
          series={[one(t('jobs'), '#9c36b5', gauges(samples, 'stratus_delta_queue_jobs'))]}
        />
      </Chart>
      <Chart title={t('events')}>
        <TimeChart
          label={t('events')}
          times={times}
          format={perSecond}
          series={[one(t('events'), '#0c8599', rates(samples, 'stratus_events_total'))]}
        />
      </Chart>
    </SimpleGrid>
  );
}

function Chart({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h5" mb="xs">
        {title}
      </Title>
      {children}
    </Paper>
  );
}
