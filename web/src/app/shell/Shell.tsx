import {
  ActionIcon,
  AppShell,
  Burger,
  Group,
  Kbd,
  NavLink,
  ScrollArea,
  Text,
  UnstyledButton,
  VisuallyHidden,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { spotlight } from '@mantine/spotlight';
import { Suspense } from 'react';
import { Link, Outlet, useLocation } from 'react-router';
import type { Me } from '@/entities/session';
import { PreferenceButtons } from '@/features/preferences/PreferenceButtons';
import { Icon } from '@/shared/ui/icons';
import { LoadingRows } from '@/shared/ui/PageState';
import { useAppTexts } from '../i18n';
import { KeysHelp } from './KeysHelp';
import { LiveChip } from './LiveChip';
import { Palette } from './Palette';
import { SECTIONS } from './sections';
import { UserMenu } from './UserMenu';

export function Shell({ me }: { me: Me }) {
  const t = useAppTexts();
  const { pathname } = useLocation();
  const [opened, { toggle, close }] = useDisclosure();
  const isHere = (path: string) =>
    path === '/' ? pathname === '/' : pathname === path || pathname.startsWith(`${path}/`);
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding="md"
    >
      <a className="skip" href="#content">
        {t('skip')}
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t('openMenu')} />
            <Icon name="images" size={24} style={{ color: 'var(--mantine-primary-color-filled)' }} />
            <Text fw={700} size="lg" visibleFrom="xs">
              Stratus
            </Text>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <UnstyledButton onClick={spotlight.open} title={t('palette')} visibleFrom="xs">
              <Group gap={6} wrap="nowrap">
                <Icon name="search" size={16} />
                <VisuallyHidden>{t('palette')}</VisuallyHidden>
                <Kbd size="xs">Ctrl K</Kbd>
              </Group>
            </UnstyledButton>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              hiddenFrom="xs"
              aria-label={t('palette')}
              onClick={spotlight.open}
            >
              <Icon name="search" />
            </ActionIcon>
            <LiveChip />
            <PreferenceButtons />
            <UserMenu me={me} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={t('navigation')}>
        <ScrollArea>
          {SECTIONS.map(({ name, path, icon, scope }) => {
            const closed = scope !== undefined && !me.scopes.includes(scope);
            return (
              <NavLink
                key={name}
                component={Link}
                to={path}
                label={t(name)}
                leftSection={<Icon name={icon} />}
                rightSection={closed ? <Icon name="lock" size={13} /> : undefined}
                active={isHere(path)}
                aria-current={isHere(path) ? 'page' : undefined}
                onClick={close}
              />
            );
          })}
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="content">
        <Suspense fallback={<LoadingRows />}>
          <Outlet />
        </Suspense>
      </AppShell.Main>
      <Palette />
      <KeysHelp />
    </AppShell>
  );
}
