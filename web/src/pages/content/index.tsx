import { Button, Select, SimpleGrid } from '@mantine/core';
import { contentKeys } from '@/entities/content/api/keys';
import { useContentPage, type ContentSort } from '@/entities/content/api/listContent';
import { showingKey } from '@/entities/content/api/showingDevices';
import { Permitted } from '@/entities/session/Permitted';
import { useUrlParam } from '@/shared/lib/urlState';
import { useLiveRefresh } from '@/shared/live';
import { FilterBar } from '@/shared/ui/FilterBar';
import { Icon } from '@/shared/ui/icons';
import { useUiTexts } from '@/shared/ui/i18n';
import { Page } from '@/shared/ui/Page';
import { EmptyState, LoadingRows, PageState } from '@/shared/ui/PageState';
import { ContentCard } from './ContentCard';
import { useTexts } from './i18n';
import { Pager } from './Pager';
import { Playlist } from './Playlist';
import { RegisterDialog } from './RegisterDialog';
import { useChosen } from './useChosen';

const SORTS: ContentSort[] = ['newest', 'title'];
const SIZES = [8, 16, 32, 64];

export default function ContentPage() {
  const t = useTexts();
  const ui = useUiTexts();
  const [search, setSearch] = useUrlParam('filter');
  const [sortText, setSort] = useUrlParam('sort', 'newest');
  const [sizeText, setSize] = useUrlParam('size', '8');
  const [pageText, setPage] = useUrlParam('page', '1');
  const [dialog, setDialog] = useUrlParam('dialog');
  const chosen = useChosen();
  const sort = SORTS.find((one) => one === sortText) ?? 'newest';
  const size = SIZES.find((one) => String(one) === sizeText) ?? 8;
  const page = Math.max(1, Number.parseInt(pageText, 10) || 1);
  const list = useContentPage(search, sort, size, page);
  useLiveRefresh(['artifacts'], contentKeys.all);
  useLiveRefresh(['devices'], showingKey, 3000);
  const register = () => setDialog('register');
  return (
    <Page
      title={t('title')}
      actions={
        <>
          <Permitted scope="rollouts:write">
            {(disabled) => (
              <Button
                variant="default"
                disabled={disabled}
                aria-pressed={chosen.active}
                leftSection={<Icon name="screen" size={16} />}
                onClick={chosen.active ? chosen.end : chosen.begin}
              >
                {t(chosen.active ? 'chooseEnd' : 'choose')}
              </Button>
            )}
          </Permitted>
          <Permitted scope="releases:write">
            {(disabled) => (
              <Button leftSection={<Icon name="plus" size={16} />} disabled={disabled} onClick={register}>
                {t('register')}
              </Button>
            )}
          </Permitted>
        </>
      }
    >
      {chosen.active && <Playlist chosen={chosen} />}
      <FilterBar placeholder={t('search')}>
        <Select
          aria-label={t('sort')}
          w={150}
          allowDeselect={false}
          data={SORTS.map((value) => ({ value, label: t(`sorts.${value}`) }))}
          value={sort}
          onChange={(value) => setSort(value ?? 'newest')}
        />
        <Select
          aria-label={t('size')}
          w={150}
          allowDeselect={false}
          data={SIZES.map((count) => ({ value: String(count), label: t('sizes', { count }) }))}
          value={String(size)}
          onChange={(value) => setSize(value ?? '8')}
        />
      </FilterBar>
      <PageState
        query={list}
        scope="releases:read"
        isEmpty={({ pages }) => pages.every(({ items }) => items.length === 0)}
        empty={
          search ? (
            <EmptyState icon="filter" title={ui('noMatch')} text={ui('noMatchNext')}>
              <Button variant="default" onClick={() => setSearch('')}>
                {ui('clearFilter')}
              </Button>
            </EmptyState>
          ) : (
            <EmptyState icon="content" title={t('empty')} text={t('emptyText')}>
              <Permitted scope="releases:write">
                {(disabled) => (
                  <Button disabled={disabled} onClick={register}>
                    {t('register')}
                  </Button>
                )}
              </Permitted>
            </EmptyState>
          )
        }
      >
        {() => (
          <>
            {list.items && (
              <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }}>
                {list.items.map((item) => (
                  <ContentCard key={item.id} item={item} chosen={chosen} />
                ))}
              </SimpleGrid>
            )}
            {!list.items && (list.onTheWay || list.isFetching) && <LoadingRows rows={8} />}
            {!list.items && !list.onTheWay && !list.isFetching && (
              <EmptyState icon="content" title={t('pageGone', { page })}>
                <Button variant="default" onClick={() => setPage('1')}>
                  {t('firstPage')}
                </Button>
              </EmptyState>
            )}
            {(page > 1 || list.known > 1) && (
              <Pager page={page} known={list.known} onPage={(next) => setPage(String(next))} />
            )}
          </>
        )}
      </PageState>
      <RegisterDialog opened={dialog === 'register'} onClose={() => setDialog('')} />
    </Page>
  );
}
