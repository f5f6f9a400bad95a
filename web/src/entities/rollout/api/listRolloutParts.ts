import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { api, take, type Answer } from '@/shared/api/client';
import { rolloutKeys } from './keys';

export type RolloutEvent = Answer<'listRolloutEvents'>['items'][number];
export type Exclusion = Answer<'listRolloutExclusions'>['items'][number];

export function useRolloutEvents(id: string) {
  return useQuery({
    queryKey: rolloutKeys.part(id, 'events'),
    queryFn: () => take(api.GET('/api/v1/rollouts/{id}/events', { params: { path: { id }, query: { limit: 200 } } })),
  });
}

export function useExclusions(id: string) {
  return useInfiniteQuery({
    queryKey: rolloutKeys.part(id, 'exclusions'),
    queryFn: ({ pageParam }) =>
      take(
        api.GET('/api/v1/rollouts/{id}/exclusions', {
          params: { path: { id }, query: { limit: 200, cursor: pageParam } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Answer<'listRolloutExclusions'>) => last.next,
  });
}

/** Failed devices by cause, the most frequent first. */
export function useFailures(id: string) {
  return useQuery({
    queryKey: rolloutKeys.part(id, 'failures'),
    queryFn: () => take(api.GET('/api/v1/rollouts/{id}/failures', { params: { path: { id } } })),
  });
}

export function useRolloutTimeline(id: string) {
  return useQuery({
    queryKey: rolloutKeys.part(id, 'timeline'),
    queryFn: () => take(api.GET('/api/v1/rollouts/{id}/timeline', { params: { path: { id } } })),
  });
}
