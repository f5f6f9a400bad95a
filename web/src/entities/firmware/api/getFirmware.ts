import { useQuery } from '@tanstack/react-query';
import { api, type Answer } from '@/shared/api/client';
import { firmwareKeys } from './keys';

export interface VersionedFirmware {
  firmware: Answer<'getFirmware'>;
  /** Names this state of it; a change that names an older one is refused. */
  etag: string;
}

export function useFirmware(id: string) {
  return useQuery({
    queryKey: firmwareKeys.one(id),
    queryFn: async ({ signal }): Promise<VersionedFirmware> => {
      const { data, response } = await api.GET('/api/v1/firmware/{id}', { params: { path: { id } }, signal });
      return { firmware: data as Answer<'getFirmware'>, etag: response.headers.get('ETag') ?? '' };
    },
  });
}
