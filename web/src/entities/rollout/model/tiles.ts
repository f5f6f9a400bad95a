import type { Answer } from '@/shared/api/client';
import { DEVICE_STATES, type DeviceState } from './states';

export type TilesAnswer = Answer<'getRolloutTiles'>;

/** The letters of the interface, in the order of DEVICE_STATES. */
const LETTERS = 'wqdicrSFTCBR';
const UNDER_WAY = 'qdicr';

/** `[place, letter, percent]` of the topic `tiles`. */
export type TileChange = readonly [number, string, number];

/**
 * Every device of a rollout in a few flat arrays: 100,000 of them cost some megabytes, and one more percent costs one
 * write. Not React state: who draws listens and gets the places that differ.
 */
export class Tiles {
  readonly size: number;
  readonly counts = new Int32Array(DEVICE_STATES.length);
  private readonly states: Uint8Array;
  private readonly percents: Uint8Array;
  private readonly listeners = new Set<(changed: readonly number[]) => void>();

  constructor(private readonly answer: Pick<TilesAnswer, 'prefix' | 'devices' | 'states' | 'percents'>) {
    this.size = answer.devices.length;
    this.states = new Uint8Array(this.size);
    this.percents = new Uint8Array(this.size);
    let next = 0;
    for (let at = 0; at < this.size; at++) {
      const letter = answer.states[at] ?? 'w';
      this.states[at] = Math.max(0, LETTERS.indexOf(letter));
      this.counts[this.states[at]!]!++;
      if (UNDER_WAY.includes(letter)) this.percents[at] = answer.percents[next++] ?? 0;
    }
  }

  id = (at: number): string => this.answer.prefix + (this.answer.devices[at] ?? '');
  code = (at: number): number => this.states[at] ?? 0;
  letter = (at: number): string => LETTERS[this.code(at)]!;
  state = (at: number): DeviceState => DEVICE_STATES[this.states[at] ?? 0]!;
  percent = (at: number): number => this.percents[at] ?? 0;
  count = (state: DeviceState): number => this.counts[DEVICE_STATES.indexOf(state)] ?? 0;

  /** Takes changes in. False: one is about a place that was not there, so all has to be read again. */
  apply(changes: readonly TileChange[]): boolean {
    const changed: number[] = [];
    let known = true;
    for (const change of changes) {
      const at = change[0];
      const percent = change[2];
      const code = LETTERS.indexOf(change[1]);
      if (!(at >= 0 && at < this.size) || code < 0) {
        known = false;
        continue;
      }
      const whole = Math.max(0, Math.min(100, Math.floor(percent)));
      if (this.states[at] === code && this.percents[at] === whole) continue;
      this.counts[this.states[at]!]!--;
      this.counts[code]!++;
      this.states[at] = code;
      this.percents[at] = whole;
      changed.push(at);
    }
    if (changed.length) this.listeners.forEach((listener) => listener(changed));
    return known;
  }

  listen(listener: (changed: readonly number[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

export interface TileSection {
  number: number; // of the wave; 0: waves are not told apart
  first: number;
  count: number;
}

/**
 * Places follow the waves, as long as nobody joined later: then new places are at the end, whatever their wave, and
 * all squares are one section.
 */
export function tileSections(
  size: number,
  waves: readonly { number: number; devices: number }[],
  joining: unknown,
): TileSection[] {
  const sum = waves.reduce((all, wave) => all + wave.devices, 0);
  if (waves.length < 2 || sum !== size || (joining !== undefined && joining !== 'no'))
    return [{ number: 0, first: 0, count: size }];
  let first = 0;
  return waves.flatMap(({ number, devices }) => {
    const section = { number, first, count: devices };
    first += devices;
    return devices > 0 ? [section] : [];
  });
}
