import { Button, Menu, type ButtonProps } from '@mantine/core';
import type { ReactNode } from 'react';
import { Permitted } from '@/entities/session/Permitted';
import { Icon } from '@/shared/ui/icons';
import { DANGEROUS, type BulkAction } from './actions';
import { useTexts } from './i18n';

interface Props {
  actions: readonly BulkAction[];
  size?: ButtonProps['size'];
  onChoose: (action: BulkAction) => void;
  /** Menu.Items that stand before the others. */
  children?: ReactNode;
}

/** What else can be done with devices: one of them or many. */
export function ActionMenu({ actions, size, onChoose, children }: Props) {
  const t = useTexts();
  return (
    <Permitted scope="devices:write">
      {(disabled) => (
        <Menu>
          <Menu.Target>
            <Button size={size} variant="default" disabled={disabled} rightSection={<Icon name="down" size={14} />}>
              {t('more')}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {children}
            {actions.map((action) => (
              <Menu.Item
                key={action}
                color={DANGEROUS.has(action) ? 'red' : undefined}
                onClick={() => onChoose(action)}
              >
                {t(`action.${action}`)}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
    </Permitted>
  );
}
