import { Anchor, Box, Button, Card, Group, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';
import type { ImageDetail, ImageVersion } from '@/entities/image/api/listImages';
import { useRemoveVersion } from '@/entities/image/api/registerVersion';
import { Permitted } from '@/entities/session/Permitted';
import { formatBytes, formatNumber } from '@/shared/lib/format';
import { newRolloutPath } from '@/shared/lib/rolloutLink';
import { ConfirmDialog } from '@/shared/ui/ConfirmDialog';
import { curlLine } from '@/shared/ui/CopyAsCli';
import { DataTable } from '@/shared/ui/DataTable';
import { StatusBadge } from '@/shared/ui/StatusBadge';
import { toastDone } from '@/shared/ui/toast';
import { Bytes, Digest, TimeText } from '@/shared/ui/values';
import { useTexts } from './i18n';

export const versionPath = (name: string, version: string) =>
  `/images/${encodeURIComponent(name)}/${encodeURIComponent(version)}`;

export function VersionsCard({ image }: { image: ImageDetail }) {
  const t = useTexts();
  const [removing, setRemoving] = useState<ImageVersion | null>(null);
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="xs">
        {t('versions')}
      </Title>
      {image.versions.length === 0 ? (
        <Text c="dimmed">{t('noVersions')}</Text>
      ) : (
        <VersionsTable image={image} onRemove={setRemoving} />
      )}
      {removing && <RemoveDialog name={image.name} one={removing} onClose={() => setRemoving(null)} />}
    </Card>
  );
}

function VersionsTable({ image, onRemove }: { image: ImageDetail; onRemove: (one: ImageVersion) => void }) {
  const t = useTexts();
  const { name } = image;
  const running = (version: string) => `/devices?filter=${encodeURIComponent(`image="${name}" version="${version}"`)}`;
  return (
    <DataTable
      label={t('versions')}
      minWidth={940}
      rows={image.versions}
      rowKey={({ version }) => version}
      columns={[
        { key: 'version', header: t('column.version'), free: true, render: (one) => <Version name={name} one={one} /> },
        {
          key: 'registered',
          header: t('column.registered'),
          render: (one) => <TimeText value={one.created_at} style="short" />,
        },
        {
          key: 'size',
          header: t('column.size'),
          align: 'right',
          render: (one) => (one.stored ? <Size one={one} /> : <StatusBadge tone="bad" label={t('gone')} />),
        },
        { key: 'layers', header: t('column.layers'), align: 'right', render: (one) => <Layers one={one} /> },
        {
          key: 'platform',
          header: t('column.platform'),
          render: (one) => [one.os, one.architecture].filter(Boolean).join('/'),
        },
        {
          key: 'devices',
          header: t('column.devices'),
          align: 'right',
          render: (one) => (
            <Anchor component={Link} to={running(one.version)} size="sm">
              {formatNumber(one.devices)}
            </Anchor>
          ),
        },
        { key: 'rollouts', header: t('column.rollouts'), align: 'right', render: (one) => formatNumber(one.rollouts) },
        { key: 'signed', header: t('column.signed'), render: (one) => <Signed count={one.signatures} /> },
        {
          key: 'actions',
          header: t('column.actions'),
          render: (one) => <Actions name={name} one={one} onRemove={() => onRemove(one)} />,
        },
      ]}
    />
  );
}

function Version({ name, one }: { name: string; one: ImageVersion }) {
  const t = useTexts();
  const { version } = one;
  return (
    <Stack gap={0}>
      <Anchor component={Link} to={versionPath(name, version)} fw={600} size="sm" title={t('layers', { version })}>
        {version}
      </Anchor>
      <Digest value={one.digest} />
    </Stack>
  );
}

function Size({ one: { bytes = 0, unique_bytes } }: { one: ImageVersion }) {
  const t = useTexts();
  return (
    <>
      <Bytes value={bytes} />
      {unique_bytes !== undefined && (
        <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
          {t('own', { bytes: formatBytes(unique_bytes) })}
        </Text>
      )}
    </>
  );
}

function Layers({ one }: { one: ImageVersion }) {
  const t = useTexts();
  return (
    <>
      {one.layers !== undefined && formatNumber(one.layers)}
      {!!one.deltas && (
        <Text size="xs" c="dimmed">
          {t('deltas', { count: one.deltas })}
        </Text>
      )}
    </>
  );
}

function Signed({ count }: { count: number | undefined }) {
  const t = useTexts();
  if (count === undefined) return null;
  return (
    // A badge alone would be cut off rather than take its room.
    <Box miw="max-content">
      {count === 0 ? (
        <StatusBadge tone="warning" label={t('unsigned')} />
      ) : (
        <StatusBadge tone="good" icon="shield" label={t('signed')} />
      )}
    </Box>
  );
}

function Actions({ name, one, onRemove }: { name: string; one: ImageVersion; onRemove: () => void }) {
  const t = useTexts();
  const navigate = useNavigate();
  const { version } = one;
  return (
    <Group gap={6} wrap="nowrap">
      <Permitted scope="rollouts:write">
        {(disabled) => (
          <Button
            size="compact-sm"
            disabled={disabled || !one.stored}
            aria-label={t('deployOf', { version })}
            onClick={() => void navigate(newRolloutPath([{ name, version }]))}
          >
            {t('deploy')}
          </Button>
        )}
      </Permitted>
      <Permitted scope="releases:write">
        {(disabled) => (
          <Button
            size="compact-sm"
            variant="default"
            disabled={disabled}
            aria-label={t('removeOf', { version })}
            onClick={onRemove}
          >
            {t('remove')}
          </Button>
        )}
      </Permitted>
    </Group>
  );
}

function RemoveDialog({ name, one, onClose }: { name: string; one: ImageVersion; onClose: () => void }) {
  const t = useTexts();
  const { version } = one;
  const remove = useRemoveVersion(name, version);
  const api = `/api/v1/releases/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`;
  return (
    <ConfirmDialog
      opened
      title={t('removeTitle', { name, version })}
      action={t('remove')}
      danger
      word={version}
      curl={curlLine('DELETE', api)}
      onClose={onClose}
      onConfirm={async () => {
        await remove.mutateAsync();
        toastDone(t('removed', { name, version }));
      }}
    >
      <Text>{t('removeText')}</Text>
    </ConfirmDialog>
  );
}
