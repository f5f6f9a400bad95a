import { useInfiniteQuery } from '@tanstack/react-query';
import { api, take, type Answer } from '@/shared/api/client';
import { percentOf } from '@/shared/lib/format';

export type Gateway = Answer<'listGateways'>['items'][number];
export const gatewayKeys = ['gateways'] as const;

export function useGateways() {
  return useInfiniteQuery({
    queryKey: [...gatewayKeys, 'list'],
    queryFn: ({ pageParam }) =>
      take(api.GET('/api/v1/gateways', { params: { query: { limit: 100, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Answer<'listGateways'>) => last.next,
    refetchInterval: 15_000, // a gateway that falls silent makes no event
  });
}

/** Of what devices got, how much did not have to come from upstream; undefined before anything was sent. */
export function savedPercent({ received, sent }: Gateway['bytes']): number | undefined {
  return sent > 0 ? percentOf(Math.max(0, sent - received), sent) : undefined;
}
