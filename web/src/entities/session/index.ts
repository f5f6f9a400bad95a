import { useQuery, useQueryClient } from '@tanstack/react-query';
import { api, setCsrf, take, type Answer } from '@/shared/api/client';
import { Problem } from '@/shared/api/problem';
import type { Topic } from '@/shared/live';

export type Me = Answer<'getMe'>;
export type Scope = Me['scopes'][number];

export const ME_KEY = ['me'] as const;

/** Who is signed in; null: nobody. */
export function useMe() {
  return useQuery({ queryKey: ME_KEY, queryFn: fetchMe, staleTime: Infinity });
}

async function fetchMe(): Promise<Me | null> {
  try {
    return adopt(await take(api.GET('/api/v1/me')));
  } catch (error) {
    if (Problem.is(error, 'unauthenticated')) return null;
    throw error;
  }
}

function adopt(me: Me): Me {
  setCsrf(me.csrf);
  return me;
}

/** What an answer to signing in means for the rest: it is who is there now. */
export function useAdoptMe(): (me: Me | null) => void {
  const client = useQueryClient();
  return (me) => {
    if (me) adopt(me);
    else setCsrf(undefined);
    // What somebody else saw is not shown to who comes next.
    client.removeQueries({ predicate: (query) => query.queryKey[0] !== 'me' });
    client.setQueryData(ME_KEY, me);
  };
}

/** Whether who is signed in has the permission. A missing one disables and explains; it never hides. */
export function useCan(): (scope: Scope) => boolean {
  const { data } = useMe();
  return (scope) => data?.scopes.includes(scope) ?? false;
}

const TOPICS: [Topic, Scope][] = [
  ['devices', 'devices:read'],
  ['telemetry', 'devices:read'],
  ['gateways', 'devices:read'],
  ['certificates', 'devices:read'],
  ['releases', 'releases:read'],
  ['artifacts', 'releases:read'],
  ['rollouts', 'rollouts:read'],
  ['tiles', 'rollouts:read'],
  ['settings', 'devices:read'],
  ['people', 'people:admin'],
  ['audit', 'audit:read'],
];

/** The topics of the event stream that `me` may see (src/stratus/server/event_bus.cpp). */
export function topicsOf(me: Me | null | undefined): Topic[] {
  return TOPICS.filter(([, scope]) => me?.scopes.includes(scope)).map(([topic]) => topic);
}
