import { Alert, Anchor, Group, Stack, Text } from '@mantine/core';
import { Link } from 'react-router';
import { placeOf, type Alert as One, type Overview } from '@/entities/overview';
import { en, useAlertTexts } from '@/entities/overview/i18n';
import { CauseText } from '@/entities/rollout/ui/CauseText';
import { formatNumber } from '@/shared/lib/format';
import { Icon } from '@/shared/ui/icons';
import { StatusBadge } from '@/shared/ui/StatusBadge';
import { useTexts } from './i18n';

type Rollouts = Overview['rollouts']['items'];

/** What it is about, or how many; a rollout's own numbers are in its words. */
function subject({ object, count }: One, rollouts: Rollouts): string {
  if (!object) return count > 0 ? ` (${formatNumber(count)})` : '';
  const title = rollouts.find(({ id }) => object === `rollout:${id}`)?.title;
  return title ? `: ${title}` : '';
}

export function Alerts({ alerts, rollouts }: { alerts: One[]; rollouts: Rollouts }) {
  const t = useTexts();
  const words = useAlertTexts();
  if (alerts.length === 0) return <StatusBadge tone="good" label={t('noAlerts')} />;
  return (
    <Stack gap="xs" component="section" aria-label={t('alerts')}>
      {alerts.map((alert, index) => {
        const place = placeOf(alert);
        const code = alert.code in en.alert ? alert.code : 'other';
        return (
          <Alert
            key={`${alert.code} ${alert.object ?? ''} ${index}`}
            color={alert.severity === 'error' ? 'red' : 'orange'}
            icon={<Icon name="warning" />}
            py="xs"
          >
            <Group justify="space-between" gap="xs">
              <Text size="sm" style={{ overflowWrap: 'anywhere', flex: '1 1 300px' }}>
                <b>{`${words(`alert.${code}`)}${subject(alert, rollouts)}`}</b>{' '}
                {alert.code in en.alertDetail ? (
                  words(`alertDetail.${alert.code as keyof typeof en.alertDetail}`)
                ) : (
                  <CauseText cause={alert.detail} />
                )}
              </Text>
              {place && (
                <Anchor component={Link} to={place} size="sm" fw={600} c="inherit" underline="always">
                  {t('show')}
                </Anchor>
              )}
            </Group>
          </Alert>
        );
      })}
    </Stack>
  );
}
