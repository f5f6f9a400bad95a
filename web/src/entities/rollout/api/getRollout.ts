import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { api, take } from '@/shared/api/client';
import { useLive, useStaleOnceLeft } from '@/shared/live';
import type { Rollout } from '../model/states';
import { rolloutKeys } from './keys';

const TOPICS = ['rollouts'] as const;
const PARTS_EVERY_MS = 1000;
/** Parts about every device, which are not read again with each event. */
const ALONE: ReadonlySet<unknown> = new Set(['tiles', 'fetched', 'replay']);

export function useRollout(id: string) {
  return useQuery({
    queryKey: rolloutKeys.one(id),
    queryFn: () => take(api.GET('/api/v1/rollouts/{id}', { params: { path: { id } } })),
  });
}

/**
 * Keeps one rollout as the events say it is: their sums are exact. Waves, failures and the log are read again at most
 * once a second; tiles have a topic of their own.
 */
export function useRolloutLive(id: string) {
  const client = useQueryClient();
  const due = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useStaleOnceLeft(rolloutKeys.one(id));
  useLive(TOPICS, (events) => {
    const mine = events.map((event) => event.data).filter((data) => data['id'] === id);
    if (mine.length === 0) return;
    const summary = mine.filter((data) => !('device' in data)).at(-1) as Partial<Rollout> | undefined;
    if (summary) client.setQueryData<Rollout>(rolloutKeys.one(id), (before) => before && merged(before, summary));
    due.current ??= setTimeout(() => {
      due.current = undefined;
      void client.invalidateQueries({
        queryKey: rolloutKeys.one(id),
        predicate: (query) => !ALONE.has(query.queryKey[3]),
      });
    }, PARTS_EVERY_MS);
  });
}

/** News that are newer. What they leave out is not so any more. */
export function merged(before: Rollout, news: Partial<Rollout>): Rollout {
  if ((news.revision ?? -1) < before.revision) return before;
  return {
    ...before,
    cause: undefined,
    approver: undefined,
    advance_asked_by: undefined,
    finished_at: undefined,
    ...news,
  };
}
