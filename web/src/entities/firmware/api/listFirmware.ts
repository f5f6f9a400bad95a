import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { api, take, type Answer } from '@/shared/api/client';
import { firmwareKeys } from './keys';

export type Firmware = Answer<'getFirmware'>;
export type FirmwareSort = 'newest' | 'name' | 'version';

const PAGE = 100;

/** Firmware with a text in it, page after page. */
export function useFirmwareList(search: string, sort: FirmwareSort) {
  return useInfiniteQuery({
    queryKey: firmwareKeys.list(search, sort),
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET('/api/v1/firmware', {
          params: { query: { search: search || undefined, sort, limit: PAGE, cursor: pageParam || undefined } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next,
    // What is shown stays until the answer to the next letter is there.
    placeholderData: (before) => before,
  });
}

/** All versions of one name: what a new one is compared with. */
export function useFirmwareVersions(name: string) {
  return useQuery({
    queryKey: firmwareKeys.versions(name),
    enabled: name !== '',
    queryFn: async ({ signal }) => {
      const { items } = await take(
        api.GET('/api/v1/firmware', { params: { query: { search: name, sort: 'newest', limit: 1000 } }, signal }),
      );
      return items.filter((item) => item.name === name);
    },
  });
}
