import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';
import { fakeServer, giveTablesHeight, renderPage } from '@/shared/testing/render';
import DevicesPage from '.';

const device = (id: string, more: object = {}) => ({
  id,
  label: '',
  first_seen_ms: 1,
  last_seen_ms: 1,
  last_seen: '2026-01-01T00:00:00Z',
  region: { id: 'r', code: 'seoul', name: 'Seoul' },
  group: null,
  kind: 'linux',
  active: true,
  tags: { site: '3' },
  name: 'site/app',
  state: 'committed',
  running_version: '1.4',
  target_version: '2',
  ...more,
});
const me = {
  kind: 'user',
  id: 'u',
  name: 'ann',
  roles: ['operator'],
  scopes: ['devices:read', 'devices:write', 'rollouts:read', 'rollouts:write'],
  csrf: 'x',
};
const counts = { counts: [{ value: 'seoul', name: 'Seoul', devices: 2, inactive: 0 }] };

function serve(more: Parameters<typeof fakeServer>[0] = {}) {
  return fakeServer({
    'GET /api/v1/me': { body: me },
    'GET /api/v1/devices': {
      body: {
        devices: [device('door-1'), device('door-2', { state: 'failed', reason: '<img src=x onerror=alert(1)>' })],
        total: 12_345,
      },
    },
    'GET /api/v1/device-counts': { body: counts },
    'GET /api/v1/filters': {
      body: {
        filters: [{ id: 'f', code: 'night', name: 'Night shift', filter: 'tag.shift=night', created: '', changed: '' }],
      },
    },
    'GET /api/v1/regions': { body: { regions: [] } },
    'GET /api/v1/groups': { body: { groups: [] } },
    ...more,
  });
}

beforeEach(giveTablesHeight);

test('rows with states in words, the total, and what a device says as text', async () => {
  serve();
  renderPage(<DevicesPage />, { url: '/devices' });
  const row = await screen.findByRole('row', { name: /door-2/ });
  expect(within(row).getByText('Failed')).toBeVisible();
  expect(screen.getByText('2 of 12,345')).toBeVisible();
  expect(document.querySelector('img[src="x"]')).toBeNull();
});

test('a facet becomes a term of the filter in the address, and of the request', async () => {
  const requests = serve();
  const { router } = renderPage(<DevicesPage />, { url: '/devices?filter=state%3Dfailed' });
  const [seoul] = await screen.findAllByRole('checkbox', { name: /Seoul/ });
  await userEvent.click(seoul!);
  expect(new URLSearchParams(router.state.location.search).get('filter')).toBe('state=failed region=seoul');
  await waitFor(() =>
    expect(
      requests.some((request) => new URL(request.url).searchParams.get('filter') === 'state=failed region=seoul'),
    ).toBe(true),
  );
});

test('a filter that cannot be read is explained in the server’s words', async () => {
  serve({
    'GET /api/v1/devices': {
      status: 400,
      body: { code: 'invalid', detail: "filter: no field 'colour' at character 7" },
    },
  });
  renderPage(<DevicesPage />, { url: '/devices?filter=colour%3Dred' });
  expect((await screen.findAllByText(/no field 'colour'/)).length).toBeGreaterThan(0);
});

test('nothing matches: says so and offers the way back; Korean', async () => {
  serve({ 'GET /api/v1/devices': { body: { devices: [], total: 0 } } });
  renderPage(<DevicesPage />, { url: '/devices?filter=state%3Dfailed', language: 'ko' });
  expect(await screen.findByRole('heading', { name: '이 필터에 맞는 항목이 없습니다' })).toBeVisible();
  expect(screen.getByRole('heading', { level: 1, name: '기기' })).toBeVisible();
});

test('all that match can be tagged, not only the rows shown', async () => {
  const patched: unknown[] = [];
  const change = async (request: Request) => {
    patched.push(await request.json());
    return { body: device('door-1') };
  };
  serve({
    'GET /api/v1/devices': { body: { devices: [device('door-1'), device('door-2')], total: 2 } },
    'PATCH /api/v1/devices/door-1': change,
    'PATCH /api/v1/devices/door-2': change,
  });
  renderPage(<DevicesPage />, { url: '/devices' });
  const user = userEvent.setup();
  await user.click(await screen.findByRole('checkbox', { name: 'Select door-1' }));
  await user.click(screen.getByRole('button', { name: 'Choose all 2 that match' }));
  await user.click(screen.getByRole('button', { name: 'More' }));
  await user.click(await screen.findByRole('menuitem', { name: 'Set a tag' }));
  const dialog = await screen.findByRole('dialog', { name: 'Set a tag' });
  await user.type(within(dialog).getByRole('textbox', { name: /Key/ }), 'floor');
  await user.type(within(dialog).getByRole('textbox', { name: 'Value' }), '2');
  expect(within(dialog).getByText('stratus device change ID --tag floor=2')).toBeVisible();
  await user.click(within(dialog).getByRole('button', { name: 'Set a tag' }));
  expect(await screen.findByText('Set a tag: 2 devices done')).toBeVisible();
  expect(patched).toEqual([{ tags: { site: '3', floor: '2' } }, { tags: { site: '3', floor: '2' } }]);
});

const headers = async () => {
  const table = await screen.findByRole('table', { name: 'Devices' });
  return within(table)
    .getAllByRole('columnheader')
    .map((one) => one.textContent)
    .filter(Boolean);
};

test('the columns of the address are shown, chosen in the menu, and written into the address', async () => {
  serve();
  const { router } = renderPage(<DevicesPage />, { url: '/devices?columns=state,reason,nonsense' });
  expect(await headers()).toEqual(['Device', 'State', 'Cause of the last failure']);
  const row = await screen.findByRole('row', { name: /door-2/ });
  expect(within(row).getByText('<img src=x onerror=alert(1)>')).toBeVisible();
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: 'Columns' }));
  const menu = await screen.findByRole('dialog', { name: 'Columns' });
  await user.click(within(menu).getByRole('checkbox', { name: 'Kind' }));
  const columns = () => new URLSearchParams(router.state.location.search).get('columns');
  expect(columns()).toBe('state,reason,kind');
  expect(await headers()).toEqual(['Device', 'State', 'Cause of the last failure', 'Kind']);
  for (const name of ['State', 'Kind']) await user.click(within(menu).getByRole('checkbox', { name }));
  expect(within(menu).getByRole('checkbox', { name: 'Cause of the last failure' })).toBeDisabled();
  await user.click(within(menu).getByRole('button', { name: 'The usual columns' }));
  expect(columns()).toBeNull();
  expect(await headers()).toEqual(['Device', 'State', 'Runs', 'Wanted', 'Region', 'Group', 'Tags', 'Last heard']);
});

test('who may only read sees the list, and why the rest is not possible', async () => {
  serve({ 'GET /api/v1/me': { body: { ...me, scopes: ['devices:read'] } } });
  renderPage(<DevicesPage />, { url: '/devices' });
  await waitFor(() => expect(screen.getByRole('button', { name: 'Register devices' })).toBeDisabled());
});
