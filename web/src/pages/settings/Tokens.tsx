import { Button, Code, Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useCan } from '@/entities/session';
import { api, take, type Answer } from '@/shared/api/client';
import { useUrlParam } from '@/shared/lib/urlState';
import { ConfirmDialog } from '@/shared/ui/ConfirmDialog';
import { shellLine } from '@/shared/ui/CopyAsCli';
import { DataTable } from '@/shared/ui/DataTable';
import { Icon } from '@/shared/ui/icons';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { StatusBadge } from '@/shared/ui/StatusBadge';
import { toastDone } from '@/shared/ui/toast';
import { TimeText } from '@/shared/ui/values';
import { translate, useTexts } from './i18n';
import { RowAction } from './RowAction';
import { TokenDialog } from './TokenDialog';

type Token = Answer<'listTokens'>['items'][number];

export function Tokens() {
  const t = useTexts();
  const client = useQueryClient();
  const isAdmin = useCan()('people:admin');
  const [whose, setWhose] = useUrlParam('whose', 'mine');
  const all = isAdmin && whose === 'all';
  const tokens = useQuery({
    queryKey: ['tokens', all],
    queryFn: () => take(api.GET('/api/v1/tokens', { params: { query: { limit: 1000, all: all ? '1' : '0' } } })),
  });
  const [making, setMaking] = useState(false);
  const [revoked, setRevoked] = useState<Token | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: ['tokens'] });
  const revoke = async ({ id, name }: Token) => {
    await take(api.DELETE('/api/v1/tokens/{id}', { params: { path: { id } } }));
    toastDone(translate('tokenRevoked', { name }));
    await refresh();
  };
  return (
    <Stack>
      <Group>
        <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setMaking(true)}>
          {t('addToken')}
        </Button>
        {isAdmin && (
          <SegmentedControl
            value={whose}
            onChange={setWhose}
            data={[
              { value: 'mine', label: t('mine') },
              { value: 'all', label: t('all') },
            ]}
          />
        )}
      </Group>
      <PageState
        query={tokens}
        isEmpty={({ items }) => items.length === 0}
        empty={<EmptyState icon="key" title={t('noTokens')} text={t('noTokensText')} />}
      >
        {({ items }) => (
          <DataTable
            label={t('tokens')}
            minWidth={760}
            rows={items}
            rowKey={({ id }) => id}
            columns={[
              { key: 'name', header: t('name'), free: true, render: ({ name }) => <b>{name}</b> },
              { key: 'scopes', header: t('tokenScopes'), render: ({ scopes }) => <Scopes scopes={scopes} /> },
              { key: 'created', header: t('created'), render: (one) => <TimeText value={one.created} style="short" /> },
              { key: 'used', header: t('lastUsed'), render: (one) => <TimeText value={one.last_used} ago /> },
              { key: 'ends', header: t('expires'), render: ({ expires }) => <Ends at={expires} /> },
              {
                key: 'actions',
                header: t('actions'),
                render: (one) => (
                  <RowAction
                    danger
                    action={t('revoke')}
                    label={t('revokeToken', { name: one.name })}
                    onClick={() => setRevoked(one)}
                  />
                ),
              },
            ]}
          />
        )}
      </PageState>
      <TokenDialog opened={making} onClose={() => setMaking(false)} onMade={refresh} />
      <ConfirmDialog
        opened={revoked !== null}
        title={t('revokeToken', { name: revoked?.name ?? '' })}
        action={t('revoke')}
        danger
        command={shellLine(['stratus', 'token', 'revoke', revoked?.id ?? ''])}
        onConfirm={() => revoke(revoked as Token)}
        onClose={() => setRevoked(null)}
      >
        <Text>{t('revokeText')}</Text>
      </ConfirmDialog>
    </Stack>
  );
}

/** What a token or its owner may do. */
export function Scopes({ scopes }: { scopes: readonly string[] }) {
  return (
    <Group gap={4}>
      {scopes.map((scope) => (
        <Code key={scope}>{scope}</Code>
      ))}
    </Group>
  );
}

function Ends({ at }: { at: string }) {
  const t = useTexts();
  const [now] = useState(() => Date.now());
  if (Date.parse(at) < now) return <StatusBadge tone="idle" label={t('expired')} />;
  return <TimeText value={at} style="short" />;
}
