import { useMemo } from 'react';
import type { Rollout } from '@/entities/rollout/model/states';
import { tileSections, type Tiles } from '@/entities/rollout/model/tiles';

/** The waves' sections; the same ones as long as nothing about them changes. */
export function useSections(tiles: Tiles, rollout: Rollout) {
  const waves = rollout.waves?.map(({ number, devices }) => `${number}:${devices}`).join() ?? '';
  const joining = (rollout.spec as { joining?: unknown } | undefined)?.joining;
  return useMemo(() => {
    const parsed = waves
      .split(',')
      .filter(Boolean)
      .map((text) => {
        const [number = 0, devices = 0] = text.split(':').map(Number);
        return { number, devices };
      });
    return tileSections(tiles.size, parsed, joining);
  }, [tiles.size, waves, joining]);
}
