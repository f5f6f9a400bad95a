// @vitest-environment node
import { expect, test } from 'vitest';
import { hasBegun, stepOf, tilesAt, timeOf } from './replay';
import { Tiles } from './tiles';

const now = new Tiles({ prefix: 'door-', devices: ['1', '2', '3', '4'], states: 'SFdw', percents: [42] });
const replay = { steps: 10, begun: [0, 2, 5, -1], ended: [3, 9, -1, -1] };
const at = (step: number) => {
  const tiles = tilesAt(now, replay, step);
  return Array.from({ length: tiles.size }, (_, place) => tiles.letter(place)).join('');
};

test('each device waits, has its turn, and ends as it ended', () => {
  expect(at(0)).toBe('qwww');
  expect(at(2)).toBe('qqww');
  expect(at(3)).toBe('Sqww');
  expect(at(5)).toBe('Sqqw');
  expect(at(9)).toBe('SFqw');
});

test('the devices keep their places; one that joined since is not there yet', () => {
  expect(tilesAt(now, replay, 9).id(3)).toBe('door-4');
  expect(tilesAt(now, { steps: 10, begun: [0], ended: [0] }, 9).size).toBe(4);
});

test('the last step is how it is now: under way, or waiting for the next try', () => {
  expect(at(10)).toBe('SFdw');
  expect(tilesAt(now, replay, 10)).toBe(now); // and goes on with it
});

test('a time is the last step before it, and stays that moment when a rollout has gone on', () => {
  const from = '2026-01-01T00:00:00Z';
  const times = { from, step_ms: 60_000, steps: 10 };
  for (let step = 0; step <= 10; step++) expect(stepOf(times, timeOf(times, step))).toBe(step);
  expect(stepOf(times, timeOf(times, 4) + 59_999)).toBe(4);
  const later = { from, step_ms: 120_000, steps: 20 };
  expect(timeOf(later, stepOf(later, timeOf(times, 4)))).toBe(timeOf(times, 4));
});

test.each([
  ['99999999999999999999', 10],
  ['Infinity', 10],
  ['-5', 0],
  ['0', 0],
  ['nonsense', 0],
])('an address that says %s is at step %d', (text, step) => {
  expect(stepOf({ from: '2026-01-01T00:00:00Z', step_ms: 60_000, steps: 10 }, Number(text))).toBe(step);
});

test('nothing has begun', () => {
  expect(hasBegun({ begun: [-1], ended: [-1] })).toBe(false);
  expect(hasBegun({ begun: [-1, 0], ended: [-1, -1] })).toBe(true);
});
