import { useQuery } from '@tanstack/react-query';
import { api, take } from '@/shared/api/client';

const MOST = 200; // devices listed by name; the rest by number

export const showingFilter = (id: string) => `content="${id}"`;
export const showingKey = ['devices', 'showing'] as const;

/** Devices that show it now. */
export function useShowingDevices(id: string, limit = MOST) {
  return useQuery({
    queryKey: [...showingKey, id, limit],
    queryFn: ({ signal }) =>
      take(
        api.GET('/api/v1/devices', {
          params: { query: { filter: showingFilter(id), count: true, limit, sort: 'id' } },
          signal,
        }),
      ),
  });
}
