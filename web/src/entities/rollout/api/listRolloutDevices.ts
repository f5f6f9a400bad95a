import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { api, take, type Answer } from '@/shared/api/client';
import type { DeviceState } from '../model/states';
import { rolloutKeys } from './keys';

export function useRolloutDevices(id: string, state: DeviceState | undefined) {
  return useInfiniteQuery({
    queryKey: rolloutKeys.part(id, 'devices', state ?? ''),
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/rollouts/{id}/devices', {
          params: { path: { id }, query: { state, limit: 200, cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Answer<'listRolloutDevices'>) => last.next,
    placeholderData: keepPreviousData,
  });
}

const MOST_SUMMED = 20_000;

/** What its devices have fetched so far, all together; undefined when there are too many to ask. */
/** Read again every quarter of a minute while it runs, and not with each event: it is every device. */
export function useFetchedBytes(id: string, devices: number, running: boolean) {
  return useQuery({
    queryKey: rolloutKeys.part(id, 'fetched'),
    queryFn: async () => {
      let sum = 0;
      let cursor: string | undefined;
      do {
        const page: Answer<'listRolloutDevices'> = await take(
          api.GET('/api/v1/rollouts/{id}/devices', { params: { path: { id }, query: { limit: 1000, cursor } } }),
        );
        for (const { bytes } of page.items) sum += bytes;
        cursor = page.next;
      } while (cursor);
      return sum;
    },
    enabled: devices > 0 && devices <= MOST_SUMMED,
    staleTime: 10_000,
    refetchInterval: running ? 15_000 : false,
  });
}
