import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, take } from '@/shared/api/client';
import { deviceKeys } from './keys';
import type { DeviceSelection } from './listDevices';

export type CountBy = 'region' | 'group' | 'state' | 'kind' | 'hardware' | 'version';

/** How devices spread over a property, most first. */
export function useDeviceCounts(by: CountBy, { filter, saved }: DeviceSelection, enabled = true) {
  return useQuery({
    queryKey: deviceKeys.counts(by, filter, saved),
    queryFn: () =>
      take(
        api.GET('/api/v1/device-counts', {
          params: { query: { by, filter: filter || undefined, saved: saved || undefined, limit: 100 } },
        }),
      ),
    placeholderData: keepPreviousData,
    enabled,
  });
}
