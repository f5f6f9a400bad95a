import { describe, expect, test } from 'vitest';
import { rolloutCommand } from '@/entities/rollout/model/command';
import type { Rollout } from '@/entities/rollout/model/states';
import { offersOf } from './offers';
import { CANARY, EMPTY, risksOf, rolloutOf, wishOfQuery, wishOfRollout, type Wish } from './wish';

const wish = (more: Partial<Wish>): Wish => ({ ...EMPTY, parts: [{ name: 'site/app', version: '2' }], ...more });

describe('a link answers the first questions', () => {
  test('what and who', () => {
    const found = wishOfQuery(new URLSearchParams('what=site%2Fapp:2&what=a:b:c&what=bad&device=d1&device=d2'));
    expect(found.parts).toEqual([
      { name: 'site/app', version: '2' },
      { name: 'a:b', version: 'c' },
    ]);
    expect([found.who, found.devices]).toEqual(['devices', ['d1', 'd2']]);
    expect(wishOfQuery(new URLSearchParams('filter=state%3Dfailed')).who).toBe('filter');
    expect(wishOfQuery(new URLSearchParams('all=1')).who).toBe('all');
  });
});

describe('what is sent', () => {
  test('nothing before it is known what and for whom', () => {
    expect(rolloutOf(EMPTY)).toBeNull();
    expect(rolloutOf(wish({ who: 'places' }))).toBeNull();
    expect(rolloutOf(wish({ who: 'filter', filter: '  ' }))).toBeNull();
  });
  test('waves with gates, and only limits that are wished', () => {
    const body = rolloutOf(wish({ regions: ['seoul'], rate: 600 }));
    expect(body).toMatchObject({ targets: { regions: ['seoul'] }, rate_per_minute: 600, expires_s: 604_800 });
    expect(body?.waves).toHaveLength(CANARY.length);
    expect(body?.waves?.[0]).toEqual({ percent: 1, success_percent: 90, failure_percent: 10, soak_s: 3600 });
    expect(body).not.toHaveProperty('max_in_flight');
    expect(rolloutOf(wish({ who: 'all', plan: 'once' }))).not.toHaveProperty('waves');
  });
  test('the same on the command line', () => {
    const body = rolloutOf(
      wish({
        title: "Ann's",
        groups: ['lab'],
        plan: 'custom',
        waves: [
          { by: 'groups', amount: 1, groups: ['lab', 'pilot'], success: 95, failure: 5, soakMinutes: 90 },
          { by: 'count', amount: 100, groups: [], success: 90, failure: 10, soakMinutes: 0 },
        ],
        windowOn: true,
        windowDays: ['sat', 'sun'],
        approval: true,
        retries: 2,
      }),
    );
    expect(rolloutCommand(body!)).toBe(
      `stratus rollout create site/app:2 --title 'Ann'\\''s' --group lab --wave group:lab,group:pilot,soak=90m,success=95,failure=5` +
        ` --wave 100,success=90,failure=10 --expires 7d --window 'sat,sun 02:00-05:00' --retries 2 --approval`,
    );
  });
});

test('a copy asks for the same again', () => {
  const spec = {
    contents: [{ name: 'site/app', version: '1', digest: 'sha256:0' }],
    targets: { all: false, devices: [], groups: ['lab'], regions: [], filter: '' },
    waves: [
      { percent: 5, success_percent: 80, failure_percent: 20, soak_ms: 60_000 },
      { percent: 100, success_percent: 80, failure_percent: 20, soak_ms: 60_000 },
    ],
    retries: 3,
    approval: true,
    joining: 'no',
  };
  const copy = wishOfRollout({ title: 'T', contents: [], spec } as unknown as Rollout);
  expect(copy).toMatchObject({
    who: 'places',
    groups: ['lab'],
    plan: 'custom',
    retries: 3,
    approval: true,
    parts: [{ name: 'site/app', version: '1' }],
  });
  expect(copy.waves[0]).toMatchObject({ by: 'percent', amount: 5, success: 80, failure: 20, soakMinutes: 1 });
});

test('what a colleague would ask', () => {
  expect(risksOf(wish({ who: 'all', plan: 'once', retries: 0 }), 5000, 0)).toEqual(['noWaves', 'wide', 'noRetries']);
  expect(risksOf(wish({ regions: ['seoul'] }), 10, 50)).toEqual(['manyLeftOut']);
});

test('everything that can be rolled out, the newest version first', () => {
  const offers = offersOf(
    [
      {
        name: 'site/app',
        versions: [
          { version: '1', digest: 'd', created_ms: 1 },
          { version: '2', digest: 'e', created_ms: 2 },
        ],
      },
      { name: 'empty', versions: [] },
    ],
    [{ name: 'kiosk', version: '7', created_at: '2026-01-01T00:00:00Z' }] as unknown as Parameters<typeof offersOf>[1],
    [{ id: '01J', title: 'Poster' }] as unknown as Parameters<typeof offersOf>[2],
  );
  expect(offers.map(({ name, versions }) => [name, versions.map((one) => one.version)])).toEqual([
    ['site/app', ['2', '1']],
    ['firmware/kiosk', ['7']],
    ['content', ['01J']],
  ]);
});
