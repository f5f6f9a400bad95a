import { useQuery } from '@tanstack/react-query';
import { api, take, type Answer } from '@/shared/api/client';
import { useLiveRefresh } from '@/shared/live';

export type Overview = Answer<'getOverview'>;
export type Alert = Overview['alerts'][number];

const KEY = ['overview'];

/** What the server counts for the overview: numbers of the fleet, and what needs attention. Follows the event stream. */
export function useOverview() {
  useLiveRefresh(['devices', 'rollouts', 'gateways', 'certificates', 'releases'], KEY, 2000);
  return useQuery({ queryKey: KEY, queryFn: () => take(api.GET('/api/v1/overview')), refetchInterval: 60_000 });
}

/** Where one sees what an alert is about. */
export function placeOf({ filter, object, code }: Alert): string | null {
  if (object?.startsWith('rollout:')) return `/rollouts/${encodeURIComponent(object.slice('rollout:'.length))}`;
  if (object?.startsWith('device:')) return `/devices/${encodeURIComponent(object.slice('device:'.length))}`;
  if (filter) return `/devices?filter=${encodeURIComponent(filter)}`;
  if (code === 'gateways_away') return '/gateways';
  if (code.startsWith('certificates') || code === 'revocation_list_overdue') return '/settings/certificates';
  return null;
}
