import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { api, take, type Answer } from '@/shared/api/client';
import { deviceKeys } from './keys';

export type Device = Answer<'listDevices'>['devices'][number];
type Page = Answer<'listDevices'>;

const PAGE = 200;

/** What of the list is wanted; `saved` is the code of a saved filter. */
export interface DeviceSelection {
  filter: string;
  saved: string;
}

const query = ({ filter, saved }: DeviceSelection) => ({ filter: filter || undefined, saved: saved || undefined });

export function useDevices(selection: DeviceSelection, sort: string) {
  return useInfiniteQuery({
    queryKey: deviceKeys.list(selection.filter, selection.saved, sort),
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/devices', {
          // The total is counted once, with the first page.
          params: {
            query: {
              ...query(selection),
              sort: sort || undefined,
              limit: PAGE,
              after: pageParam,
              count: pageParam === undefined,
            },
          },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Page) => last.next,
    placeholderData: keepPreviousData,
  });
}

/** Every device that matches, a page at a time. Throws when `signal` is aborted. */
export async function walkDevices(
  selection: DeviceSelection,
  signal: AbortSignal,
  onPage: (devices: Device[]) => void | Promise<void>,
) {
  let after: string | undefined;
  do {
    const page: Page = await take(
      api.GET('/api/v1/devices', { params: { query: { ...query(selection), limit: 1000, after } }, signal }),
    );
    await onPage(page.devices);
    signal.throwIfAborted();
    after = page.next;
  } while (after);
}
