import { Button } from '@mantine/core';
import { fetchMore, type Paged } from '../lib/pages';
import { useUiTexts } from './i18n';

/** Under a list that is read page by page; nothing when all of it is shown. */
export function MoreButton({ list, label }: { list: Paged; label?: string }) {
  const t = useUiTexts();
  if (!list.hasNextPage) return null;
  return (
    <Button
      variant="default"
      loading={list.isFetchingNextPage}
      onClick={() => fetchMore(list)}
      style={{ alignSelf: 'center' }}
    >
      {label ?? t('showMore')}
    </Button>
  );
}
