import { ActionIcon, Anchor, Code, Group, Progress, Table, Text } from '@mantine/core';
import { Link } from 'react-router';
import { useDeviceCounts } from '@/entities/device/api/countDevices';
import type { Place } from '@/entities/device/api/listPlaces';
import { formatTerm } from '@/entities/device/model/filter';
import { Permitted } from '@/entities/session/Permitted';
import { formatNumber, formatPercent, percentOf } from '@/shared/lib/format';
import { Icon, type IconName } from '@/shared/ui/icons';
import { useTexts } from '../i18n';
import type { Kind } from './places';

interface Props {
  kind: 'region' | 'group';
  places: Place[];
  onEdit: (place: Place) => void;
  onRemove: (place: Place) => void;
}

const listOf = (kind: Kind, code: string) => `/devices?filter=${encodeURIComponent(formatTerm(kind, [code]))}`;

export function PlaceTable({ kind, places, onEdit, onRemove }: Props) {
  const t = useTexts();
  const all = useDeviceCounts(kind, { filter: '', saved: '' }).data;
  const complying = useDeviceCounts(kind, { filter: 'compliance=on_target', saved: '' }).data;
  const none = all?.counts.find(({ value }) => value === '');
  return (
    <Table.ScrollContainer minWidth={720}>
      <Table verticalSpacing="xs" aria-label={t(`tabs.${kind}`)}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('column.name')}</Table.Th>
            <Table.Th>{t('column.code')}</Table.Th>
            <Table.Th ta="right">{t('column.devices')}</Table.Th>
            <Table.Th ta="right">{t('column.inactive')}</Table.Th>
            <Table.Th w="28%">{t('column.compliance')}</Table.Th>
            <Table.Th ta="right">{t('column.actions')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {places.map((place) => {
            const name = place.name || place.code;
            const good = complying?.counts.find(({ value }) => value === place.code)?.devices ?? 0;
            return (
              <Table.Tr key={place.id}>
                <Table.Td>
                  <Anchor component={Link} to={listOf(kind, place.code)} size="sm" fw={600}>
                    {name}
                  </Anchor>
                </Table.Td>
                <Table.Td>
                  <Code>{place.code}</Code>
                </Table.Td>
                <Table.Td ta="right">{formatNumber(place.devices)}</Table.Td>
                <Table.Td ta="right">{formatNumber(place.inactive)}</Table.Td>
                <Table.Td>{complying && <Compliance part={good} whole={place.devices - place.inactive} />}</Table.Td>
                <Table.Td>
                  <Group gap={4} justify="flex-end" wrap="nowrap">
                    <ActionIcon
                      component={Link}
                      to={`/rollouts/new?${kind}=${encodeURIComponent(place.code)}`}
                      variant="default"
                      aria-label={t('rollout', { name })}
                      title={t('rollout', { name })}
                    >
                      <Icon name="rollouts" size={14} />
                    </ActionIcon>
                    <RowButton icon="edit" label={t('edit', { name })} onClick={() => onEdit(place)} />
                    <RowButton icon="trash" label={t('remove', { name })} onClick={() => onRemove(place)} />
                  </Group>
                </Table.Td>
              </Table.Tr>
            );
          })}
          {none && none.devices > 0 && (
            <Table.Tr>
              <Table.Td>
                <Anchor component={Link} to={listOf(kind, '')} size="sm">
                  {t('nothing')}
                </Anchor>
              </Table.Td>
              <Table.Td>–</Table.Td>
              <Table.Td ta="right">{formatNumber(none.devices)}</Table.Td>
              <Table.Td ta="right">{formatNumber(none.inactive)}</Table.Td>
              <Table.Td>
                <Compliance
                  part={complying?.counts.find(({ value }) => value === '')?.devices ?? 0}
                  whole={none.devices - none.inactive}
                />
              </Table.Td>
              <Table.Td />
            </Table.Tr>
          )}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Compliance({ part, whole }: { part: number; whole: number }) {
  const t = useTexts();
  if (whole <= 0)
    return (
      <Text size="sm" c="dimmed">
        –
      </Text>
    );
  const label = t('complies', { part: formatNumber(part), whole: formatNumber(whole) });
  return (
    <Group gap="xs" wrap="nowrap">
      <Progress value={(part / whole) * 100} color="green.6" style={{ flex: 1 }} aria-label={label} />
      <Text size="xs" w={90} ta="right">
        {formatPercent(percentOf(part, whole))} · {formatNumber(part)}
      </Text>
    </Group>
  );
}

export function RowButton({ icon, label, onClick }: { icon: IconName; label: string; onClick: () => void }) {
  return (
    <Permitted scope="devices:write">
      {(disabled) => (
        <ActionIcon variant="default" disabled={disabled} aria-label={label} title={label} onClick={onClick}>
          <Icon name={icon} size={14} />
        </ActionIcon>
      )}
    </Permitted>
  );
}
