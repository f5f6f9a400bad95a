import { sharesOf, type Counts } from './counts';
import type { Rollout } from './states';

export type WaveState = NonNullable<Rollout['waves']>[number];

/** What was asked of one wave, as `spec.waves` has it; the defaults are the server's. */
export interface Gate {
  successPercent: number;
  failurePercent: number;
  soakMs: number;
}

export interface WaveSpec extends Gate {
  /** "5%", "100", "lab, pilot": who belongs to it; empty: everybody who is left. */
  size: string;
}

const number = (value: unknown, otherwise: number) => (typeof value === 'number' ? value : otherwise);

/** Reads `spec.waves`, which the interface leaves untyped. Wave `index` beyond them has the gate of the last. */
export function waveSpec(spec: unknown, index: number): WaveSpec {
  const waves = (spec as { waves?: unknown } | undefined)?.waves;
  const list = Array.isArray(waves) ? (waves as Record<string, unknown>[]) : [];
  const own = list[index];
  const wave = own ?? list[list.length - 1] ?? {};
  const groups = own?.['groups'];
  let size = '';
  if (own && typeof own['percent'] === 'number' && own['percent'] > 0) size = `${own['percent']}%`;
  else if (own && typeof own['count'] === 'number' && own['count'] > 0) size = String(own['count']);
  else if (Array.isArray(groups)) size = groups.join(', ');
  return {
    size,
    successPercent: number(wave['success_percent'], 90),
    failurePercent: number(wave['failure_percent'], 10),
    soakMs: number(wave['soak_ms'], number(wave['soak_s'], 0) * 1000),
  };
}

export interface Judgement {
  counted: number; // devices the gate looks at: cancelled ones and accepted failures are left out
  successes: number;
  failures: number;
  passed: boolean;
  failed: boolean;
  /** Failures that still fit; the next one halts. */
  allowance: number;
}

/** As `Campaign::judge` does on the server (docs/rollouts.md, "Waves and gates"). */
export function judge(counts: Counts, gate: Gate, accepted: number): Judgement {
  const { total, done, failed } = sharesOf(counts);
  const counted = total - (counts['cancelled'] ?? 0) - accepted;
  const failures = Math.max(0, failed - accepted);
  const most = Math.min(
    Math.floor((gate.failurePercent * counted) / 100),
    Math.floor((counted * (100 - gate.successPercent)) / 100),
  );
  return {
    counted,
    successes: done,
    failures,
    passed: done * 100 >= gate.successPercent * counted,
    failed: failures > 0 && failures > most,
    allowance: Math.max(0, most - failures),
  };
}

export type WavePhase = 'waiting' | 'open' | 'soaking' | 'passed' | 'halted';

/** Where a wave stands. `soakEnds`: when the next may open, milliseconds. */
export function wavePhase(wave: WaveState, gate: Gate, rolloutState: string): { phase: WavePhase; soakEnds?: number } {
  if (!wave.opened_at) return { phase: 'waiting' };
  if (judge(wave.counts, gate, wave.accepted_failures).failed && rolloutState === 'paused') return { phase: 'halted' };
  if (wave.passed_at) return { phase: 'passed' };
  if (wave.settled_at) {
    const soakEnds = new Date(wave.settled_at).getTime() + gate.soakMs;
    return wave.counts.open === 0 && rolloutState === 'completed'
      ? { phase: 'passed' }
      : { phase: 'soaking', soakEnds };
  }
  return { phase: 'open' };
}

/** The wave whose gate stopped the rollout, as its `cause` names it; null when a person paused it. */
export function haltingWave(state: string, cause: string | undefined): number | null {
  const found = state === 'paused' ? /^gate of wave (\d+):/.exec(cause ?? '') : null;
  return found ? Number(found[1]) : null;
}
