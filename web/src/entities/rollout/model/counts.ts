import { FAILED_STATES, UNDER_WAY_STATES, type DeviceState, type Rollout } from './states';

export type Counts = Rollout['counts'];

const sum = (counts: Counts, states: readonly DeviceState[]) =>
  states.reduce((all, state) => all + (counts[state] ?? 0), 0);

/** Total = done + failed + underWay + waiting + left out of play (cancelled, returned). */
export interface Shares {
  total: number;
  done: number;
  failed: number;
  underWay: number;
  waiting: number;
  out: number;
}

export function sharesOf(counts: Counts): Shares {
  return {
    total: counts['total'] ?? 0,
    done: sum(counts, ['success']),
    failed: sum(counts, FAILED_STATES),
    underWay: sum(counts, UNDER_WAY_STATES),
    waiting: sum(counts, ['waiting']),
    out: sum(counts, ['cancelled', 'returned']),
  };
}
