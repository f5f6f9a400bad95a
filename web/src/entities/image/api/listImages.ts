import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { api, take, type Answer } from '@/shared/api/client';
import { imageKeys } from './keys';

export type Image = Answer<'listImages'>['items'][number];
export type ImageDetail = Answer<'getImage'>;
export type ImageVersion = ImageDetail['versions'][number];

const PAGE = 200;

/** Names of images, with what is stored under each. */
export function useImages() {
  return useInfiniteQuery({
    queryKey: imageKeys.list,
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      take(api.GET('/api/v1/images', { params: { query: { limit: PAGE, cursor: pageParam || undefined } }, signal })),
    getNextPageParam: (page) => page.next,
    // Firmware and pictures are kept in the same registry and have pages of their own.
    select: ({ pages, ...rest }) => ({
      ...rest,
      pages: pages.map((page) => ({ ...page, items: page.items.filter(({ name }) => !isArtifact(name)) })),
    }),
  });
}

const isArtifact = (name: string) => name === 'content' || name.startsWith('firmware/');

/** Versions and tags of one name, and who uses them. */
export function useImage(name: string, enabled = true) {
  return useQuery({
    enabled,
    queryKey: imageKeys.one(name),
    queryFn: ({ signal }) => take(api.GET('/api/v1/images/{name}', { params: { path: { name } }, signal })),
  });
}
