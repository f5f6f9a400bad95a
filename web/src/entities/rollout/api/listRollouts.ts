import { useInfiniteQuery } from '@tanstack/react-query';
import { api, take, type Answer } from '@/shared/api/client';
import type { RolloutState } from '../model/states';
import { rolloutKeys } from './keys';

type Page = Answer<'listRollouts'>;

/** The newest first, page by page; `size` of a page is at most 200. */
export function useRollouts(states: readonly RolloutState[], size = 50) {
  const state = states.join(',');
  return useInfiniteQuery({
    queryKey: rolloutKeys.list(state),
    queryFn: ({ pageParam }) =>
      take(api.GET('/api/v1/rollouts', { params: { query: { state, limit: size, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Page) => last.next,
  });
}
