import { Group, Select, Text } from '@mantine/core';
import type { Change, FileSums } from '@/entities/image/api/exploreLayers';
import { formatBytes, formatNumber } from '@/shared/lib/format';
import { useUrlParam } from '@/shared/lib/urlState';
import { FilterBar } from '@/shared/ui/FilterBar';
import { useTexts } from './i18n';

export const CHANGES: Change[] = ['added', 'changed', 'removed', 'same', 'opaque'];

/** Which files are shown, with how many there are of each kind. */
export function FileFilters({ sums, changes = CHANGES }: { sums: FileSums | undefined; changes?: Change[] }) {
  const t = useTexts();
  const [change, setChange] = useUrlParam('change');
  const there = changes.filter((one) => sums?.[one]?.paths);
  return (
    <>
      <FilterBar placeholder={t('under')}>
        <Select
          aria-label={t('changeFilter')}
          w={190}
          allowDeselect={false}
          data={[{ value: '', label: t('every') }, ...changes.map((value) => ({ value, label: t(`change.${value}`) }))]}
          value={change}
          onChange={(value) => setChange(value ?? '')}
        />
      </FilterBar>
      <Group gap="md" my="xs">
        {there.map((one) => (
          <Text key={one} size="sm" c="dimmed">
            {t('sum', {
              change: t(`change.${one}`),
              paths: formatNumber(sums?.[one]?.paths ?? 0),
              bytes: formatBytes(sums?.[one]?.bytes ?? 0),
            })}
          </Text>
        ))}
      </Group>
    </>
  );
}
