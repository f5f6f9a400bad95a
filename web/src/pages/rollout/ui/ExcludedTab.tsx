import { Anchor, Stack, Table } from '@mantine/core';
import { Link } from 'react-router';
import { useExclusions } from '@/entities/rollout/api/listRolloutParts';
import { ExclusionRows } from '@/entities/rollout/ui/ExclusionRows';
import { MoreButton } from '@/shared/ui/MoreButton';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { useTexts } from '../i18n';

export function ExcludedTab({ id }: { id: string }) {
  const t = useTexts();
  const list = useExclusions(id);
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <PageState
      query={list}
      scope="rollouts:read"
      isEmpty={() => rows.length === 0}
      empty={<EmptyState icon="check" title={t('excluded.empty')} text={t('excluded.emptyText')} />}
    >
      {() => (
        <Stack>
          <Table aria-label={t('tabs.excluded')}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('excluded.device')}</Table.Th>
                <Table.Th>{t('excluded.reason')}</Table.Th>
                <Table.Th>{t('excluded.detail')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <ExclusionRows
              rows={rows}
              name={(device) => (
                <Anchor component={Link} to={`/devices/${encodeURIComponent(device)}`} size="sm">
                  {device}
                </Anchor>
              )}
            />
          </Table>
          <MoreButton list={list} />
        </Stack>
      )}
    </PageState>
  );
}
