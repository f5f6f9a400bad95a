import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { api, take, type Answer } from '@/shared/api/client';
import { imageKeys } from './keys';

export type Layer = Answer<'listLayers'>['items'][number];
export type LayerFile = Answer<'listLayerFiles'>['items'][number];
export type Change = LayerFile['change'];
export type FileSums = Answer<'listLayerFiles'>['sums'];
export type ComparedLayer = Answer<'compareImages'>['layers'][number];

const PAGE = 200;

/** Layers of a version, lowest first, and who has them already. */
export function useLayers(name: string, version: string) {
  return useQuery({
    queryKey: imageKeys.layers(name, version),
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/images/{name}/versions/{version}/layers', { params: { path: { name, version } }, signal })),
  });
}

/** Files of one layer and what it does to them. */
export function useLayerFiles(name: string, version: string, digest: string, change: string, under: string) {
  return useInfiniteQuery({
    queryKey: imageKeys.files(name, version, digest, change, under),
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET('/api/v1/images/{name}/versions/{version}/layers/{digest}/files', {
          params: {
            path: { name, version, digest },
            query: {
              change: (change || undefined) as Change | undefined,
              under: under || undefined,
              limit: PAGE,
              cursor: pageParam || undefined,
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  });
}

/** What differs between two versions of a name. */
export function useImageDiff(name: string, from: string, to: string, change: string, under: string) {
  return useInfiniteQuery({
    queryKey: imageKeys.diff(name, from, to, change, under),
    enabled: from !== '' && to !== '' && from !== to,
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET('/api/v1/images/{name}/diff', {
          params: {
            path: { name },
            query: {
              from,
              to,
              change: (change || undefined) as Change | undefined,
              under: under || undefined,
              limit: PAGE,
              cursor: pageParam || undefined,
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  });
}
