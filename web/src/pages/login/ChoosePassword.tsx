import { Button, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ME_KEY } from '@/entities/session';
import { api, take } from '@/shared/api/client';
import { Password } from '@/shared/ui/Password';
import { ProblemAlert } from '@/shared/ui/PageState';
import { toastDone } from '@/shared/ui/toast';
import { translate, useTexts } from './i18n';

/** Demanded after somebody else set the password. */
export function ChoosePassword({ name }: { name: string }) {
  const t = useTexts();
  const client = useQueryClient();
  const [old, setOld] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const change = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await take(api.PUT('/api/v1/me/password', { body: { old, new: password } }));
      toastDone(translate('chosen'));
      await client.invalidateQueries({ queryKey: ME_KEY });
    } catch (caught) {
      setError(caught);
    }
    setBusy(false);
  };
  return (
    <form onSubmit={(event) => void change(event)}>
      <Stack>
        <Text>{t('chooseText', { name })}</Text>
        <Password
          label={t('old')}
          autoComplete="current-password"
          required
          value={old}
          onChange={(event) => setOld(event.currentTarget.value)}
        />
        <Password
          label={t('new')}
          description={t('newHint')}
          autoComplete="new-password"
          required
          minLength={10}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Password
          label={t('repeat')}
          autoComplete="new-password"
          required
          error={again && again !== password ? t('different') : undefined}
          value={again}
          onChange={(event) => setAgain(event.currentTarget.value)}
        />
        {error !== null && <ProblemAlert error={error} />}
        <Button type="submit" loading={busy} disabled={!old || password.length < 10 || again !== password}>
          {t('choose')}
        </Button>
      </Stack>
    </form>
  );
}
