import { Button, Menu } from '@mantine/core';
import { Link } from 'react-router';
import { useAdoptMe, type Me } from '@/entities/session';
import { api } from '@/shared/api/client';
import { Icon } from '@/shared/ui/icons';
import { toastDone } from '@/shared/ui/toast';
import { appText, useAppTexts } from '../i18n';
import { locked } from './locked';

export function UserMenu({ me }: { me: Me }) {
  const t = useAppTexts();
  const adopt = useAdoptMe();
  const signOut = async () => {
    // Also when the server cannot be reached: nothing more is shown here.
    await api.DELETE('/api/v1/session').catch(() => undefined);
    adopt(null);
    toastDone(appText('signedOut'));
  };
  return (
    <Menu>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          leftSection={<Icon name="user" size={16} />}
          aria-label={t('userMenu', { name: me.name })}
        >
          {me.name}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{me.roles.join(', ')}</Menu.Label>
        <Menu.Item component={Link} to="/settings/account" leftSection={<Icon name="settings" size={14} />}>
          {t('settings')}
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="lock" size={14} />} onClick={() => locked.set(true)}>
          {t('lock')}
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="exit" size={14} />} onClick={() => void signOut()}>
          {t('signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
