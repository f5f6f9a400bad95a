import { useQuery } from '@tanstack/react-query';
import { api, take } from '@/shared/api/client';
import { ownPath } from '@/shared/lib/upload/send';
import { contentKeys } from './keys';

export type WhichFile = 'original' | 'display';

const LONGEST_TIMER_MS = 2 ** 31 - 2; // a browser takes a longer one for none, and TanStack Query adds one
const RENEW_MS = 60_000; // before the end of a link

/** The path of an address that answers one of its files for a while. */
export async function linkContent(id: string, file: WhichFile) {
  const link = await take(api.POST('/api/v1/content/{id}/link', { params: { path: { id }, query: { file } } }));
  return { path: ownPath(link.url), expires: new Date(link.expires_at).getTime() };
}

/** The same, kept as long as it is good: pictures that are shown again are not fetched again. */
export function useContentLink(id: string, file: WhichFile) {
  return useQuery({
    queryKey: contentKeys.link(id, file),
    queryFn: () => linkContent(id, file),
    staleTime: ({ state }) =>
      Math.min(LONGEST_TIMER_MS, Math.max(0, (state.data?.expires ?? 0) - Date.now() - RENEW_MS)),
  });
}
