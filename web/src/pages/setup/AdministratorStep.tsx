import { Button, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useAdoptMe } from '@/entities/session';
import { api, take } from '@/shared/api/client';
import { useSubmit } from '@/shared/lib/useSubmit';
import { Password } from '@/shared/ui/Password';
import { ProblemAlert } from '@/shared/ui/PageState';
import { toastDone } from '@/shared/ui/toast';
import { translate, useTexts } from './i18n';

export function AdministratorStep({ onDone }: { onDone: () => void }) {
  const t = useTexts();
  const adopt = useAdoptMe();
  const [values, setValues] = useState({ code: '', name: 'admin', display: '', password: '', again: '' });
  const field = (name: keyof typeof values) => ({
    value: values[name],
    onChange: (event: { currentTarget: { value: string } }) =>
      setValues({ ...values, [name]: event.currentTarget.value }),
  });
  const { busy, error, submit } = useSubmit(async () => {
    const { code, name, display, password } = values;
    const body = {
      code: code.trim().toUpperCase(),
      name: name.trim(),
      password,
      ...(display.trim() && { display: display.trim() }),
    };
    adopt(await take(api.POST('/api/v1/setup', { body })));
    toastDone(translate('created', { name: body.name }));
    onDone();
  });
  const different = values.again !== '' && values.again !== values.password;
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label={t('code')}
          description={t('codeHint')}
          required
          autoFocus
          autoComplete="off"
          {...field('code')}
        />
        <TextInput
          label={t('name')}
          description={t('nameHint')}
          required
          autoComplete="username"
          autoCapitalize="none"
          {...field('name')}
        />
        <TextInput label={t('display')} autoComplete="name" {...field('display')} />
        <Password
          label={t('password')}
          description={t('passwordHint')}
          required
          minLength={10}
          autoComplete="new-password"
          {...field('password')}
        />
        <Password
          label={t('repeat')}
          required
          autoComplete="new-password"
          error={different ? t('different') : undefined}
          {...field('again')}
        />
        {error !== null && <ProblemAlert error={error} />}
        <Button
          type="submit"
          loading={busy}
          disabled={!values.code || values.password.length < 10 || values.again !== values.password}
        >
          {t('create')}
        </Button>
      </Stack>
    </form>
  );
}
