import { Alert, Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, take, type Answer } from '@/shared/api/client';
import { formatBytes, formatNumber } from '@/shared/lib/format';
import { ConfirmDialog } from '@/shared/ui/ConfirmDialog';
import { shellLine } from '@/shared/ui/CopyAsCli';
import { ProblemAlert } from '@/shared/ui/PageState';
import { toastDone } from '@/shared/ui/toast';
import { translate, useTexts } from './i18n';
import { Retention } from './Retention';

type Garbage = Answer<'collectGarbage'>;

const collect = (dryRun: boolean) =>
  take(api.POST('/api/v1/gc', { params: { query: { dry_run: dryRun ? '1' : '0' } } }));
const figures = ({ manifests, blobs, uploads, bytes }: Garbage) => ({
  manifests: formatNumber(manifests),
  blobs: formatNumber(blobs),
  uploads: formatNumber(uploads),
  bytes: formatBytes(bytes),
});

export function Storage() {
  return (
    <Stack>
      <Retention />
      <Unused />
    </Stack>
  );
}

function Unused() {
  const t = useTexts();
  const count = useMutation({ mutationFn: () => collect(true) });
  const [asking, setAsking] = useState(false);
  const remove = async () => {
    toastDone(translate('removed', figures(await collect(false))));
    count.reset();
  };
  return (
    <Paper withBorder p="md" maw={720}>
      <Stack>
        <Title order={2} size="h4">
          {t('garbage')}
        </Title>
        <Text>{t('garbageText')}</Text>
        <Text size="sm" c="dimmed">
          {t('staysText')}
        </Text>
        <Group>
          <Button variant="default" loading={count.isPending} onClick={() => count.mutate()}>
            {t('count')}
          </Button>
          <Button color="red" disabled={!count.data} onClick={() => setAsking(true)}>
            {t('collect')}
          </Button>
        </Group>
        {count.error && <ProblemAlert error={count.error} />}
        {count.data && (
          <Alert color="blue" role="status">
            {t('wouldRemove', figures(count.data))}
          </Alert>
        )}
      </Stack>
      <ConfirmDialog
        opened={asking}
        title={t('garbage')}
        action={t('collect')}
        danger
        command={shellLine(['stratus', 'gc'])}
        onConfirm={remove}
        onClose={() => setAsking(false)}
      >
        {count.data && <Text>{t('wouldRemove', figures(count.data))}</Text>}
      </ConfirmDialog>
    </Paper>
  );
}
