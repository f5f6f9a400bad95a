import { expect, test } from 'vitest';
import { changeLanguage, currentLanguage } from '../i18n';
import { stored } from '../lib/stored';

const kept = stored('stratus.of-a-test', 'first');

// Two tests on purpose: the second must not see what the first leaves behind.
test('a test that leaves a language and a stored value behind', () => {
  changeLanguage('ko');
  kept.set('second');
  expect([currentLanguage(), kept.get()]).toEqual(['ko', 'second']);
});

test('the next one begins anew', () => {
  expect(currentLanguage()).toBe('en');
  expect(document.documentElement.lang).toBe('en');
  expect(kept.get()).toBe('first');
  expect(localStorage).toHaveLength(0);
});
