import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { api, take, type Answer } from '@/shared/api/client';

export type AuditEntry = Answer<'listAudit'>['items'][number];

const HOUR_MS = 3_600_000;
export const PERIODS = [
  { name: 'hour', ms: HOUR_MS },
  { name: 'day', ms: 24 * HOUR_MS },
  { name: 'week', ms: 7 * 24 * HOUR_MS },
  { name: 'month', ms: 30 * 24 * HOUR_MS },
] as const;

export interface AuditFilter {
  actor: string;
  action: string;
  object: string;
  since: string;
}

export function useAudit({ actor, action, object, since }: AuditFilter) {
  return useInfiniteQuery({
    queryKey: ['audit', actor, action, object, since],
    queryFn: ({ pageParam }) => {
      const period = PERIODS.find(({ name }) => name === since);
      return take(
        api.GET('/api/v1/audit', {
          params: {
            query: {
              limit: 200,
              ...(pageParam && { cursor: pageParam }),
              ...(actor && { actor }),
              ...(action && { action }),
              ...(object && { object }),
              ...(period && { since_ms: Date.now() - period.ms }),
            },
          },
        }),
      );
    },
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
}
