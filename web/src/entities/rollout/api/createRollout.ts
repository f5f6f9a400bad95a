import { useQueryClient } from '@tanstack/react-query';
import { api, take } from '@/shared/api/client';
import { rolloutKeys } from './keys';
import type { NewRollout } from './planRollout';

export function useCreateRollout() {
  const client = useQueryClient();
  return async (wish: NewRollout) => {
    const made = await take(api.POST('/api/v1/rollouts', { body: wish }));
    void client.invalidateQueries({ queryKey: rolloutKeys.all });
    return made;
  };
}
