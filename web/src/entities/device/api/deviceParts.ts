import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { api, take, type Answer } from '@/shared/api/client';
import { deviceKeys } from './keys';

export type MetricPoint = Answer<'listMetrics'>['items'][number];
export type DeviceEventRow = Answer<'listDeviceEvents'>['items'][number];
export type ShownContent = Answer<'getContents'>['contents'][number];

const path = (id: string) => ({ path: { id } });
const MOST_PAGES = 6; // of 1,000 measurements

/** Measurements of the last `spanMs`, oldest first; read again every half minute. */
export function useMetrics(id: string, spanMs: number) {
  return useQuery({
    queryKey: deviceKeys.part(id, 'metrics', String(spanMs)),
    queryFn: async () => {
      const points: MetricPoint[] = [];
      const from = Date.now() - spanMs;
      let cursor: string | undefined;
      for (let page = 0; page < MOST_PAGES; page++) {
        const answer: Answer<'listMetrics'> = await take(
          api.GET('/api/v1/devices/{id}/metrics', { params: { ...path(id), query: { from, limit: 1000, cursor } } }),
        );
        points.push(...answer.items);
        cursor = answer.next;
        if (!cursor) break;
      }
      return points;
    },
    refetchInterval: 30_000,
  });
}

export function useDeviceLog(id: string) {
  return useInfiniteQuery({
    queryKey: deviceKeys.part(id, 'log'),
    queryFn: ({ pageParam }) =>
      take(api.GET('/api/v1/devices/{id}/log', { params: { ...path(id), query: { limit: 200, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Answer<'listDeviceLog'>) => last.next,
    refetchInterval: 5000,
  });
}

/** Versions of the parts of its release, as a microcontroller last reported them; none of other devices. */
export function useReportedParts(id: string, kind: string) {
  return useQuery({
    queryKey: deviceKeys.part(id, 'reported-parts'),
    queryFn: async () =>
      (await take(api.GET('/api/v1/devices/{id}/reports', { params: { ...path(id), query: { limit: 1 } } }))).reports[0]
        ?.report.components ?? {},
    enabled: kind === 'mcu',
  });
}

export function useFirmwareHistory(id: string) {
  return useQuery({
    queryKey: deviceKeys.part(id, 'firmware-history'),
    queryFn: async () =>
      (await take(api.GET('/api/v1/devices/{id}/firmware-history', { params: { ...path(id), query: { limit: 200 } } })))
        .history,
  });
}

export function useDeviceRollouts(id: string) {
  return useQuery({
    queryKey: deviceKeys.part(id, 'rollouts'),
    queryFn: async () =>
      (await take(api.GET('/api/v1/devices/{id}/rollouts', { params: { ...path(id), query: { limit: 200 } } }))).items,
  });
}

export function useDeviceEvents(id: string) {
  return useQuery({
    queryKey: deviceKeys.part(id, 'events'),
    queryFn: async () =>
      (await take(api.GET('/api/v1/devices/{id}/events', { params: { ...path(id), query: { limit: 200 } } }))).items,
  });
}

export function useShownContents(id: string) {
  return useQuery({
    queryKey: deviceKeys.part(id, 'contents'),
    queryFn: async () =>
      (await take(api.GET('/api/v1/devices/{id}/contents', { params: { ...path(id), query: { limit: 100 } } })))
        .contents,
  });
}
