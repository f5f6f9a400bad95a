import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, take, type Body } from '@/shared/api/client';
import { firmwareKeys } from './keys';

export function useAddFirmware() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Body<'addFirmware'>) => take(api.POST('/api/v1/firmware', { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: firmwareKeys.all }),
  });
}

export function useChangeFirmware(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ etag, ...body }: Body<'changeFirmware'> & { etag: string }) =>
      take(api.PATCH('/api/v1/firmware/{id}', { params: { path: { id }, header: { 'If-Match': etag } }, body })),
    onSettled: () => client.invalidateQueries({ queryKey: firmwareKeys.all }),
  });
}

export function useRemoveFirmware(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/firmware/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      client.removeQueries({ queryKey: firmwareKeys.one(id) });
      return client.invalidateQueries({ queryKey: firmwareKeys.all });
    },
  });
}
