import { useQuery } from '@tanstack/react-query';
import { api, take } from '@/shared/api/client';
import { deviceKeys } from './keys';

export function useDevice(id: string) {
  return useQuery({
    queryKey: deviceKeys.one(id),
    queryFn: () => take(api.GET('/api/v1/devices/{id}', { params: { path: { id } } })),
  });
}

/** Whether it is there, how far its update got. */
export function useDeviceLive(id: string) {
  return useQuery({
    queryKey: deviceKeys.part(id, 'live'),
    queryFn: () => take(api.GET('/api/v1/devices/{id}/live', { params: { path: { id } } })),
    refetchInterval: 15_000,
  });
}

export function useCertificates(id: string) {
  return useQuery({
    queryKey: deviceKeys.part(id, 'certificates'),
    queryFn: () => take(api.GET('/api/v1/devices/{id}/certificates', { params: { path: { id } } })),
  });
}
