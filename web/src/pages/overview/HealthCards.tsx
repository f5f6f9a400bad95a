import { Anchor, Group, Stack, Text } from '@mantine/core';
import { Link } from 'react-router';
import { formatNumber, formatPercent, percentOf } from '@/shared/lib/format';
import { Icon, type IconName } from '@/shared/ui/icons';
import { ProgressBar } from '@/shared/ui/values';
import type { Overview } from '@/entities/overview';
import { Card } from './Card';
import { useTexts } from './i18n';
import { cssColor, Ring } from './Ring';

type Devices = Overview['devices'];
interface Part<Name extends string> {
  name: Name;
  color: string;
  icon: IconName;
}

const HEALTH: Part<keyof Devices['health']>[] = [
  { name: 'online', color: 'green', icon: 'check' },
  { name: 'degraded', color: 'orange', icon: 'warning' },
  { name: 'offline', color: 'red', icon: 'power' },
  { name: 'never', color: 'gray.5', icon: 'dashed' },
];
const COMPLIANCE: Part<keyof Devices['compliance']>[] = [
  { name: 'on_target', color: 'green', icon: 'check' },
  { name: 'behind', color: 'blue', icon: 'clock' },
  { name: 'failing', color: 'red', icon: 'cross' },
  { name: 'none', color: 'gray.5', icon: 'minus' },
];

export function Health({ devices }: { devices: Devices }) {
  const t = useTexts();
  const shares = HEALTH.map(({ name, color }) => ({ value: devices.health[name], color, label: t(name) }));
  return (
    <Card title={t('health')}>
      <ProgressBar shares={shares} total={devices.active} label={t('health')} size="lg" />
      <Legend parts={HEALTH} field="health" counts={devices.health} />
      <Text size="xs" c="dimmed">
        {t('ofDevices', { count: devices.active })}
        {devices.inactive > 0 && ` · ${t('inactive', { count: devices.inactive })}`}
      </Text>
    </Card>
  );
}

export function Compliance({ devices }: { devices: Devices }) {
  const t = useTexts();
  const wanted = devices.active - devices.compliance.none;
  const percent = formatPercent(percentOf(devices.compliance.on_target, wanted));
  const shares = COMPLIANCE.map(({ name, color }) => ({ value: devices.compliance[name], color, label: t(name) }));
  return (
    <Card title={t('compliance')}>
      <Group wrap="nowrap" align="center" gap="lg">
        <Ring shares={shares} label={`${t('on_target')}: ${percent}`}>
          {wanted > 0 ? percent : '–'}
        </Ring>
        <div style={{ flex: 1 }}>
          <Legend parts={COMPLIANCE} field="compliance" counts={devices.compliance} />
        </div>
      </Group>
    </Card>
  );
}

/** Every number leads to the devices that it counts. */
function Legend<
  Name extends 'online' | 'degraded' | 'offline' | 'never' | 'on_target' | 'behind' | 'failing' | 'none',
>({ parts, field, counts }: { parts: Part<Name>[]; field: string; counts: Record<Name, number> }) {
  const t = useTexts();
  return (
    <Stack gap={4}>
      {parts.map(({ name, color, icon }) => (
        <Group key={name} justify="space-between" wrap="nowrap">
          <Group gap={6} wrap="nowrap">
            <Icon name={icon} size={15} style={{ color: cssColor(color) }} />
            <Text size="sm">{t(name)}</Text>
          </Group>
          <Anchor
            component={Link}
            to={`/devices?filter=${encodeURIComponent(`${field}=${name}`)}`}
            fw={600}
            aria-label={`${t(name)}: ${formatNumber(counts[name])}`}
          >
            {formatNumber(counts[name])}
          </Anchor>
        </Group>
      ))}
    </Stack>
  );
}
