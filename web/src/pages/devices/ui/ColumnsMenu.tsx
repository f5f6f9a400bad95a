import { Button, Checkbox, Popover, Stack } from '@mantine/core';
import type { UrlWish } from '@/shared/lib/urlState';
import { Icon } from '@/shared/ui/icons';
import { useTexts } from '../i18n';
import { COLUMN_KEYS, columnKeys, toggleColumn } from './columns';

interface Props {
  /** As the address has it. */
  chosen: string;
  onChoose: (wish: UrlWish) => void;
}

/** Which columns the table shows. */
export function ColumnsMenu({ chosen, onChoose }: Props) {
  const t = useTexts();
  const keys = columnKeys(chosen);
  return (
    <Popover trapFocus position="bottom-end" withinPortal>
      <Popover.Target>
        <Button variant="default" leftSection={<Icon name="columns" size={16} />}>
          {t('columns')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown role="dialog" aria-label={t('columns')}>
        <Stack gap={8}>
          {COLUMN_KEYS.map((key) => (
            <Checkbox
              key={key}
              size="xs"
              label={t(`column.${key}`)}
              checked={keys.includes(key)}
              disabled={keys.length === 1 && keys[0] === key}
              onChange={() => onChoose((before) => toggleColumn(before, key))}
            />
          ))}
          <Button size="compact-sm" variant="subtle" disabled={!chosen} onClick={() => onChoose('')}>
            {t('usualColumns')}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
