import { useQuery } from '@tanstack/react-query';
import { api, take, type Answer } from '@/shared/api/client';
import { deviceKeys } from './keys';

export type Why = Answer<'explainDevice'>;

/** What has to hold for the device to be updated, and what of it does not. */
export function useWhy(id: string) {
  return useQuery({
    queryKey: deviceKeys.part(id, 'why'),
    queryFn: () => take(api.GET('/api/v1/devices/{id}/why', { params: { path: { id } } })),
    refetchInterval: 15_000,
  });
}
