import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, take, type Body } from '@/shared/api/client';
import { contentKeys } from './keys';

export function useAddContent() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Body<'addContent'>) => take(api.POST('/api/v1/content', { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: contentKeys.all }),
  });
}

export function useChangeContent(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ etag, description }: { etag: string; description: string }) =>
      take(
        api.PATCH('/api/v1/content/{id}', {
          params: { path: { id }, header: { 'If-Match': etag } },
          body: { description },
        }),
      ),
    onSettled: () => client.invalidateQueries({ queryKey: contentKeys.all }),
  });
}

export function useRemoveContent(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/content/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      client.removeQueries({ queryKey: contentKeys.one(id) });
      return client.invalidateQueries({ queryKey: contentKeys.all });
    },
  });
}
