import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { api, take } from '@/shared/api/client';
import { useLive } from '@/shared/live';
import { Tiles, type TileChange } from '../model/tiles';
import { rolloutKeys } from './keys';

const TOPICS = ['tiles'] as const;
const AGAIN_MS = 1000;

/** Every device of a rollout. Read once; changes come four times a second and go straight to who draws. */
export function useTiles(id: string) {
  const client = useQueryClient();
  const key = rolloutKeys.part(id, 'tiles');
  const again = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useLive(TOPICS, (events) => {
    const tiles = client.getQueryData<Tiles>(key);
    let known = true;
    // One flush of the server comes in many events; who draws hears of it once.
    const changes: TileChange[][] = [];
    for (const { data } of events) {
      if (data['rollout'] !== id) continue;
      if (data['reload']) known = false;
      else if (Array.isArray(data['changes'])) changes.push(data['changes'] as TileChange[]);
    }
    if (tiles && changes.length && !tiles.apply(changes.flat())) known = false;
    if (known) return;
    again.current ??= setTimeout(() => {
      again.current = undefined;
      void client.invalidateQueries({ queryKey: key });
    }, AGAIN_MS);
  });
  return useQuery({
    queryKey: key,
    queryFn: async () => new Tiles(await take(api.GET('/api/v1/rollouts/{id}/tiles', { params: { path: { id } } }))),
    staleTime: Infinity,
    structuralSharing: false,
  });
}
