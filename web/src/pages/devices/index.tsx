import { Box, Button, Flex } from '@mantine/core';
import { useQueryClient, type InfiniteData } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { deviceKeys } from '@/entities/device/api/keys';
import { useDevices, type Device } from '@/entities/device/api/listDevices';
import { changesRows, patchPages, type DeviceEvent } from '@/entities/device/model/patch';
import { Permitted } from '@/entities/session/Permitted';
import { BulkBar } from '@/features/bulk-devices/BulkBar';
import { RegisterDialog } from '@/features/register-device/RegisterDialog';
import type { Answer } from '@/shared/api/client';
import { Problem } from '@/shared/api/problem';
import { endless } from '@/shared/lib/pages';
import { useUrlParam } from '@/shared/lib/urlState';
import { useLive, useLiveRefresh } from '@/shared/live';
import { FilterBar } from '@/shared/ui/FilterBar';
import { Icon } from '@/shared/ui/icons';
import { useUiTexts } from '@/shared/ui/i18n';
import { Page } from '@/shared/ui/Page';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { VirtualTable } from '@/shared/ui/VirtualTable';
import { useTexts } from './i18n';
import { deviceColumns } from './ui/columns';
import { ColumnsMenu } from './ui/ColumnsMenu';
import { ExportMenu } from './ui/ExportMenu';
import { Facets } from './ui/Facets';
import { SavedViews } from './ui/SavedViews';

const TOPICS = ['devices'] as const;
const COUNTS_EVERY_MS = 5000;
const ROWS_EVERY_MS = 2000;

export default function DevicesPage() {
  const t = useTexts();
  const ui = useUiTexts();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [filter, setFilter] = useUrlParam('filter');
  const [saved, setSaved] = useUrlParam('saved');
  const [sort, setSort] = useUrlParam('sort', 'id');
  const [chosen, setChosen] = useUrlParam('columns');
  const [registering, setRegistering] = useUrlParam('register');
  const [selected, setSelected] = useState<Set<string>>(new Set());
  const selection = useMemo(() => ({ filter, saved }), [filter, saved]);
  const list = useDevices(selection, sort);
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.devices) ?? [], [list.data]);
  const total = list.data?.pages[0]?.total;

  useLive(TOPICS, (events) => {
    const news = events
      .map((event) => event.data as unknown as DeviceEvent)
      .filter((event) => typeof event.id === 'string');
    client.setQueriesData<InfiniteData<Answer<'listDevices'>>>({ queryKey: [...deviceKeys.all, 'list'] }, (data) =>
      data ? patchPages(data, news) : data,
    );
  });
  useLiveRefresh(TOPICS, [...deviceKeys.all, 'counts'], COUNTS_EVERY_MS);
  useLiveRefresh(TOPICS, [...deviceKeys.all, 'list'], ROWS_EVERY_MS, changesRows);

  const columns = deviceColumns(t, rows, chosen);
  const filterError = Problem.is(list.error, 'invalid') ? list.error.detail : undefined;
  const nothing = !filter && !saved;
  return (
    <Page
      title={t('title')}
      subtitle={t('subtitle')}
      actions={
        <>
          <ExportMenu selection={selection} />
          <Permitted scope="devices:write">
            {(disabled) => (
              <Button
                leftSection={<Icon name="plus" size={16} />}
                disabled={disabled}
                onClick={() => setRegistering('1')}
              >
                {t('register')}
              </Button>
            )}
          </Permitted>
        </>
      }
    >
      <FilterBar placeholder={t('placeholder')} error={filterError}>
        <SavedViews filter={filter} saved={saved} onSaved={setSaved} />
        <ColumnsMenu chosen={chosen} onChoose={setChosen} />
      </FilterBar>
      <BulkBar
        selected={selected}
        rows={rows}
        total={total}
        selection={selection}
        onDone={() => setSelected(new Set())}
      />
      <Flex gap="lg" align="flex-start">
        <Box w={196} visibleFrom="md" style={{ flex: 'none' }}>
          <Facets selection={selection} onFilter={setFilter} />
        </Box>
        <Box style={{ flex: 1, minWidth: 0 }}>
          <PageState
            query={list}
            scope="devices:read"
            isEmpty={() => rows.length === 0}
            empty={
              <EmptyState
                icon="devices"
                title={nothing ? t('emptyTitle') : ui('noMatch')}
                text={nothing ? t('emptyText') : ui('noMatchNext')}
              >
                {nothing ? null : (
                  <Button component={Link} to="/devices" variant="default">
                    {ui('clearFilter')}
                  </Button>
                )}
              </EmptyState>
            }
          >
            {() => (
              <VirtualTable<Device>
                label={t('title')}
                columns={columns}
                rows={rows}
                rowKey={(device) => device.id}
                rowName={(device) => device.label || device.id}
                onOpen={(device) => void navigate(`/devices/${encodeURIComponent(device.id)}`)}
                sort={sort}
                onSort={setSort}
                selected={selected}
                onSelect={setSelected}
                total={total}
                {...endless(list)}
              />
            )}
          </PageState>
        </Box>
      </Flex>
      <RegisterDialog opened={registering !== ''} onClose={() => setRegistering('')} />
    </Page>
  );
}
