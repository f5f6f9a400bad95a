import { Button, Stack, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useAdoptMe } from '@/entities/session';
import { api, take } from '@/shared/api/client';
import { Problem } from '@/shared/api/problem';
import { useSubmit } from '@/shared/lib/useSubmit';
import { Password } from '@/shared/ui/Password';
import { ProblemAlert } from '@/shared/ui/PageState';
import { useTexts } from './i18n';

/** How many seconds the server wants one to wait: its words are "too many tries; wait 8 s". */
export function secondsToWait(error: unknown): number {
  if (!Problem.is(error, 'throttled')) return 0;
  return Number(/(\d+) s\b/.exec(error.detail)?.[1] ?? 5);
}

export function SignInForm() {
  const t = useTexts();
  const adopt = useAdoptMe();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [wait, setWait] = useState(0);
  useEffect(() => {
    if (wait === 0) return;
    const timer = setTimeout(() => setWait(wait - 1), 1000);
    return () => clearTimeout(timer);
  }, [wait]);

  const { busy, error, submit } = useSubmit(async () => {
    setPassword('');
    try {
      adopt(await take(api.POST('/api/v1/session', { body: { name: name.trim(), password } })));
    } catch (caught) {
      setWait(secondsToWait(caught));
      throw caught;
    }
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label={t('name')}
          autoComplete="username"
          autoCapitalize="none"
          autoFocus
          required
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Password
          label={t('password')}
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {error !== null && <ProblemAlert error={error} />}
        <Button type="submit" loading={busy} disabled={wait > 0}>
          {wait > 0 ? t('wait', { count: wait }) : t('signIn')}
        </Button>
      </Stack>
    </form>
  );
}
