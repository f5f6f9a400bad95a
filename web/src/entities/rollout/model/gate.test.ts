import { describe, expect, test } from 'vitest';
import { sharesOf, type Counts } from './counts';
import { haltingWave, judge, wavePhase, waveSpec, type WaveState } from './gate';

const counts = (of: Record<string, number>): Counts => {
  const total = Object.values(of).reduce((sum, one) => sum + one, 0);
  const open = (of['waiting'] ?? 0) + (of['downloading'] ?? 0);
  return { total, open, closed: total - open, ...of };
};
const gate = { successPercent: 90, failurePercent: 10, soakMs: 60_000 };

describe('a gate', () => {
  test('holds while failures fit', () => {
    expect(judge(counts({ success: 5, failed: 1, waiting: 4 }), gate, 0)).toMatchObject({
      passed: false,
      failed: false,
      allowance: 0,
    });
  });
  test('fails with one failure too many, passes with enough successes', () => {
    expect(judge(counts({ success: 5, failed: 1, timeout: 1, waiting: 3 }), gate, 0)).toMatchObject({
      failed: true,
      failures: 2,
    });
    expect(judge(counts({ success: 9, waiting: 1 }), gate, 0)).toMatchObject({ passed: true, failed: false });
  });
  test('success out of reach is failure, whatever may fail', () => {
    expect(judge(counts({ failed: 2, waiting: 8 }), { ...gate, failurePercent: 100 }, 0).failed).toBe(true);
  });
  test('leaves out what was cancelled and what a person accepted', () => {
    expect(judge(counts({ success: 8, cancelled: 10, rolled_back: 2 }), gate, 2)).toMatchObject({
      counted: 8,
      failures: 0,
      passed: true,
    });
  });
  test('no waves: nothing holds anything back', () => {
    expect(judge(counts({ failed: 10 }), { successPercent: 0, failurePercent: 100, soakMs: 0 }, 0).failed).toBe(false);
  });
});

test('shares add up to the total', () => {
  const shares = sharesOf(
    counts({
      success: 3,
      failed: 1,
      timeout: 1,
      rolled_back: 1,
      cancelled: 1,
      returned: 1,
      waiting: 2,
      downloading: 4,
    }),
  );
  expect(shares).toEqual({ total: 14, done: 3, failed: 3, underWay: 4, waiting: 2, out: 2 });
});

describe('a wave', () => {
  const wave = (more: Partial<WaveState>): WaveState => ({
    number: 1,
    devices: 10,
    percent: 0,
    counts: counts({ waiting: 10 }),
    accepted_failures: 0,
    ...more,
  });
  const at = '2026-01-01T00:00:00Z';
  test('waits, opens, soaks, passes', () => {
    expect(wavePhase(wave({}), gate, 'running').phase).toBe('waiting');
    expect(wavePhase(wave({ opened_at: at }), gate, 'running').phase).toBe('open');
    expect(wavePhase(wave({ opened_at: at, settled_at: at }), gate, 'running')).toEqual({
      phase: 'soaking',
      soakEnds: Date.parse(at) + 60_000,
    });
    expect(wavePhase(wave({ opened_at: at, settled_at: at, passed_at: at }), gate, 'running').phase).toBe('passed');
  });
  test('halts', () => {
    expect(wavePhase(wave({ opened_at: at, counts: counts({ failed: 5, waiting: 5 }) }), gate, 'paused').phase).toBe(
      'halted',
    );
  });
  test('a gate is told from a person', () => {
    expect(haltingWave('paused', 'gate of wave 2: 3 of 10 devices failed (at most 10 % may, 90 % must succeed)')).toBe(
      2,
    );
    expect(haltingWave('paused', 'paused by ann: gate of wave 2: no')).toBeNull();
    expect(haltingWave('running', 'gate of wave 2: old')).toBeNull();
  });
  test('is read from the specification', () => {
    const spec = {
      waves: [{ percent: 5, success_percent: 80, failure_percent: 20, soak_ms: 5000 }, { groups: ['lab', 'pilot'] }],
    };
    expect(waveSpec(spec, 0)).toEqual({ size: '5%', successPercent: 80, failurePercent: 20, soakMs: 5000 });
    expect(waveSpec(spec, 1).size).toBe('lab, pilot');
    expect(waveSpec(undefined, 3)).toMatchObject({ size: '', successPercent: 90 });
  });
});
