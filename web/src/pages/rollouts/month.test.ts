// @vitest-environment node
import { expect, test } from 'vitest';
import { addMonths, monthOf, weeksOf } from './month';

const days = (weeks: Date[][]) => weeks.map((week) => week.map((day) => day.getDate()));

test('whole weeks, beginning with the day that a country begins them with', () => {
  // 1 November 2026 is a Sunday.
  expect(days(weeksOf('2026-11', 0))[0]).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(days(weeksOf('2026-11', 0))).toHaveLength(5);
  expect(days(weeksOf('2026-11', 1))[0]).toEqual([26, 27, 28, 29, 30, 31, 1]);
  expect(days(weeksOf('2026-11', 1))).toHaveLength(6);
  expect(days(weeksOf('2026-02', 0))).toEqual(
    [0, 7, 14, 21].map((start) => [1, 2, 3, 4, 5, 6, 7].map((day) => start + day)),
  );
});

test('months follow each other over the turn of the year; nonsense is now', () => {
  expect(addMonths('2026-12', 1)).toBe('2027-01');
  expect(addMonths('2026-01', -1)).toBe('2025-12');
  for (const nonsense of ['', '2026-13', '<b>']) expect(addMonths(nonsense, 0, new Date(2026, 4, 31))).toBe('2026-05');
  expect(monthOf(new Date(2026, 0, 31))).toBe('2026-01');
});
