import { useQuery } from '@tanstack/react-query';
import { api, type Answer } from '@/shared/api/client';
import { contentKeys } from './keys';

export interface VersionedContent {
  content: Answer<'getContent'>;
  etag: string;
}

export function useContent(id: string) {
  return useQuery({
    queryKey: contentKeys.one(id),
    queryFn: async ({ signal }): Promise<VersionedContent> => {
      const { data, response } = await api.GET('/api/v1/content/{id}', { params: { path: { id } }, signal });
      return { content: data as Answer<'getContent'>, etag: response.headers.get('ETag') ?? '' };
    },
  });
}
