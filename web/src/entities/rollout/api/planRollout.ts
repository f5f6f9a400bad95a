import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, take, type Answer, type Body } from '@/shared/api/client';
import { rolloutKeys } from './keys';

export type NewRollout = Body<'createRollout'>;
export type Plan = Answer<'planRollout'>;

/** What it would do and cost; null asks nothing. The former answer stays shown while a new one is made. */
export function usePlan(wish: NewRollout | null) {
  return useQuery({
    queryKey: [...rolloutKeys.all, 'plan', wish],
    queryFn: () => take(api.POST('/api/v1/rollouts/dry-run', { body: wish! })),
    enabled: wish !== null,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
}
