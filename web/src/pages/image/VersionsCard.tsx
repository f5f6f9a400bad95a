import { Anchor, Button, Card, Group, ScrollArea, Stack, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';
import type { ImageDetail, ImageVersion } from '@/entities/image/api/listImages';
import { useRemoveVersion } from '@/entities/image/api/registerVersion';
import { Permitted } from '@/entities/session/Permitted';
import { formatNumber } from '@/shared/lib/format';
import { newRolloutPath } from '@/shared/lib/rolloutLink';
import { ConfirmDialog } from '@/shared/ui/ConfirmDialog';
import { curlLine } from '@/shared/ui/CopyAsCli';
import { StatusBadge } from '@/shared/ui/StatusBadge';
import { toastDone } from '@/shared/ui/toast';
import { Bytes, Digest, TimeText } from '@/shared/ui/values';
import { useTexts } from './i18n';

const COLUMNS = [
  'version',
  'registered',
  'size',
  'own',
  'layers',
  'platform',
  'devices',
  'rollouts',
  'signed',
  'actions',
] as const;

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
        <ScrollArea type="auto">
          <Table verticalSpacing="xs">
            <Table.Thead>
              <Table.Tr>
                {COLUMNS.map((column) => (
                  <Table.Th key={column}>{t(`column.${column}`)}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {image.versions.map((one) => (
                <Row key={one.version} name={image.name} one={one} onRemove={() => setRemoving(one)} />
              ))}
            </Table.Tbody>
          </Table>
        </ScrollArea>
      )}
      {removing && <RemoveDialog name={image.name} one={removing} onClose={() => setRemoving(null)} />}
    </Card>
  );
}

function Row({ name, one, onRemove }: { name: string; one: ImageVersion; onRemove: () => void }) {
  const t = useTexts();
  const navigate = useNavigate();
  const { version } = one;
  const running = `/devices?filter=${encodeURIComponent(`image="${name}" version="${version}"`)}`;
  return (
    <Table.Tr>
      <Table.Td>
        <Stack gap={0}>
          <Anchor component={Link} to={versionPath(name, version)} fw={600} size="sm" title={t('layers', { version })}>
            {version}
          </Anchor>
          <Digest value={one.digest} />
        </Stack>
      </Table.Td>
      <Table.Td>
        <TimeText value={one.created_at} style="short" />
      </Table.Td>
      <Table.Td>
        {one.stored ? <Bytes value={one.bytes ?? 0} /> : <StatusBadge tone="bad" label={t('gone')} />}
      </Table.Td>
      <Table.Td>{one.unique_bytes !== undefined && <Bytes value={one.unique_bytes} />}</Table.Td>
      <Table.Td>
        {one.layers !== undefined && formatNumber(one.layers)}
        {!!one.deltas && (
          <Text size="xs" c="dimmed">
            {t('deltas', { count: one.deltas })}
          </Text>
        )}
      </Table.Td>
      <Table.Td>{[one.os, one.architecture].filter(Boolean).join('/')}</Table.Td>
      <Table.Td>
        <Anchor component={Link} to={running} size="sm">
          {formatNumber(one.devices)}
        </Anchor>
      </Table.Td>
      <Table.Td>{formatNumber(one.rollouts)}</Table.Td>
      <Table.Td>
        {one.signatures !== undefined &&
          (one.signatures > 0 ? (
            <StatusBadge tone="good" icon="shield" label={t('signed')} />
          ) : (
            <StatusBadge tone="warning" label={t('unsigned')} />
          ))}
      </Table.Td>
      <Table.Td>
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
      </Table.Td>
    </Table.Tr>
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
