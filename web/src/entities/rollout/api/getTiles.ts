import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { api, take } from '@/shared/api/client';
import { useLive, useStaleOnceLeft } from '@/shared/live';
import { Tiles, type TileChange } from '../model/tiles';
import { rolloutKeys } from './keys';

const TOPICS = ['tiles'] as const;
const AGAIN_MS = 1000;

/** Changes that come while a rollout's tiles are on their way: those on the way may be older. */
const meanwhile = new Map<string, TileChange[]>();

/** Every device of a rollout. Read once; changes come four times a second and go straight to who draws. */
export function useTiles(id: string) {
  const client = useQueryClient();
  const key = rolloutKeys.part(id, 'tiles');
  const again = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const readAgain = () => {
    again.current ??= setTimeout(() => {
      again.current = undefined;
      void client.invalidateQueries({ queryKey: key });
    }, AGAIN_MS);
  };
  useStaleOnceLeft(key);
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
    const flat = changes.flat();
    const late = meanwhile.get(id);
    if (late) for (const change of flat) late.push(change);
    if (tiles && flat.length && !tiles.apply(flat)) known = false;
    if (!known) readAgain();
  });
  return useQuery({
    queryKey: key,
    queryFn: async () => {
      const changes: TileChange[] = [];
      meanwhile.set(id, changes);
      const answer = await take(api.GET('/api/v1/rollouts/{id}/tiles', { params: { path: { id } } })).finally(() => {
        if (meanwhile.get(id) === changes) meanwhile.delete(id);
      });
      const tiles = new Tiles(answer);
      // What came last in the stream is at least as new as what was read; newer still is to come.
      if (!tiles.apply(changes)) readAgain();
      return tiles;
    },
    staleTime: Infinity,
    structuralSharing: false,
  });
}
