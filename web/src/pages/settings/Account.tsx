import { Button, Code, Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useMe } from '@/entities/session';
import { PreferenceButtons } from '@/features/preferences/PreferenceButtons';
import { api, take } from '@/shared/api/client';
import { Password } from '@/shared/ui/Password';
import { ProblemAlert } from '@/shared/ui/PageState';
import { toastDone } from '@/shared/ui/toast';
import { translate, useTexts } from './i18n';

export function Account() {
  const t = useTexts();
  const me = useMe().data;
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Paper withBorder p="md">
        <Stack gap="xs">
          <Title order={2} size="h4">
            {me?.name}
          </Title>
          <Text size="sm">
            {t('roles')}: {me?.roles.join(', ') || '–'}
          </Text>
          <Text size="sm">{t('permissions')}:</Text>
          <Group gap={6}>
            {me?.scopes.map((scope) => (
              <Code key={scope}>{scope}</Code>
            ))}
          </Group>
          <Title order={3} size="h5" mt="md">
            {t('language')}
          </Title>
          <Text size="sm" c="dimmed">
            {t('languageText')}
          </Text>
          <PreferenceButtons />
        </Stack>
      </Paper>
      <Paper withBorder p="md">
        <PasswordForm />
      </Paper>
    </SimpleGrid>
  );
}

function PasswordForm() {
  const t = useTexts();
  const [old, setOld] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const change = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await take(api.PUT('/api/v1/me/password', { body: { old, new: password } }));
      toastDone(translate('passwordChanged'));
      setOld('');
      setPassword('');
    } catch (caught) {
      setError(caught);
    }
    setBusy(false);
  };
  return (
    <form onSubmit={(event) => void change(event)}>
      <Stack>
        <Title order={2} size="h4">
          {t('changePassword')}
        </Title>
        <Password
          label={t('oldPassword')}
          required
          autoComplete="current-password"
          value={old}
          onChange={(event) => setOld(event.currentTarget.value)}
        />
        <Password
          label={t('newPassword')}
          required
          minLength={10}
          autoComplete="new-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {error !== null && <ProblemAlert error={error} />}
        <Group>
          <Button type="submit" loading={busy} disabled={!old || password.length < 10}>
            {t('changePassword')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
