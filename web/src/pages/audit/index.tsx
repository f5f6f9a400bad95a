import { Button, Group, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { AUDIT_TOPICS, useAuditWords } from '@/entities/audit';
import { endless } from '@/shared/lib/pages';
import { useLiveRefresh } from '@/shared/live';
import { Icon } from '@/shared/ui/icons';
import { Page } from '@/shared/ui/Page';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { TimeText } from '@/shared/ui/values';
import { VirtualTable, type Column } from '@/shared/ui/VirtualTable';
import { EntryDrawer } from './EntryDrawer';
import { useTexts } from './i18n';
import { PERIODS, useAudit, type AuditEntry } from './useAudit';
import { VerifyChain } from './VerifyChain';

export default function AuditPage() {
  const t = useTexts();
  const words = useAuditWords();
  const [params, setParams] = useSearchParams();
  const [opened, setOpened] = useState<AuditEntry | null>(null);
  const set = (name: string, value: string) =>
    setParams(
      (before) => {
        const after = new URLSearchParams(before);
        if (value) after.set(name, value);
        else after.delete(name);
        return after;
      },
      { replace: true },
    );
  const filter = {
    actor: params.get('actor') ?? '',
    action: params.get('action') ?? '',
    object: params.get('object') ?? '',
    since: params.get('since') ?? '',
  };
  const audit = useAudit(filter);
  useLiveRefresh(AUDIT_TOPICS, ['audit'], 3000);
  const rows = audit.data?.pages.flatMap((page) => page.items) ?? [];
  const columns: Column<AuditEntry>[] = [
    { key: 'sequence', header: t('sequence'), width: '60px', render: (row) => row.sequence, align: 'right' },
    { key: 'time', header: t('time'), width: '190px', render: (row) => <TimeText value={row.time} /> },
    {
      key: 'actor',
      header: t('actor'),
      width: 'minmax(120px, 1fr)',
      render: ({ actor }) => <span title={actor}>{words.actor(actor)}</span>,
    },
    {
      key: 'action',
      header: t('action'),
      width: 'minmax(170px, 1fr)',
      render: (row) => <span title={row.action}>{words.action(row.action)}</span>,
    },
    {
      key: 'object',
      header: t('object'),
      width: 'minmax(160px, 2fr)',
      render: ({ object }) => <span title={object}>{words.object(object)}</span>,
    },
    { key: 'address', header: t('address'), width: '130px', render: (row) => row.address },
  ];
  const filtered = Object.values(filter).some(Boolean);
  return (
    <Page
      title={t('title')}
      subtitle={t('subtitle')}
      actions={
        <>
          <VerifyChain />
          <Button
            component="a"
            href="/api/v1/audit/export"
            download="audit.jsonl"
            variant="default"
            leftSection={<Icon name="download" size={16} />}
          >
            {t('export')}
          </Button>
        </>
      }
    >
      <Group gap="xs" role="search">
        {(['actor', 'action', 'object'] as const).map((name) => (
          <FilterField
            key={name}
            label={t(name === 'actor' ? 'filterActor' : name === 'action' ? 'filterAction' : 'filterObject')}
            value={filter[name]}
            onChange={(value) => set(name, value)}
          />
        ))}
        <Select
          aria-label={t('since')}
          w={180}
          allowDeselect={false}
          data={[{ value: '', label: t('anyTime') }, ...PERIODS.map(({ name }) => ({ value: name, label: t(name) }))]}
          value={filter.since}
          onChange={(value) => set('since', value ?? '')}
        />
        {filtered && (
          <Button variant="subtle" onClick={() => setParams({}, { replace: true })}>
            {t('clear')}
          </Button>
        )}
      </Group>
      <PageState
        query={audit}
        scope="audit:read"
        isEmpty={() => rows.length === 0}
        empty={<EmptyState icon="audit" title={t('empty')} text={t('emptyText')} />}
      >
        {() => (
          <VirtualTable
            label={t('title')}
            columns={columns}
            rows={rows}
            rowKey={(row) => String(row.sequence)}
            onOpen={setOpened}
            {...endless(audit)}
          />
        )}
      </PageState>
      <EntryDrawer entry={opened} onClose={() => setOpened(null)} />
    </Page>
  );
}

/** Asked for on Enter or on leaving: half a name finds nothing. */
function FilterField({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <TextInput
      key={value}
      aria-label={label}
      placeholder={label}
      defaultValue={value}
      onBlur={(event) => onChange(event.currentTarget.value.trim())}
      onKeyDown={(event) => event.key === 'Enter' && onChange(event.currentTarget.value.trim())}
      style={{ flex: '1 1 180px' }}
    />
  );
}
