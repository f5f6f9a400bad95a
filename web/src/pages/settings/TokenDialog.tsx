import { Alert, Button, Checkbox, Code, Group, Select, SimpleGrid, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useMe, type Scope } from '@/entities/session';
import { api, take, type Answer } from '@/shared/api/client';
import { useSubmit } from '@/shared/lib/useSubmit';
import { CopyAsCli, curlLine, shellLine } from '@/shared/ui/CopyAsCli';
import { CopyButton } from '@/shared/ui/CopyButton';
import { Dialog } from '@/shared/ui/Dialog';
import { ProblemAlert } from '@/shared/ui/PageState';
import { useUiTexts } from '@/shared/ui/i18n';
import { useTexts } from './i18n';

const DAY_S = 86_400;

interface Props {
  onClose: () => void;
  onMade: () => Promise<unknown>;
}

export function TokenDialog({ opened, ...rest }: Props & { opened: boolean }) {
  const t = useTexts();
  return (
    <Dialog opened={opened} onClose={rest.onClose} title={t('addToken')} size="lg">
      <Content {...rest} />
    </Dialog>
  );
}

function Content({ onClose, onMade }: Props) {
  const t = useTexts();
  const ui = useUiTexts();
  const me = useMe().data;
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<string[]>([]);
  const [days, setDays] = useState('90');
  const [made, setMade] = useState<Answer<'createToken'> | null>(null);
  const body = { name: name.trim(), scopes: scopes as Scope[], expires_in_s: Number(days) * DAY_S };
  const words = ['create', body.name || 'NAME', ...scopes.flatMap((scope) => ['--scope', scope]), '--days', days];
  const { busy, error, submit } = useSubmit(async () => {
    setMade(await take(api.POST('/api/v1/tokens', { body })));
    await onMade();
  });
  if (made) {
    return (
      <Stack>
        <Alert color="green" title={t('tokenMade', { name: made.name })} role="status">
          {t('tokenOnce')}
        </Alert>
        <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
          {made.token}
        </Code>
        <Group justify="space-between">
          <CopyButton value={made.token} />
          <Button onClick={onClose}>{ui('close')}</Button>
        </Group>
      </Stack>
    );
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label={t('tokenName')}
          required
          maxLength={64}
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Checkbox.Group label={t('tokenScopes')} value={scopes} onChange={setScopes}>
          <SimpleGrid cols={2} spacing={6} mt={4}>
            {me?.scopes.map((scope) => (
              <Checkbox key={scope} value={scope} label={scope} />
            ))}
          </SimpleGrid>
        </Checkbox.Group>
        <Select
          label={t('expiresIn')}
          allowDeselect={false}
          value={days}
          onChange={(value) => setDays(value ?? '90')}
          data={[1, 7, 30, 90, 365].map((count) => ({ value: String(count), label: t('days', { count }) }))}
        />
        <CopyAsCli
          command={shellLine(['stratus', 'token', ...words])}
          curl={curlLine('POST', '/api/v1/tokens', body)}
        />
        {error !== null && <ProblemAlert error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {ui('cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={!name.trim() || scopes.length === 0}>
            {t('addToken')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
