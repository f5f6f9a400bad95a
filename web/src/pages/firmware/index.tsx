import { Anchor, Button, Group, Select, Text } from '@mantine/core';
import { Link, useNavigate } from 'react-router';
import { firmwareKeys } from '@/entities/firmware/api/keys';
import { useFirmwareList, type Firmware, type FirmwareSort } from '@/entities/firmware/api/listFirmware';
import { Permitted } from '@/entities/session/Permitted';
import { endless } from '@/shared/lib/pages';
import { useUrlParam } from '@/shared/lib/urlState';
import { useLiveRefresh } from '@/shared/live';
import { whoIs } from '@/shared/lib/whoIs';
import { FilterBar } from '@/shared/ui/FilterBar';
import { Icon } from '@/shared/ui/icons';
import { useUiTexts } from '@/shared/ui/i18n';
import { Page } from '@/shared/ui/Page';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { Bytes, TimeText } from '@/shared/ui/values';
import { VirtualTable, type Column } from '@/shared/ui/VirtualTable';
import { useTexts } from './i18n';
import { RegisterDialog } from './RegisterDialog';

const SORTS: FirmwareSort[] = ['newest', 'name', 'version'];

export default function FirmwarePage() {
  const t = useTexts();
  const ui = useUiTexts();
  const navigate = useNavigate();
  const [search] = useUrlParam('filter');
  const [sortText, setSort] = useUrlParam('sort', 'newest');
  const sort = SORTS.find((one) => one === sortText) ?? 'newest';
  const [dialog, setDialog] = useUrlParam('dialog');
  const list = useFirmwareList(search, sort);
  useLiveRefresh(['artifacts'], firmwareKeys.all);
  const register = () => setDialog('register');
  const path = (item: Firmware) => `/firmware/${encodeURIComponent(item.id)}`;
  const columns: Column<Firmware>[] = [
    {
      key: 'name',
      header: t('column.name'),
      width: 'minmax(160px, 1.5fr)',
      sort: 'name',
      render: (item) => (
        <Anchor component={Link} to={path(item)} size="sm" fw={600}>
          {item.name}
        </Anchor>
      ),
    },
    {
      key: 'version',
      header: t('column.version'),
      width: 'minmax(90px, 0.7fr)',
      sort: 'version',
      render: (item) => item.version,
    },
    {
      key: 'registered',
      header: t('column.registered'),
      width: '180px',
      sort: 'newest',
      render: (item) => <TimeText value={item.created_at} style="short" />,
    },
    {
      key: 'size',
      header: t('column.size'),
      width: '90px',
      align: 'right',
      render: (item) => <Bytes value={item.size} />,
    },
    {
      key: 'classes',
      header: t('column.classes'),
      width: 'minmax(110px, 0.8fr)',
      render: (item) => item.classes.join(', ') || t('anyClass'),
    },
    {
      key: 'notes',
      header: t('column.notes'),
      width: 'minmax(160px, 2fr)',
      render: (item) => (
        <Text span size="sm" c="dimmed">
          {firstLine(item.notes)}
        </Text>
      ),
    },
    { key: 'by', header: t('column.by'), width: 'minmax(90px, 0.6fr)', render: (item) => whoIs(item.created_by) },
  ];
  return (
    <Page
      title={t('title')}
      actions={
        <Permitted scope="releases:write">
          {(disabled) => (
            <Button leftSection={<Icon name="plus" size={16} />} disabled={disabled} onClick={register}>
              {t('register')}
            </Button>
          )}
        </Permitted>
      }
    >
      <FilterBar placeholder={t('search')}>
        <Select
          aria-label={t('sort')}
          w={170}
          allowDeselect={false}
          data={SORTS.map((value) => ({ value, label: t(`sorts.${value}`) }))}
          value={sort}
          onChange={(value) => setSort(value ?? 'newest')}
        />
      </FilterBar>
      <PageState
        query={list}
        scope="releases:read"
        isEmpty={({ pages }) => pages.every(({ items }) => items.length === 0)}
        empty={
          search ? (
            <EmptyState icon="filter" title={ui('noMatch')} text={ui('noMatchNext')} />
          ) : (
            <EmptyState icon="firmware" title={t('empty')} text={t('emptyText')}>
              <Group>
                <Permitted scope="releases:write">
                  {(disabled) => (
                    <Button disabled={disabled} onClick={register}>
                      {t('register')}
                    </Button>
                  )}
                </Permitted>
              </Group>
            </EmptyState>
          )
        }
      >
        {({ pages }) => (
          <VirtualTable
            label={t('table')}
            columns={columns}
            rows={pages.flatMap(({ items }) => items)}
            rowKey={(item) => item.id}
            onOpen={(item) => void navigate(path(item))}
            sort={sort}
            onSort={(word) => setSort(word.replace(/^-/, ''))}
            {...endless(list)}
          />
        )}
      </PageState>
      <RegisterDialog opened={dialog === 'register'} onClose={() => setDialog('')} />
    </Page>
  );
}

/** Notes are Markdown; a list shows their first words. */
function firstLine(notes: string): string {
  return (
    notes
      .split('\n')
      .map((line) => line.replace(/^[#>*\-\s]+/, '').trim())
      .find(Boolean) ?? ''
  );
}
