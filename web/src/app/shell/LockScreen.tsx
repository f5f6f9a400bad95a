import { Anchor, Button, Center, Paper, Stack, Text, Title } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useAdoptMe } from '@/entities/session';
import { PreferenceButtons } from '@/features/preferences/PreferenceButtons';
import { api, take } from '@/shared/api/client';
import { Password } from '@/shared/ui/Password';
import { useSubmit } from '@/shared/lib/useSubmit';
import { Icon } from '@/shared/ui/icons';
import { ProblemAlert } from '@/shared/ui/PageState';
import { useAppTexts } from '../i18n';
import { locked } from './locked';

/** The session stays, but nothing of it is shown or fetched until the password was given again. */
export function LockScreen({ name }: { name: string }) {
  const t = useAppTexts();
  const adopt = useAdoptMe();
  const [password, setPassword] = useState('');
  useEffect(() => {
    document.title = `${t('locked.title')} · Stratus`;
  }, [t]);
  const { busy, error, submit } = useSubmit(async () => {
    setPassword('');
    adopt(await take(api.POST('/api/v1/session', { body: { name, password } })));
    locked.set(false);
  });
  const leave = async () => {
    await api.DELETE('/api/v1/session').catch(() => undefined);
    locked.set(false);
    adopt(null);
  };
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper component="form" withBorder p="xl" w={420} maw="100%" onSubmit={submit}>
        <Stack>
          <Title order={1} size="h3" style={{ display: 'flex', alignItems: 'center', gap: 8 }}>
            <Icon name="lock" /> {t('locked.title')}
          </Title>
          <Text>{t('locked.text', { name })}</Text>
          <Password
            label={t('locked.password')}
            autoComplete="current-password"
            autoFocus
            required
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          {error !== null && <ProblemAlert error={error} />}
          <Button type="submit" loading={busy}>
            {t('locked.unlock')}
          </Button>
          <Anchor component="button" type="button" size="sm" onClick={() => void leave()}>
            {t('locked.other')}
          </Anchor>
          <PreferenceButtons />
        </Stack>
      </Paper>
    </Center>
  );
}
