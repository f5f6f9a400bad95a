import { expect, test } from 'vitest';
import { en } from '../i18n';
import { whyDetail } from './why';

test.each([
  ['heard last at 2026-11-21T16:47:00.301Z', 'heard'],
  ['its certificate is good until 2027-02-19T16:46:38.000Z', 'certificateGood'],
  ['it is in wave 2, wave 1 is open', 'wave'],
  ['it is rolled_back after 1 of 1 attempts', 'attemptsOver'],
  ['it said rolled_back: its check failed\ntwice about this release', 'said'],
  ['it runs 2.0 (e3e2b7de1377), 2.1 (e8c7e4507426) is wanted', 'runs'],
  ['it has committed no version yet (that ends its probation), 2.1 (e8c7e4507426) is wanted', 'noneCommitted'],
  ['site/app has no target, and no rollout covers the device', 'noTarget'],
])('%j is said by %s', (detail, key) => {
  const found = whyDetail(detail);
  expect(found).toMatchObject({ key });
  const text = en.why.detail[key as keyof typeof en.why.detail];
  const wanted = [...text.matchAll(/\{\{(\w+)\}\}/g)].map((hole) => hole[1]);
  expect(Object.keys((found as { values: object }).values)).toEqual(expect.arrayContaining(wanted));
});

test('times are local, with UTC beside them; what the headline says is left out; other words stay', () => {
  expect(whyDetail('heard last at 2026-11-21T16:47:00.301Z')).toMatchObject({ utc: '2026-11-21 16:47:00 UTC' });
  expect(whyDetail('it is registered')).toBe('silent');
  expect(whyDetail('it needs arm64')).toBeNull();
});
