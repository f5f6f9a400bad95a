import { readFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { changeLanguage } from '@/shared/i18n';
import { said, SENTENCES } from './said';

beforeEach(() => changeLanguage('ko'));

test('a sentence of the server is Korean, what a device or a person said stays', () => {
  expect(said('gate of wave 1: 4 of 4 devices failed (at most 10 % may, 90 % must succeed)')).toBe(
    '1단계 기준 미달: 4대 중 4대 실패(실패는 10% 이하, 성공은 90% 이상이어야 합니다)',
  );
  expect(said('the rollout is paused: paused by user:ann: lunch: soup')).toBe(
    '배포 상태: 일시 중지 – ann 님이 일시 중지: lunch: soup',
  );
  expect(said('simulated: the new version is not well')).toBe('simulated: the new version is not well');
});

test('in English only the kind of a person goes', () => {
  changeLanguage('en');
  expect(said('paused by user:ann: lunch')).toBe('paused by ann: lunch');
  expect(said('aborted by token:ci')).toBe('aborted by token:ci');
});

// A sentence that is changed or added there fails here.
test.each(['campaign.cpp', 'campaign_devices.cpp', 'campaign_time.cpp', 'plan.cpp'])(
  'every sentence of %s has its Korean',
  (file) => {
    const source = readFileSync(`${import.meta.dirname}/../../../../../src/stratus/rollout/${file}`, 'utf8')
      .replace(/fail\(ErrorCode[^;]*;/gs, '') // refusals have codes
      .replace(/"\s*\n\s*"/g, '')
      .replaceAll('{}:{}', '{}'); // a name with its version is one word here
    const sentences = [...source.matchAll(/"((?:[^"\\\n]|\\.)*)"/g)]
      .map((match) => match[1]!)
      .filter((text) => / /.test(text.trim()) && /[a-z]{2}/.test(text) && !text.includes('%'));
    const known = SENTENCES.map(([english]) => english.replace(/\{\w+\}/g, '{}'));
    const missing = sentences.filter(
      (text) =>
        !known.some((one) => one === text || one.startsWith(text) || one.endsWith(text) || text.startsWith(one)),
    );
    expect(sentences.length).toBeGreaterThan(3);
    expect(missing).toEqual([]);
  },
);
