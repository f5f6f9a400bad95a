import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { fakeServer, renderPage } from '@/shared/testing/render';
import ContentPage from '.';

const me = {
  body: {
    kind: 'user',
    id: '1',
    name: 'ann',
    roles: [],
    scopes: ['releases:read', 'releases:write', 'rollouts:write', 'devices:read'],
  },
};
const file = { file_name: 'a.png', digest: 'sha256:aa', size: 3 };
const item = (n: number) => ({
  id: `C${n}`,
  title: `Poster ${n}`,
  description: '',
  original: file,
  display: file,
  created_at: '2026-01-01T00:00:00Z',
});
const link = { body: { url: 'http://localhost/api/v1/files/x', expires_at: '2099-01-01T00:00:00Z' } };

function server() {
  const routes: Parameters<typeof fakeServer>[0] = {
    'GET /api/v1/me': me,
    'GET /api/v1/devices': { body: { devices: [], total: 2 } },
    'GET /api/v1/content': (request) => {
      const cursor = Number(new URL(request.url).searchParams.get('cursor') ?? 0);
      const items = Array.from({ length: Math.min(8, 20 - cursor) }, (_, i) => item(cursor + i + 1));
      return { body: { items, next: cursor + 8 < 20 ? String(cursor + 8) : undefined } };
    },
  };
  for (let n = 1; n <= 20; n++) {
    routes[`POST /api/v1/content/C${n}/link`] = link;
    routes[`GET /api/v1/content/C${n}`] = { body: item(n), headers: { ETag: '"1"' } };
  }
  return fakeServer(routes);
}

test('eight on a page, the page in the address', async () => {
  server();
  const { router } = renderPage(<ContentPage />, { url: '/?page=3' });
  expect(await screen.findByRole('link', { name: 'Poster 17' })).toBeInTheDocument();
  expect(screen.queryByRole('link', { name: 'Poster 16' })).toBeNull();
  await waitFor(() => expect(screen.getAllByText('shown on 2 devices')).toHaveLength(4));
  await userEvent.click(screen.getByRole('button', { name: 'Page 2' }));
  expect(await screen.findByRole('link', { name: 'Poster 9' })).toBeInTheDocument();
  expect(router.state.location.search).toBe('?page=2');
});

test('a page that is not there leads back', async () => {
  server();
  renderPage(<ContentPage />, { url: '/?page=9' });
  expect(await screen.findByRole('heading', { name: 'There is no page 9' })).toBeInTheDocument();
});

test('a playlist is chosen across pages, ordered, and taken to a rollout', async () => {
  server();
  const user = userEvent.setup();
  const { router } = renderPage(<ContentPage />, { route: '/content', url: '/content' });
  await user.click(await screen.findByRole('button', { name: 'Choose for screens' }));
  await user.click(await screen.findByRole('checkbox', { name: 'Choose Poster 2' }));
  await user.click(screen.getByRole('button', { name: 'Page 2' }));
  for (const name of ['Choose Poster 9', 'Choose Poster 10', 'Choose Poster 11'])
    await user.click(await screen.findByRole('checkbox', { name }));
  await user.click(await screen.findByRole('button', { name: 'Move Poster 9 earlier' }));
  await user.click(screen.getByRole('button', { name: 'Take Poster 10 out' }));
  const chosen = screen.getByRole('heading', { name: /Chosen/ }).closest('section') as HTMLElement;
  expect(within(chosen).getAllByRole('listitem')).toHaveLength(3);
  await user.click(screen.getByRole('button', { name: 'Deploy 3 pictures' }));
  const { pathname, search } = router.state.location;
  expect(pathname + search).toBe('/rollouts/new?what=content%3AC9&what=content%3AC2&what=content%3AC11');
});
