import { Anchor, Group, Text } from '@mantine/core';
import { Link } from 'react-router';
import { formatNumber } from '@/shared/lib/format';
import { StatusBadge } from '@/shared/ui/StatusBadge';
import type { Overview } from '@/entities/overview';
import { Card } from './Card';
import { useTexts } from './i18n';

export function Gateways({ gateways: { total, online } }: { gateways: Overview['gateways'] }) {
  const t = useTexts();
  return (
    <Card
      title={t('gateways')}
      action={
        <Anchor component={Link} to="/gateways" size="sm">
          {t('show')}
        </Anchor>
      }
    >
      {total === 0 ? (
        <Text c="dimmed">{t('noGateways')}</Text>
      ) : (
        <Group gap="xs">
          <Text fz={28} fw={700} lh={1}>
            {formatNumber(online)} / {formatNumber(total)}
          </Text>
          <StatusBadge tone={online === total ? 'good' : 'warning'} label={t('gatewaysOnline')} />
        </Group>
      )}
    </Card>
  );
}
