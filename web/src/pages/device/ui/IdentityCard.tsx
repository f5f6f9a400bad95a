import { Anchor, Badge, Group } from '@mantine/core';
import { Link } from 'react-router';
import { useDeviceLive } from '@/entities/device/api/getDevice';
import type { Device } from '@/entities/device/api/listDevices';
import { formatTerm } from '@/entities/device/model/filter';
import { useDeviceTexts } from '@/entities/device/i18n';
import { TimeText } from '@/shared/ui/values';
import { useTexts } from '../i18n';
import { FactCard, Facts } from './Facts';

const listOf = (field: string, value: string) => `/devices?filter=${encodeURIComponent(formatTerm(field, [value]))}`;

export function IdentityCard({ device }: { device: Device }) {
  const t = useTexts();
  const words = useDeviceTexts();
  const live = useDeviceLive(device.id).data;
  const { region, group, tags } = device;
  return (
    <FactCard title={t('identity.title')}>
      <Facts
        rows={[
          [t('identity.label'), device.label],
          [
            t('identity.region'),
            region && (
              <Anchor component={Link} size="sm" to={listOf('region', region.code)}>
                {region.name || region.code}
              </Anchor>
            ),
          ],
          [
            t('identity.group'),
            group && (
              <Anchor component={Link} size="sm" to={listOf('group', group.code)}>
                {group.name || group.code}
              </Anchor>
            ),
          ],
          [
            t('identity.tags'),
            Object.keys(tags).length === 0 ? null : (
              <Group gap={4}>
                {Object.entries(tags).map(([key, value]) => (
                  <Badge
                    key={key}
                    variant="default"
                    component={Link}
                    to={listOf(`tag.${key}`, value)}
                    style={{ cursor: 'pointer' }}
                  >
                    {value ? `${key}=${value}` : key}
                  </Badge>
                ))}
              </Group>
            ),
          ],
          [t('identity.kind'), words(`kind.${device.kind}`)],
          [t('identity.hardware'), device.hardware],
          [t('identity.location'), device.location],
          [t('identity.zone'), device.time_zone],
          [t('identity.active'), device.active ? t('identity.yes') : t('identity.no')],
          [t('identity.gateway'), live && (live.gateway || t('identity.direct'))],
          [t('identity.agent'), live?.version],
          [t('identity.first'), <TimeText key="first" value={device.first_seen_ms} />],
        ]}
      />
    </FactCard>
  );
}
