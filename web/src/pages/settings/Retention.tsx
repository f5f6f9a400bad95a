import { Button, Group, NumberInput, Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type FormEvent } from 'react';
import { api, take, type Answer } from '@/shared/api/client';
import { useSubmit } from '@/shared/lib/useSubmit';
import { useLiveRefresh } from '@/shared/live';
import { ConfirmDialog } from '@/shared/ui/ConfirmDialog';
import { CopyAsCli, shellLine } from '@/shared/ui/CopyAsCli';
import { PageState, ProblemAlert } from '@/shared/ui/PageState';
import { toastDone } from '@/shared/ui/toast';
import { translate, useTexts } from './i18n';

type Kept = Answer<'getRetention'>;
type Kind = 'metrics' | 'events' | 'history';

const KINDS: Kind[] = ['metrics', 'events', 'history'];
const PATH = '/api/v1/settings/retention';
const KEY = ['retention'];
const MOST_DAYS = 3650;

export function Retention() {
  const t = useTexts();
  const kept = useQuery({
    queryKey: KEY,
    queryFn: async () => {
      const { data, response } = await api.GET(PATH);
      return { ...(data as Kept), etag: response.headers.get('ETag') ?? '*' };
    },
  });
  // Who is changing it keeps what was typed: saving then says that somebody else was faster.
  const [edited, setEdited] = useState(false);
  useLiveRefresh(edited ? [] : ['settings'], KEY);
  return (
    <Paper withBorder p="md" maw={720}>
      <Stack>
        <Title order={2} size="h4">
          {t('retention')}
        </Title>
        <Text>{t('retentionText')}</Text>
        <PageState query={kept} scope="devices:read">
          {(now) => <Form key={now.etag} now={now} onEdit={setEdited} />}
        </PageState>
      </Stack>
    </Paper>
  );
}

function Form({ now, onEdit }: { now: Kept & { etag: string }; onEdit: (edited: boolean) => void }) {
  const t = useTexts();
  const client = useQueryClient();
  const [days, setDays] = useState<Record<Kind, number | string>>({
    metrics: now.metrics_days,
    events: now.events_days,
    history: now.history_days,
  });
  const [asking, setAsking] = useState(false);
  const save = async () => {
    await take(
      api.PUT(PATH, {
        params: { header: { 'If-Match': now.etag } },
        body: {
          metrics_days: Number(days.metrics),
          events_days: Number(days.events),
          history_days: Number(days.history),
        },
      }),
    );
    toastDone(translate('retentionChanged'));
    await client.invalidateQueries({ queryKey: KEY });
  };
  const { busy, error, submit } = useSubmit(save);
  // What is older than a shorter time is gone for good.
  const shorter = KINDS.some((kind) => Number(days[kind]) < now[`${kind}_days`]);
  const onSubmit = (event: FormEvent) => {
    if (!shorter) return submit(event);
    event.preventDefault();
    setAsking(true);
  };
  const words = KINDS.flatMap((kind) => [`--${kind}`, String(days[kind])]);
  const command = shellLine(['stratus', 'settings', 'retention', ...words]);
  const same = KINDS.every((kind) => days[kind] === now[`${kind}_days`]);
  useEffect(() => onEdit(!same), [onEdit, same]);
  const complete = KINDS.every((kind) => typeof days[kind] === 'number');
  return (
    <form onSubmit={onSubmit}>
      <Stack>
        {KINDS.map((kind) => (
          <NumberInput
            key={kind}
            label={t(`kept.${kind}`)}
            description={t(`keptText.${kind}`)}
            suffix={` ${t('daysUnit')}`}
            min={1}
            max={MOST_DAYS}
            allowDecimal={false}
            clampBehavior="strict"
            maw={360}
            value={days[kind]}
            onChange={(value) => setDays((before) => ({ ...before, [kind]: value }))}
          />
        ))}
        {error !== null && <ProblemAlert error={error} />}
        <CopyAsCli command={command} />
        <Group>
          <Button type="submit" loading={busy} disabled={same || !complete}>
            {t('save')}
          </Button>
        </Group>
      </Stack>
      <ConfirmDialog
        opened={asking}
        title={t('retention')}
        action={t('shorten')}
        danger
        command={command}
        onConfirm={save}
        onClose={() => setAsking(false)}
      >
        <Text>{t('shortenText')}</Text>
      </ConfirmDialog>
    </form>
  );
}
