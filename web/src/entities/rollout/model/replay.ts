import type { Answer } from '@/shared/api/client';
import { Tiles } from './tiles';

export type Replay = Pick<Answer<'getRolloutReplay'>, 'from' | 'step_ms' | 'steps' | 'begun' | 'ended'>;

/** The last step at or before a time, whatever an address says of it. */
export function stepOf({ from, step_ms, steps }: Pick<Replay, 'from' | 'step_ms' | 'steps'>, time: number): number {
  const step = Math.floor((time - Date.parse(from)) / step_ms);
  return Math.min(Math.max(0, step || 0), steps);
}

export function timeOf({ from, step_ms }: Pick<Replay, 'from' | 'step_ms'>, step: number): number {
  return Date.parse(from) + step * step_ms;
}

/** Whether there is anything to look back at. */
export function hasBegun({ begun, ended }: Pick<Replay, 'begun' | 'ended'>): boolean {
  return begun.some((step) => step >= 0) || ended.some((step) => step >= 0);
}

/**
 * The squares as they were in a step: before its last attempt a device waited, then it was its turn, then it is what it
 * is now. The last step is now. Earlier attempts, and how far a download was at that time, nobody has kept.
 */
export function tilesAt(now: Tiles, { begun, ended, steps }: Omit<Replay, 'from' | 'step_ms'>, step: number): Tiles {
  if (step >= steps) return now;
  const devices: string[] = [];
  let states = '';
  for (let at = 0; at < now.size; at++) {
    devices.push(now.id(at));
    const [from = -1, to = -1] = [begun[at], ended[at]];
    if (to >= 0 && to <= step) states += now.letter(at);
    else states += from >= 0 && from <= step ? 'q' : 'w';
  }
  return new Tiles({ prefix: '', devices, states, percents: [] });
}
