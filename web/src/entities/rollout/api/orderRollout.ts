import { useQueryClient } from '@tanstack/react-query';
import { api, take, type Body } from '@/shared/api/client';
import type { Rollout, RolloutAction } from '../model/states';
import { rolloutKeys } from './keys';

export type Order = Body<'pauseRollout'>;
export type OrderWord = RolloutAction | 'cancel';

const ROUTES = {
  submit: '/api/v1/rollouts/{id}/submit',
  approve: '/api/v1/rollouts/{id}/approve',
  reject: '/api/v1/rollouts/{id}/reject',
  pause: '/api/v1/rollouts/{id}/pause',
  resume: '/api/v1/rollouts/{id}/resume',
  advance: '/api/v1/rollouts/{id}/advance',
  retry: '/api/v1/rollouts/{id}/retry',
  abort: '/api/v1/rollouts/{id}/abort',
  rollback: '/api/v1/rollouts/{id}/abort', // with give_back
  cancel: '/api/v1/rollouts/{id}/cancel',
} as const satisfies Record<OrderWord, string>;

/** Gives an order; what it answers is the rollout as stored, and is shown at once. */
export function useOrderRollout() {
  const client = useQueryClient();
  return async (id: string, word: OrderWord, order: Order): Promise<Rollout> => {
    const rollout: Rollout = await take(api.POST(ROUTES[word], { params: { path: { id } }, body: order }));
    client.setQueryData<Rollout>(rolloutKeys.one(id), (before) => ({ ...before, ...rollout }));
    void client.invalidateQueries({ queryKey: rolloutKeys.all });
    return rollout;
  };
}
