import { Alert, Anchor, Button, Code, Group, Stack, Tabs, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import { placeKeys, usePlaces, useSavedFilters, type Place, type SavedFilter } from '@/entities/device/api/listPlaces';
import { Permitted } from '@/entities/session/Permitted';
import { useUrlParam } from '@/shared/lib/urlState';
import { useLiveRefresh } from '@/shared/live';
import { ConfirmDialog } from '@/shared/ui/ConfirmDialog';
import { shellLine } from '@/shared/ui/CopyAsCli';
import { DataTable } from '@/shared/ui/DataTable';
import { Icon } from '@/shared/ui/icons';
import { Page } from '@/shared/ui/Page';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { toastDone } from '@/shared/ui/toast';
import { useTexts } from './i18n';
import { PlaceDialog } from './ui/PlaceDialog';
import { useRemovePlace, type Kind } from './ui/places';
import { PlaceTable, RowButton } from './ui/PlaceTable';

const KINDS: Kind[] = ['region', 'group', 'filter'];
const TOPICS = ['devices'] as const;
type Item = Place | SavedFilter;
const nameOf = ({ name, code }: Item) => name || code;

export default function GroupsPage() {
  const t = useTexts();
  const [tabText, setTab] = useUrlParam('tab', 'region');
  const kind = (KINDS as string[]).includes(tabText) ? (tabText as Kind) : 'region';
  const [editing, setEditing] = useState<Item | 'new' | null>(null);
  const [removing, setRemoving] = useState<Item | null>(null);
  useLiveRefresh(TOPICS, placeKeys.all, 5000);
  const edits = { onEdit: (item: Item) => setEditing(item), onRemove: (item: Item) => setRemoving(item) };
  return (
    <Page
      title={t('title')}
      subtitle={t('subtitle')}
      actions={
        <Permitted scope="devices:write">
          {(disabled) => (
            <Button leftSection={<Icon name="plus" size={16} />} disabled={disabled} onClick={() => setEditing('new')}>
              {t(`create.${kind}`)}
            </Button>
          )}
        </Permitted>
      }
    >
      <Tabs value={kind} onChange={(value) => setTab(value ?? 'region')} keepMounted={false}>
        <Tabs.List mb="md">
          {KINDS.map((one) => (
            <Tabs.Tab key={one} value={one}>
              {t(`tabs.${one}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={kind}>
          {kind === 'filter' ? <Filters {...edits} /> : <Places kind={kind} {...edits} />}
        </Tabs.Panel>
      </Tabs>
      {editing && (
        <PlaceDialog
          kind={kind}
          before={
            editing === 'new'
              ? null
              : { code: editing.code, name: editing.name, filter: 'filter' in editing ? editing.filter : '' }
          }
          onClose={() => setEditing(null)}
        />
      )}
      {removing && <RemoveDialog kind={kind} item={removing} onClose={() => setRemoving(null)} />}
    </Page>
  );
}

interface Edits {
  onEdit: (item: Item) => void;
  onRemove: (item: Item) => void;
}

function Places({ kind, ...edits }: Edits & { kind: 'region' | 'group' }) {
  const t = useTexts();
  const query = usePlaces(kind);
  return (
    <PageState
      query={query}
      scope="devices:read"
      isEmpty={(places) => places.length === 0}
      empty={<EmptyState icon="groups" title={t(`empty.${kind}`)} text={t(`emptyText.${kind}`)} />}
    >
      {(places) => <PlaceTable kind={kind} places={places} {...edits} />}
    </PageState>
  );
}

function Filters({ onEdit, onRemove }: Edits) {
  const t = useTexts();
  const query = useSavedFilters();
  return (
    <PageState
      query={query}
      scope="devices:read"
      isEmpty={(filters) => filters.length === 0}
      empty={<EmptyState icon="filter" title={t('empty.filter')} text={t('emptyText.filter')} />}
    >
      {(filters) => (
        <DataTable
          label={t('tabs.filter')}
          minWidth={560}
          rows={filters}
          rowKey={({ id }) => id}
          columns={[
            {
              key: 'name',
              header: t('column.name'),
              free: true,
              render: (one) => (
                <Anchor component={Link} to={`/devices?saved=${encodeURIComponent(one.code)}`} size="sm" fw={600}>
                  {nameOf(one)}
                </Anchor>
              ),
            },
            { key: 'code', header: t('column.code'), render: ({ code }) => <Code>{code}</Code> },
            {
              key: 'filter',
              header: t('column.filter'),
              free: true,
              render: ({ filter }) => (
                <Text size="sm" ff="monospace">
                  {filter}
                </Text>
              ),
            },
            {
              key: 'actions',
              header: t('column.actions'),
              align: 'right',
              render: (one) => (
                <Group gap={4} justify="flex-end" wrap="nowrap">
                  <RowButton icon="edit" label={t('edit', { name: nameOf(one) })} onClick={() => onEdit(one)} />
                  <RowButton icon="trash" label={t('remove', { name: nameOf(one) })} onClick={() => onRemove(one)} />
                </Group>
              ),
            },
          ]}
        />
      )}
    </PageState>
  );
}

function RemoveDialog({ kind, item, onClose }: { kind: Kind; item: Item; onClose: () => void }) {
  const t = useTexts();
  const remove = useRemovePlace(kind);
  const name = nameOf(item);
  const devices = 'devices' in item ? item.devices : 0;
  return (
    <ConfirmDialog
      opened
      title={t('remove', { name })}
      action={t('remove', { name })}
      danger
      command={shellLine(['stratus', kind, 'remove', item.code])}
      onConfirm={async () => {
        await remove(item.code);
        toastDone(t('removed', { name }));
      }}
      onClose={onClose}
    >
      <Stack gap="xs">
        <Text size="sm">{t('removeText')}</Text>
        {devices > 0 && (
          <Alert color="orange" icon={<Icon name="warning" />}>
            {t('hasDevices', { count: devices })}
          </Alert>
        )}
      </Stack>
    </ConfirmDialog>
  );
}
