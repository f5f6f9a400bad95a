import { Anchor, Card, Code, Group, Text, Title } from '@mantine/core';
import { Link } from 'react-router';
import { placeOf, useOverview, type Alert } from '@/entities/overview';
import { useAlertTexts } from '@/entities/overview/i18n';
import { formatNumber } from '@/shared/lib/format';
import { DataTable } from '@/shared/ui/DataTable';
import { PageState } from '@/shared/ui/PageState';
import { StatusBadge } from '@/shared/ui/StatusBadge';
import { useTexts } from './i18n';

/** Everything that the server watches by itself, the gravest first; the compiler misses a code that is not here. */
const RULES = {
  database_down: true,
  broker_away: true,
  certificates_expired: true,
  target_failing: true,
  rollout_halted: true,
  rollout_failing: true,
  updates_failed: true,
  gateways_away: true,
  certificates_expiring: true,
  revocation_list_overdue: true,
  device_errors: true,
} satisfies Record<Alert['code'], true>;
const CODES = Object.keys(RULES) as Alert['code'][];

/** What raises an alert, and whether it does now. */
export function AlertRules() {
  const t = useTexts();
  const words = useAlertTexts();
  const overview = useOverview();
  return (
    <Card withBorder component="section" aria-label={t('rules')}>
      <Title order={2} size="h4" mb="xs">
        {t('rules')}
      </Title>
      <PageState query={overview} scope="devices:read">
        {({ alerts }) => (
          <DataTable
            label={t('rules')}
            minWidth={680}
            rows={CODES}
            rowKey={(code) => code}
            columns={[
              { key: 'rule', header: t('rule'), width: '30%', render: (code) => words(`alert.${code}`) },
              { key: 'when', header: t('ruleWhen'), render: (code) => words(`rule.${code}`) },
              {
                key: 'now',
                header: t('ruleNow'),
                width: '22%',
                render: (code) => <Now alerts={alerts.filter((one) => one.code === code)} />,
              },
            ]}
          />
        )}
      </PageState>
      <Group gap="xs" mt="xs">
        <Text size="sm" c="dimmed">
          {t('rulesLonger')}
        </Text>
        <Code>deploy/prometheus/stratus.rules.yml</Code>
      </Group>
    </Card>
  );
}

function Now({ alerts }: { alerts: Alert[] }) {
  const t = useTexts();
  const first = alerts.find((one) => one.severity === 'error') ?? alerts[0];
  if (!first) return <StatusBadge tone="good" label={t('quiet')} />;
  const place = placeOf(first);
  const count = alerts.reduce((sum, one) => sum + (one.object ? 1 : one.count), 0); // one rollout, however many devices
  return (
    <Group gap="xs" wrap="nowrap">
      <StatusBadge
        tone={first.severity === 'error' ? 'bad' : 'warning'}
        icon="warning"
        label={count > 0 ? t('raisedBy', { count: formatNumber(count) }) : t('raised')}
      />
      {place && (
        <Anchor component={Link} to={place} size="sm">
          {t('show')}
        </Anchor>
      )}
    </Group>
  );
}
