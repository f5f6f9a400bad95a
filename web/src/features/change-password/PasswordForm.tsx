import { Button, Group, Stack } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { ME_KEY } from '@/entities/session';
import { api, take } from '@/shared/api/client';
import { ProblemAlert } from '@/shared/ui/PageState';
import { Password } from '@/shared/ui/Password';
import { toastDone } from '@/shared/ui/toast';
import { translate, useTexts } from './i18n';

const LEAST = 10; // characters, as the server has it
const EMPTY = { old: '', new: '', again: '' };

/** One's own password: of one's own will, or because somebody else set the present one. */
export function PasswordForm() {
  const t = useTexts();
  const client = useQueryClient();
  const [typed, setTyped] = useState(EMPTY);
  const change = useMutation({
    mutationFn: () => take(api.PUT('/api/v1/me/password', { body: { old: typed.old, new: typed.new } })),
    onSuccess: async () => {
      toastDone(translate('chosen'));
      setTyped(EMPTY);
      await client.invalidateQueries({ queryKey: ME_KEY });
    },
  });
  const field = (name: keyof typeof typed) => ({
    required: true,
    autoComplete: name === 'old' ? 'current-password' : 'new-password',
    value: typed[name],
    onChange: (event: { currentTarget: { value: string } }) =>
      setTyped({ ...typed, [name]: event.currentTarget.value }),
  });
  const different = typed.again !== typed.new;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Password label={t('old')} {...field('old')} />
        <Password label={t('new')} description={t('newHint')} minLength={LEAST} {...field('new')} />
        <Password
          label={t('repeat')}
          error={typed.again && different ? t('different') : undefined}
          {...field('again')}
        />
        {change.error && <ProblemAlert error={change.error} />}
        <Group>
          <Button
            type="submit"
            loading={change.isPending}
            disabled={!typed.old || typed.new.length < LEAST || different}
          >
            {t('choose')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
