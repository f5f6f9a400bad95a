import { Button, Checkbox, Group, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { api, take } from '@/shared/api/client';
import { Password } from '@/shared/ui/Password';
import { useSubmit } from '@/shared/lib/useSubmit';
import { CopyAsCli, curlLine } from '@/shared/ui/CopyAsCli';
import { Dialog } from '@/shared/ui/Dialog';
import { ProblemAlert } from '@/shared/ui/PageState';
import { useUiTexts } from '@/shared/ui/i18n';
import { toastDone } from '@/shared/ui/toast';
import { translate, useTexts } from './i18n';
import { changeUserCommand, createUserCommand } from './userCommand';
import type { User } from './Users';

const ROLES = ['viewer', 'operator', 'releaser', 'auditor', 'admin'] as const;

interface Props {
  user: User | 'new' | null;
  onClose: () => void;
  onSaved: () => Promise<unknown>;
}

export function UserDialog({ user, onClose, onSaved }: Props) {
  const t = useTexts();
  const title = user === 'new' ? t('addUser') : t('editUser', { name: user?.name ?? '' });
  return (
    <Dialog opened={user !== null} onClose={onClose} title={title}>
      {user && <Form user={user} onClose={onClose} onSaved={onSaved} />}
    </Dialog>
  );
}

function Form({ user, onClose, onSaved }: Props & { user: User | 'new' }) {
  const t = useTexts();
  const ui = useUiTexts();
  const old = user === 'new' ? null : user;
  const [name, setName] = useState(old?.name ?? '');
  const [display, setDisplay] = useState(old?.display ?? '');
  const [roles, setRoles] = useState<string[]>(old?.roles ?? ['viewer']);
  const [disabled, setDisabled] = useState(old?.disabled ?? false);
  const [password, setPassword] = useState('');
  const change = { display, roles: roles as User['roles'], disabled, ...(password && { password }) };
  const curl = old
    ? curlLine('PATCH', `/api/v1/users/${old.id}`, change)
    : curlLine('POST', '/api/v1/users', { name, ...change, password: '…' });
  const wish = { name, ...change, password };
  const command = old ? changeUserCommand(old, wish) : createUserCommand(wish);
  const { busy, error, submit } = useSubmit(async () => {
    if (old) await take(api.PATCH('/api/v1/users/{id}', { params: { path: { id: old.id } }, body: change }));
    else await take(api.POST('/api/v1/users', { body: { name: name.trim(), ...change, password } }));
    toastDone(translate(old ? 'userChanged' : 'userAdded', { name: name.trim() }));
    await onSaved();
    onClose();
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        {!old && (
          <TextInput
            label={t('name')}
            required
            autoCapitalize="none"
            autoComplete="off"
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        )}
        <TextInput label={t('display')} value={display} onChange={(event) => setDisplay(event.currentTarget.value)} />
        <Checkbox.Group label={t('roles')} value={roles} onChange={setRoles}>
          <Stack gap={6} mt={4}>
            {ROLES.map((role) => (
              <Checkbox key={role} value={role} label={t(`role.${role}`)} />
            ))}
          </Stack>
        </Checkbox.Group>
        <Password
          label={old ? t('resetPassword') : t('firstPassword')}
          description={t('firstPasswordHint')}
          required={!old}
          autoComplete="new-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {old && (
          <Checkbox
            label={t('isDisabled')}
            checked={disabled}
            onChange={(event) => setDisabled(event.currentTarget.checked)}
          />
        )}
        <CopyAsCli command={command} curl={curl.replace(password || '\0', '…')} />
        {error !== null && <ProblemAlert error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {ui('cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={!name || (!old && password.length < 10)}>
            {old ? t('save') : t('addUser')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
