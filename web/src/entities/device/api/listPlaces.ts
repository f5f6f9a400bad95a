import { useQuery } from '@tanstack/react-query';
import { api, take, type Answer } from '@/shared/api/client';

export type Place = Answer<'getRegion'>;
export type SavedFilter = Answer<'getFilter'>;
export type PlaceKind = 'region' | 'group';

export const placeKeys = { all: ['places'] as const, kind: (kind: PlaceKind | 'filter') => ['places', kind] as const };

const LIMIT = 1000;

/** All regions or groups by code, with their counts. */
export function usePlaces(kind: PlaceKind) {
  return useQuery({
    queryKey: placeKeys.kind(kind),
    queryFn: async (): Promise<Place[]> => {
      const places: Place[] = [];
      let after: string | undefined;
      do {
        const query = { limit: LIMIT, after };
        if (kind === 'region') {
          const page: Answer<'listRegions'> = await take(api.GET('/api/v1/regions', { params: { query } }));
          places.push(...page.regions);
          after = page.next;
        } else {
          const page: Answer<'listGroups'> = await take(api.GET('/api/v1/groups', { params: { query } }));
          places.push(...page.groups);
          after = page.next;
        }
      } while (after);
      return places;
    },
  });
}

export function useSavedFilters() {
  return useQuery({
    queryKey: placeKeys.kind('filter'),
    queryFn: async () => (await take(api.GET('/api/v1/filters', { params: { query: { limit: LIMIT } } }))).filters,
  });
}
