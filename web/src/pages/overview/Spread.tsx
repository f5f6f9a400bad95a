import { Anchor, Badge, Group, Stack, Text } from '@mantine/core';
import { Link } from 'react-router';
import { formatTerm } from '@/entities/device/model/filter';
import { formatNumber } from '@/shared/lib/format';
import { ProgressBar } from '@/shared/ui/values';
import type { Overview } from '@/entities/overview';
import { Card } from './Card';
import { useTexts } from './i18n';

const SHOWN = 8;

export function Spread({ releases }: { releases: Overview['releases'] }) {
  const t = useTexts();
  const most = Math.max(1, ...releases.map(({ devices }) => devices));
  return (
    <Card title={t('spread')}>
      {releases.length === 0 ? (
        <Text c="dimmed">{t('noSpread')}</Text>
      ) : (
        <Stack gap="xs">
          {releases.slice(0, SHOWN).map(({ name, version, digest = '', devices, is_target }) => {
            const label = name ? `${name}:${version || digest.slice(7, 19)}` : t('nothing');
            return (
              <div key={`${name} ${version} ${digest}`}>
                <Group justify="space-between" wrap="nowrap">
                  <Group gap="xs" wrap="nowrap" style={{ minWidth: 0 }}>
                    <Text size="sm" truncate title={label}>
                      {label}
                    </Text>
                    {is_target && (
                      <Badge variant="outline" size="sm">
                        {t('target')}
                      </Badge>
                    )}
                  </Group>
                  <Count to={version && `${formatTerm('image', [name])} ${formatTerm('version', [version])}`}>
                    {t('devices', { count: devices }).replace(String(devices), formatNumber(devices))}
                  </Count>
                </Group>
                <ProgressBar
                  label={label}
                  total={most}
                  shares={[{ value: devices, color: is_target ? 'green' : 'blue', label }]}
                  size="sm"
                />
              </div>
            );
          })}
          {releases.length > SHOWN && (
            <Text size="xs" c="dimmed">
              {t('more', { count: releases.length - SHOWN })}
            </Text>
          )}
        </Stack>
      )}
    </Card>
  );
}

/** A number that leads to its devices, where a filter can name them. */
function Count({ to, children }: { to: string; children: string }) {
  const look = { size: 'sm', fw: 600, style: { whiteSpace: 'nowrap' } } as const;
  if (!to) return <Text {...look}>{children}</Text>;
  return (
    <Anchor component={Link} to={`/devices?filter=${encodeURIComponent(to)}`} {...look}>
      {children}
    </Anchor>
  );
}
