import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, take } from '@/shared/api/client';
import { imageKeys } from './keys';

/** Makes a pushed image a version, which can be rolled out. */
export function useRegisterVersion(name: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ version, digest }: { version: string; digest: string }) =>
      take(
        api.PUT('/api/v1/releases/{name}/versions/{version}', {
          params: { path: { name, version } },
          body: { digest },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: imageKeys.all }),
  });
}

export function useRemoveVersion(name: string, version: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () =>
      take(api.DELETE('/api/v1/releases/{name}/versions/{version}', { params: { path: { name, version } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: imageKeys.all }),
  });
}
