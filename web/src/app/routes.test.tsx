import { matchRoutes, type LoaderFunction } from 'react-router';
import { expect, test } from 'vitest';
import { routes } from './routes';

const match = (url: string) => matchRoutes(routes, url)?.at(-1);

test.each([
  ['/firmware/list', '/firmware'],
  ['/firmware/deployment', '/rollouts'],
  ['/firmware/deployment/01ABC', '/rollouts/01ABC'],
  ['/device', '/devices'],
  ['/device/lobby%2F1', '/devices/lobby%2F1'],
  ['/ads/list', '/content'],
  ['/ads/7', '/content/7'],
  ['/ads/deployment', '/rollouts'],
  ['/ads/deployment/01ABC', '/rollouts/01ABC'],
  ['/dashboard', '/'],
])('the former address %s leads to %s', async (from, to) => {
  const found = match(from);
  const loader = found?.route.loader as LoaderFunction;
  const answer = (await loader({ params: found?.params } as never)) as Response;
  expect(answer.headers.get('Location')).toBe(to);
});

test.each([
  '/',
  '/setup',
  '/login',
  '/firmware',
  '/firmware/7',
  '/rollouts/new',
  '/images/site%2Fapp/sha256:ab',
  '/settings/users',
])('%s has a page', (url) => {
  expect(match(url)?.route.lazy).toBeTypeOf('function');
});

test('what there is not says so', () => {
  expect(match('/nothing/here')?.route.path).toBe('*');
});
