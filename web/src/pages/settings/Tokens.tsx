import { Button, Code, Group, SegmentedControl, Stack, Table, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useCan } from '@/entities/session';
import { api, take, type Answer } from '@/shared/api/client';
import { useUrlParam } from '@/shared/lib/urlState';
import { ConfirmDialog } from '@/shared/ui/ConfirmDialog';
import { curlLine } from '@/shared/ui/CopyAsCli';
import { Icon } from '@/shared/ui/icons';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { StatusBadge } from '@/shared/ui/StatusBadge';
import { toastDone } from '@/shared/ui/toast';
import { TimeText } from '@/shared/ui/values';
import { translate, useTexts } from './i18n';
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
          <Table.ScrollContainer minWidth={760}>
            <Table verticalSpacing="xs" highlightOnHover>
              <Table.Thead>
                <Table.Tr>
                  {(['name', 'tokenScopes', 'created', 'lastUsed', 'expires', 'actions'] as const).map((key) => (
                    <Table.Th key={key}>{t(key)}</Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {items.map((token) => (
                  <Table.Tr key={token.id}>
                    <Table.Td fw={600} style={{ overflowWrap: 'anywhere' }}>
                      {token.name}
                    </Table.Td>
                    <Table.Td>
                      <Group gap={4}>
                        {token.scopes.map((scope) => (
                          <Code key={scope}>{scope}</Code>
                        ))}
                      </Group>
                    </Table.Td>
                    <Table.Td>
                      <TimeText value={token.created} style="short" />
                    </Table.Td>
                    <Table.Td>
                      <TimeText value={token.last_used} ago />
                    </Table.Td>
                    <Table.Td>
                      {Date.parse(token.expires) < Date.now() ? (
                        <StatusBadge tone="idle" label={t('expired')} />
                      ) : (
                        <TimeText value={token.expires} style="short" />
                      )}
                    </Table.Td>
                    <Table.Td>
                      <Button
                        size="compact-xs"
                        variant="default"
                        c="red"
                        aria-label={t('revokeToken', { name: token.name })}
                        onClick={() => setRevoked(token)}
                      >
                        {t('revoke')}
                      </Button>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </PageState>
      <TokenDialog opened={making} onClose={() => setMaking(false)} onMade={refresh} />
      <ConfirmDialog
        opened={revoked !== null}
        title={t('revokeToken', { name: revoked?.name ?? '' })}
        action={t('revoke')}
        danger
        curl={curlLine('DELETE', `/api/v1/tokens/${revoked?.id ?? ''}`)}
        onConfirm={() => revoke(revoked as Token)}
        onClose={() => setRevoked(null)}
      >
        <Text>{t('revokeText')}</Text>
      </ConfirmDialog>
    </Stack>
  );
}
