import { Anchor, Group, Progress, Stack, Text } from '@mantine/core';
import { Link } from 'react-router';
import { useWhy } from '@/entities/device/api/explainDevice';
import { useReportedParts } from '@/entities/device/api/deviceParts';
import { useDeviceLive } from '@/entities/device/api/getDevice';
import type { Device } from '@/entities/device/api/listDevices';
import { DeviceStateBadge } from '@/entities/device/ui/badges';
import { formatBytes, formatDuration } from '@/shared/lib/format';
import { StatusBadge } from '@/shared/ui/StatusBadge';
import { Digest } from '@/shared/ui/values';
import { en, useTexts } from '../i18n';
import { FactCard, Facts } from './Facts';

/** What a device says while it updates; at rest it says `idle`. */
const UNDER_WAY = new Set<unknown>(['fetching', 'verifying', 'swapping', 'probation']);

const PARTS = en.software.part;
type Part = keyof typeof PARTS;

/** What it is to run against what it says that it runs. */
export function SoftwareCard({ device }: { device: Device }) {
  const t = useTexts();
  const live = useDeviceLive(device.id).data;
  // What the server wants now; the device's own report says what was wanted when it last reported.
  const wanted = useWhy(device.id).data?.wanted ?? { version: device.target_version, digest: device.target };
  const parts = Object.entries(useReportedParts(device.id, device.kind).data ?? {}).map(([kind, version]) =>
    kind in PARTS ? `${t(`software.part.${kind as Part}`)} ${version}` : `${kind} ${version}`,
  );
  const same = device.running !== undefined && device.running === wanted.digest;
  const version = (name: string | undefined, digest: string | undefined) =>
    name || digest ? (
      <Group gap="xs">
        <b>{name}</b> {digest && <Digest value={digest} />}
      </Group>
    ) : (
      t('software.unknown')
    );
  return (
    <FactCard title={t('software.title')}>
      <Stack gap="xs" align="stretch">
        <Group gap="xs">
          <DeviceStateBadge state={device.state} reason={device.reason} />
          {wanted.digest && (
            <StatusBadge tone={same ? 'good' : 'warning'} label={t(same ? 'software.same' : 'software.differs')} />
          )}
        </Group>
        <Facts
          rows={[
            [
              t('software.image'),
              device.name && (
                <Anchor component={Link} size="sm" to={`/images/${encodeURIComponent(device.name)}`}>
                  {device.name}
                </Anchor>
              ),
            ],
            [t('software.wanted'), version(wanted.version, wanted.digest)],
            [t('software.runs'), version(device.running_version, device.running)],
            [t('software.parts'), parts.join(', ')],
            [t('software.reason'), device.reason],
          ]}
        />
        {live?.online && <Download progress={live.progress} />}
      </Stack>
    </FactCard>
  );
}

function Download({ progress }: { progress: Record<string, unknown> | undefined }) {
  const t = useTexts();
  const number = (key: string) => (typeof progress?.[key] === 'number' ? (progress[key] as number) : 0);
  if (!UNDER_WAY.has(progress?.['state'])) return null;
  const percent = Math.floor(number('percent'));
  const label = t('software.progress', { percent, version: String(progress?.['name'] ?? '') });
  return (
    <div>
      <Text size="sm">
        {label}
        {number('speed') > 0 &&
          ` · ${t('software.speed', { speed: formatBytes(number('speed')), eta: formatDuration(number('eta_s') * 1000) })}`}
      </Text>
      <Progress value={percent} aria-label={label} />
    </div>
  );
}
