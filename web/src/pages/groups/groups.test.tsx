import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { fakeServer, renderPage } from '@/shared/testing/render';
import GroupsPage from '.';

const me = (scopes: string[]) => ({ kind: 'user', id: 'u', name: 'ann', roles: [], scopes, csrf: 'x' });
const place = (code: string, name: string, devices = 0, inactive = 0) => ({
  id: code,
  code,
  name,
  tags: {},
  devices,
  inactive,
  created: '',
  changed: '',
});
const counts = (rows: [string, number][]) => ({
  counts: rows.map(([value, devices]) => ({ value, name: value, devices, inactive: 0 })),
});

function serve(more: Parameters<typeof fakeServer>[0] = {}) {
  return fakeServer({
    'GET /api/v1/me': { body: me(['devices:read', 'devices:write']) },
    'GET /api/v1/regions': { body: { regions: [place('seoul', 'Seoul', 200, 1), place('busan', '')] } },
    'GET /api/v1/groups': { body: { groups: [] } },
    'GET /api/v1/filters': {
      body: {
        filters: [{ id: 'f', code: 'night', name: 'Night', filter: 'tag.shift=night', created: '', changed: '' }],
      },
    },
    'GET /api/v1/device-counts': (request) => ({
      body: new URL(request.url).searchParams.get('filter')
        ? counts([['seoul', 198]])
        : counts([
            ['seoul', 200],
            ['', 7],
          ]),
    }),
    ...more,
  });
}

test('regions with their devices and how many run what is wanted, never rounded up to all', async () => {
  serve();
  renderPage(<GroupsPage />, { url: '/groups' });
  const seoul = await screen.findByRole('row', { name: /Seoul/ });
  expect(await within(seoul).findByText('99% · 198')).toBeVisible();
  expect(within(seoul).getByRole('link', { name: 'Seoul' })).toHaveAttribute('href', '/devices?filter=region%3Dseoul');
  expect(within(seoul).getByRole('link', { name: 'New rollout to Seoul' })).toHaveAttribute(
    'href',
    '/rollouts/new?region=seoul',
  );
  expect(within(await screen.findByRole('row', { name: /Without one/ })).getByText('7')).toBeVisible();
});

test('a new region is sent, and its command shown before', async () => {
  const sent: unknown[] = [];
  serve({
    'POST /api/v1/regions': async (request) => {
      sent.push(await request.json());
      return { status: 201, body: place('jeju', 'Jeju') };
    },
  });
  const user = userEvent.setup();
  renderPage(<GroupsPage />, { url: '/groups' });
  await user.click(await screen.findByRole('button', { name: 'New region' }));
  const dialog = await screen.findByRole('dialog', { name: 'New region' });
  await user.type(within(dialog).getByLabelText(/^Code/), 'jeju');
  await user.type(within(dialog).getByLabelText(/^Name/), 'Jeju');
  expect(within(dialog).getByText(/^stratus region create jeju /)).toBeVisible();
  await user.click(within(dialog).getByRole('button', { name: 'New region' }));
  expect(await screen.findByText('Jeju made')).toBeVisible();
  expect(sent).toEqual([expect.objectContaining({ code: 'jeju', name: 'Jeju' })]);
});

test('a region with devices warns before it is removed, and the refusal is shown', async () => {
  serve({
    'DELETE /api/v1/regions/seoul': { status: 409, body: { code: 'conflict', detail: '200 devices belong to it' } },
  });
  const user = userEvent.setup();
  renderPage(<GroupsPage />, { url: '/groups' });
  await user.click(await screen.findByRole('button', { name: 'Remove Seoul' }));
  const dialog = await screen.findByRole('dialog', { name: 'Remove Seoul' });
  expect(within(dialog).getByText('200 devices belong to it: move them first.')).toBeVisible();
  await user.click(within(dialog).getByRole('button', { name: 'Remove Seoul' }));
  expect(await within(dialog).findByText(/200 devices belong to it$/)).toBeVisible();
});

test('the tab is in the address; without devices:write nothing can be changed; in Korean', async () => {
  serve({ 'GET /api/v1/me': { body: me(['devices:read']) } });
  const { router } = renderPage(<GroupsPage />, { url: '/groups?tab=filter', language: 'ko' });
  const row = await screen.findByRole('row', { name: /Night/ });
  await waitFor(() =>
    expect(within(row).getByRole('button', { name: /Night.*편집|Night.*변경|편집.*Night/ })).toBeDisabled(),
  );
  expect(within(row).getByText('tag.shift=night')).toBeVisible();
  await userEvent.click(screen.getByRole('tab', { name: '그룹' }));
  expect(await screen.findByText('그룹이 없습니다')).toBeVisible();
  expect(router.state.location.search).toBe('?tab=group');
});

test('who may not read devices is told which permission is missing', async () => {
  serve({ 'GET /api/v1/regions': { status: 403, body: { code: 'denied' } } });
  renderPage(<GroupsPage />, { url: '/groups' });
  expect(await screen.findByText(/devices:read/)).toBeVisible();
});
