import { Button, Group, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, take, type Answer } from '@/shared/api/client';
import { useLiveRefresh } from '@/shared/live';
import { ConfirmDialog } from '@/shared/ui/ConfirmDialog';
import { shellLine } from '@/shared/ui/CopyAsCli';
import { DataTable } from '@/shared/ui/DataTable';
import { Icon } from '@/shared/ui/icons';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { StatusBadge } from '@/shared/ui/StatusBadge';
import { toastDone } from '@/shared/ui/toast';
import { TimeText } from '@/shared/ui/values';
import { translate, useTexts } from './i18n';
import { RowAction } from './RowAction';
import { UserDialog } from './UserDialog';

export type User = Answer<'getUser'>;
const KEY = ['users'];

export function Users() {
  const t = useTexts();
  const client = useQueryClient();
  const users = useQuery({
    queryKey: KEY,
    queryFn: () => take(api.GET('/api/v1/users', { params: { query: { limit: 1000 } } })),
  });
  useLiveRefresh(['people'], KEY);
  const [edited, setEdited] = useState<User | 'new' | null>(null);
  const [removed, setRemoved] = useState<User | null>(null);
  const remove = async (user: User) => {
    await take(api.DELETE('/api/v1/users/{id}', { params: { path: { id: user.id } } }));
    toastDone(translate('userRemoved', { name: user.name }));
    await client.invalidateQueries({ queryKey: KEY });
  };
  return (
    <Stack>
      <Group>
        <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setEdited('new')}>
          {t('addUser')}
        </Button>
        <Text size="sm" c="dimmed">
          {t('localOnly')}
        </Text>
      </Group>
      <PageState
        query={users}
        scope="people:admin"
        isEmpty={({ items }) => items.length === 0}
        empty={<EmptyState icon="user" title={t('noUsers')} />}
      >
        {({ items }) => (
          <DataTable
            label={t('users')}
            minWidth={720}
            rows={items}
            rowKey={({ id }) => id}
            columns={[
              { key: 'name', header: t('name'), free: true, render: ({ name }) => <b>{name}</b> },
              { key: 'display', header: t('display'), free: true, render: ({ display }) => display },
              {
                key: 'roles',
                header: t('roles'),
                render: ({ roles }) => roles.map((role) => t(`roleName.${role}`)).join(', '),
              },
              { key: 'state', header: t('state'), render: (user) => <UserState user={user} /> },
              {
                key: 'login',
                header: t('lastLogin'),
                render: ({ last_login }) => <TimeText value={last_login} style="short" />,
              },
              {
                key: 'actions',
                header: t('actions'),
                render: (user) => (
                  <Group gap="xs" wrap="nowrap">
                    <RowAction
                      action={t('change')}
                      label={t('editUser', { name: user.name })}
                      onClick={() => setEdited(user)}
                    />
                    <RowAction
                      danger
                      action={t('remove')}
                      label={t('removeUser', { name: user.name })}
                      onClick={() => setRemoved(user)}
                    />
                  </Group>
                ),
              },
            ]}
          />
        )}
      </PageState>
      <UserDialog
        user={edited}
        onClose={() => setEdited(null)}
        onSaved={() => client.invalidateQueries({ queryKey: KEY })}
      />
      <ConfirmDialog
        opened={removed !== null}
        title={t('removeUser', { name: removed?.name ?? '' })}
        action={t('remove')}
        danger
        word={removed?.name}
        command={shellLine(['stratus', 'user', 'delete', removed?.name ?? ''])}
        onConfirm={() => remove(removed as User)}
        onClose={() => setRemoved(null)}
      >
        <Text>{t('removeUserText', { name: removed?.name ?? '' })}</Text>
      </ConfirmDialog>
    </Stack>
  );
}

function UserState({ user }: { user: User }) {
  const t = useTexts();
  if (user.disabled) return <StatusBadge tone="idle" icon="lock" label={t('disabled')} />;
  if (user.must_change_password) return <StatusBadge tone="warning" label={t('mustChange')} />;
  return <StatusBadge tone="good" label={t('active')} />;
}
