import { useQueryClient } from '@tanstack/react-query';
import { api, take, type Body } from '@/shared/api/client';
import type { Rollout, RolloutAction } from '../model/states';
import { rolloutKeys } from './keys';

export type Order = Body<'pauseRollout'>;
export type OrderWord = RolloutAction | 'cancel';

/** Gives an order; what it answers is the rollout as stored, and is shown at once. */
export function useOrderRollout(id: string) {
  const client = useQueryClient();
  return async (word: OrderWord, order: Order): Promise<Rollout> => {
    const options = { params: { path: { id } }, body: order };
    const rollout = await take<Rollout>(
      word === 'submit'
        ? api.POST('/api/v1/rollouts/{id}/submit', options)
        : word === 'approve'
          ? api.POST('/api/v1/rollouts/{id}/approve', options)
          : word === 'reject'
            ? api.POST('/api/v1/rollouts/{id}/reject', options)
            : word === 'pause'
              ? api.POST('/api/v1/rollouts/{id}/pause', options)
              : word === 'resume'
                ? api.POST('/api/v1/rollouts/{id}/resume', options)
                : word === 'abort'
                  ? api.POST('/api/v1/rollouts/{id}/abort', options)
                  : word === 'retry'
                    ? api.POST('/api/v1/rollouts/{id}/retry', options)
                    : word === 'cancel'
                      ? api.POST('/api/v1/rollouts/{id}/cancel', options)
                      : api.POST('/api/v1/rollouts/{id}/advance', options),
    );
    client.setQueryData<Rollout>(rolloutKeys.one(id), (before) => ({ ...before, ...rollout }));
    void client.invalidateQueries({ queryKey: rolloutKeys.all });
    return rollout;
  };
}
