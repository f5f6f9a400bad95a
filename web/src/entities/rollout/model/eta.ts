import { sharesOf } from './counts';
import type { Rollout } from './states';

/**
 * How long it may still take at the pace so far, milliseconds; undefined while there is nothing to go by. Soak times
 * and windows make it longer: it is said with "about".
 */
export function etaOf(rollout: Rollout, now: number): number | undefined {
  if (rollout.state !== 'running' || !rollout.started_at) return undefined;
  const { total, done, failed, out } = sharesOf(rollout.counts);
  const closed = done + failed + out;
  const passed = now - Date.parse(rollout.started_at);
  if (closed < 5 || closed === total || passed <= 0) return undefined;
  return (passed / closed) * (total - closed);
}
