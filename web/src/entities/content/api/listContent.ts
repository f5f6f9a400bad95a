import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api, take, type Answer } from '@/shared/api/client';
import { contentKeys } from './keys';

export type Content = Answer<'getContent'>;
export type ContentSort = 'newest' | 'title';

/** Page `page` (from 1) of `size`. The server knows cursors only: the pages before are read on the way and kept. */
export function useContentPage(search: string, sort: ContentSort, size: number, page: number) {
  const list = useInfiniteQuery({
    queryKey: contentKeys.list(search, sort, size),
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET('/api/v1/content', {
          params: { query: { search: search || undefined, sort, limit: size, cursor: pageParam || undefined } },
          signal,
        }),
      ),
    getNextPageParam: (answer) => answer.next,
    placeholderData: (before) => before,
  });
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const read = data?.pages.length ?? 0;
  const missing = page > read && hasNextPage;
  useEffect(() => {
    if (read > 0 && missing && !isFetchingNextPage) void fetchNextPage();
  }, [read, missing, isFetchingNextPage, fetchNextPage]);
  return {
    ...list,
    items: data?.pages[page - 1]?.items,
    /** Pages that are known to exist. */
    known: read + (hasNextPage ? 1 : 0),
    more: hasNextPage,
    onTheWay: missing,
  };
}
