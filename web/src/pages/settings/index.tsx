import { Tabs } from '@mantine/core';
import type { ComponentType } from 'react';
import { useNavigate, useParams } from 'react-router';
import { useCan, type Scope } from '@/entities/session';
import { Icon, type IconName } from '@/shared/ui/icons';
import { Page } from '@/shared/ui/Page';
import { Forbidden } from '@/shared/ui/PageState';
import { Account } from './Account';
import { Certificates } from './Certificates';
import { useTexts } from './i18n';
import { Storage } from './Storage';
import { Tokens } from './Tokens';
import { Users } from './Users';

const SECTIONS: {
  name: 'account' | 'users' | 'tokens' | 'certificates' | 'storage';
  icon: IconName;
  scope?: Scope;
  Content: ComponentType;
}[] = [
  { name: 'account', icon: 'user', Content: Account },
  { name: 'users', icon: 'groups', scope: 'people:admin', Content: Users },
  { name: 'tokens', icon: 'key', Content: Tokens },
  { name: 'certificates', icon: 'shield', scope: 'devices:read', Content: Certificates },
  { name: 'storage', icon: 'folder', scope: 'system:admin', Content: Storage },
];

export default function SettingsPage() {
  const t = useTexts();
  const navigate = useNavigate();
  const can = useCan();
  const { section } = useParams();
  const shown = SECTIONS.find(({ name }) => name === section) ?? SECTIONS[0]!;
  return (
    <Page title={t('title')}>
      <Tabs value={shown.name} onChange={(value) => void navigate(`/settings/${value}`)} keepMounted={false}>
        <Tabs.List mb="md">
          {SECTIONS.map(({ name, icon }) => (
            <Tabs.Tab key={name} value={name} leftSection={<Icon name={icon} size={16} />}>
              {t(name)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {SECTIONS.map(({ name, scope, Content }) => (
          <Tabs.Panel key={name} value={name}>
            {scope && !can(scope) ? <Forbidden scope={scope} /> : <Content />}
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  );
}
