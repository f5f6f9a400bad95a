import { useQuery } from '@tanstack/react-query';
import { api, take } from '@/shared/api/client';
import { rolloutKeys } from './keys';

/** When each device began and ended; read once when somebody looks back: it is about a megabyte for 100,000 devices. */
export function useReplay(id: string) {
  return useQuery({
    queryKey: rolloutKeys.part(id, 'replay'),
    queryFn: () => take(api.GET('/api/v1/rollouts/{id}/replay', { params: { path: { id } } })),
    staleTime: Infinity,
    refetchOnMount: 'always',
  });
}
