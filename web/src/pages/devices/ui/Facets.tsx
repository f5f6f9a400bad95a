import { Checkbox, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useDeviceCounts, type CountBy } from '@/entities/device/api/countDevices';
import type { DeviceSelection } from '@/entities/device/api/listDevices';
import { toggleValue, valuesOf, withValues } from '@/entities/device/model/filter';
import { useDeviceTexts, en as deviceWords } from '@/entities/device/i18n';
import { formatNumber } from '@/shared/lib/format';
import type { UrlWish } from '@/shared/lib/urlState';
import { useTexts } from '../i18n';

const FACETS = ['region', 'group', 'state', 'kind'] as const satisfies readonly CountBy[];
type FacetField = (typeof FACETS)[number];

interface Props {
  selection: DeviceSelection;
  onFilter: (wish: UrlWish) => void;
}

/** Counts by property; a tick becomes a term of the filter. */
export function Facets({ selection, onFilter }: Props) {
  const t = useTexts();
  return (
    <Stack gap="lg" component="section" aria-label={t('facets')}>
      {FACETS.map((field) => (
        <Facet key={field} field={field} selection={selection} onFilter={onFilter} />
      ))}
    </Stack>
  );
}

function Facet({ field, selection, onFilter }: Props & { field: FacetField }) {
  const t = useTexts();
  const words = useDeviceTexts();
  const chosen = valuesOf(selection.filter, field);
  // Its own term is left out: what else could be chosen must show how many it would bring.
  const counts = useDeviceCounts(field, { ...selection, filter: withValues(selection.filter, field, []) });
  const label = (value: string, name?: string) => {
    if (value === '') return field === 'state' ? words('state.none') : t('nothing');
    if (field === 'state' && value in deviceWords.state)
      return words(`state.${value as keyof typeof deviceWords.state}`);
    if (field === 'kind' && value in deviceWords.kind) return words(`kind.${value as keyof typeof deviceWords.kind}`);
    return name || value;
  };
  if (counts.error) return null; // the list says what is wrong
  return (
    <div>
      <Title order={2} size="h6" mb={6}>
        {t(`facet.${field}`)}
      </Title>
      {!counts.data && <Skeleton height={60} />}
      <Stack
        gap={6}
        mah={240}
        style={{ overflowY: 'auto' }}
        tabIndex={(counts.data?.counts.length ?? 0) > 8 ? 0 : undefined}
      >
        {counts.data?.counts.map(({ value, name, devices }) => (
          <Checkbox
            key={value}
            size="xs"
            checked={chosen.includes(value)}
            onChange={() => onFilter((before) => toggleValue(before, field, value))}
            styles={{ labelWrapper: { flex: 1, minWidth: 0 }, body: { alignItems: 'center' } }}
            label={
              <Group justify="space-between" wrap="nowrap" gap="xs">
                <Text size="sm" truncate title={value}>
                  {label(value, name)}
                </Text>
                <Text size="xs" c="dimmed">
                  {formatNumber(devices)}
                </Text>
              </Group>
            }
          />
        ))}
      </Stack>
    </div>
  );
}
