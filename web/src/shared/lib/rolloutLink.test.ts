// @vitest-environment node
import { expect, it } from 'vitest';
import { contentPart, firmwarePart, newRolloutPath, partsOfQuery } from './rolloutLink';

it('carries what is deployed, in its order, there and back', () => {
  const parts = [
    { name: 'site/app', version: '1.2' },
    firmwarePart('kiosk & co', '2.0'),
    contentPart('01B'),
    contentPart('01A'),
  ];
  const path = newRolloutPath(parts);
  expect(path.startsWith('/rollouts/new?what=site%2Fapp%3A1.2&what=firmware%2Fkiosk')).toBe(true);
  expect(partsOfQuery(new URL(path, 'http://x').searchParams)).toEqual(parts);
});

it('leaves out what is no part', () =>
  expect(partsOfQuery(new URLSearchParams('what=a&what=:b&what=c:&other=d:e'))).toEqual([]));
