import { beforeEach, expect, test } from 'vitest';
import { changeLanguage } from '../i18n';
import { formatAgo, formatBytes, formatDuration, formatPercent, formatTime, formatUtc, percentOf } from './format';

beforeEach(() => changeLanguage('en'));

test.each([
  [9999, 10_000, 99],
  [10_000, 10_000, 100],
  [1, 3, 33],
  [57, 100, 57],
  [0, 0, 0],
  [99.999, 100, 99],
])('%s of %s is %s percent: never rounded up', (part, whole, percent) => {
  expect(percentOf(part, whole)).toBe(percent);
  expect(formatPercent(99.9)).toBe('99%');
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1500, '1.5 kB'],
  [999_960, '1 MB'],
  [123_456_789, '123 MB'],
])('%s bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test('short times tell another year', () => {
  const now = new Date(2026, 10, 21);
  expect(formatTime(new Date(2026, 11, 1, 9, 5), 'short', now)).toBe('Dec 1, 09:05');
  expect(formatTime(new Date(2027, 1, 19, 9, 5), 'short', now)).toBe('Feb 19, 2027, 09:05');
});

test('times: ago, duration, UTC, in both languages', () => {
  expect(formatAgo(1000, 181_000)).toBe('3 minutes ago');
  expect(formatDuration(26 * 3_600_000 + 5000)).toBe('1 d 2 h');
  expect(formatUtc('2026-11-21T13:00:00.123Z')).toBe('2026-11-21 13:00:00 UTC');
  changeLanguage('ko');
  expect(formatAgo(1000, 181_000)).toBe('3분 전');
  expect(formatDuration(250_000)).toBe('4분 10초');
});
