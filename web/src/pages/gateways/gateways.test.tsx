import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { fakeServer, renderPage } from '@/shared/testing/render';
import GatewaysPage from '.';
import { savedPercent } from './model';

const me = {
  kind: 'user',
  id: 'u',
  name: 'ann',
  roles: [],
  scopes: ['devices:read', 'devices:write'],
  csrf: 'x',
};
const at = '2026-01-01T00:00:00Z';
const gateway = (id: string, more: object = {}) => ({
  id,
  version: '0.1.0',
  address: '192.0.2.7',
  upstream: '',
  online: true,
  enrolled: true,
  devices: 60,
  started_at: at,
  last_seen: at,
  interval_s: 30,
  cache: { bytes: 5e9, limit: 10e9, blobs: 12, evictions: 3, corrupt: 0, disk_full: 0 },
  blobs: { hits: 597, joined: 2, misses: 1, hit_percent: 99 },
  bytes: { received: 1e6, sent: 1000e6 },
  queue: { messages: 0, bytes: 0 },
  checks: { asked: 0, upstream: 0 },
  ...more,
});

function serve(items: unknown[], more: Parameters<typeof fakeServer>[0] = {}) {
  return fakeServer({
    'GET /api/v1/me': { body: me },
    'GET /api/v1/gateways': { body: { items } },
    'GET /api/v1/device-counts': { body: { counts: [{ value: 'linux', name: '', devices: 4, inactive: 0 }] } },
    'GET /api/v1/regions': { body: { regions: [] } },
    'GET /api/v1/groups': { body: { groups: [] } },
    ...more,
  });
}

test('a gateway says what it keeps, how often that was enough, and what never left the site', async () => {
  serve([gateway('lobby-gw')]);
  renderPage(<GatewaysPage />, { url: '/gateways' });
  const card = await screen.findByRole('region', { name: 'lobby-gw' });
  expect(within(card).getByText('Online')).toBeVisible();
  expect(within(card).getByText('5 GB of 10 GB')).toBeVisible();
  expect(within(card).getByText('99%')).toBeVisible();
  expect(within(card).getByText('99% never left the site')).toBeVisible();
  expect(within(card).getByText('3 thrown out for room')).toBeVisible();
  expect(within(card).getByRole('link', { name: '60 devices' })).toHaveAttribute(
    'href',
    '/devices?filter=gateway%3Dlobby-gw',
  );
});

test('one that is away says what its devices do, and what waits there', async () => {
  serve([gateway('far-gw', { online: false, enrolled: false, queue: { messages: 12, bytes: 3000 } })]);
  renderPage(<GatewaysPage />, { url: '/gateways' });
  const card = await screen.findByRole('region', { name: 'far-gw' });
  expect(within(card).getByText('Away')).toBeVisible();
  expect(within(card).getByText('Without certificate')).toBeVisible();
  expect(within(card).getByText(/go on with what it keeps/)).toBeVisible();
  expect(within(card).getByText('12 · 3 kB')).toBeVisible();
});

test('forgetting one asks first and names it afterwards', async () => {
  const requests = serve([gateway('old-gw')], { 'DELETE /api/v1/gateways/old-gw': { status: 204 } });
  const user = userEvent.setup();
  renderPage(<GatewaysPage />, { url: '/gateways' });
  await user.click(await screen.findByRole('button', { name: 'Forget old-gw' }));
  const dialog = await screen.findByRole('dialog', { name: 'Forget old-gw' });
  expect(requests.some(({ method }) => method === 'DELETE')).toBe(false);
  await user.click(within(dialog).getByRole('button', { name: 'Forget old-gw' }));
  expect(await screen.findByText('old-gw forgotten')).toBeVisible();
  expect(requests.some(({ method }) => method === 'DELETE')).toBe(true);
});

test('the code for a gateway comes with the line that starts one', async () => {
  serve([], {
    'GET /api/v1/ca': { status: 404, body: { code: 'not_found' } },
    'GET /api/v1/registration-codes': { body: { items: [] } },
    'POST /api/v1/registration-codes': {
      status: 201,
      body: {
        kind: 'gateway',
        region: '',
        group: '',
        codes: [{ id: 'c', code: '123456', expires_at: new Date(Date.now() + 3_600_000).toISOString() }],
      },
    },
  });
  const user = userEvent.setup();
  renderPage(<GatewaysPage />, { url: '/gateways' });
  expect(await screen.findByText('No gateway has been heard of')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Register a gateway' }));
  const dialog = await screen.findByRole('dialog');
  expect(within(dialog).getByText(/^stratus device code --kind gateway /)).toBeVisible();
  await user.click(within(dialog).getByRole('button', { name: 'Make the code' }));
  expect(await within(dialog).findByText(/^stratus-gateway --upstream .* --enrol-code 123456 /)).toBeVisible();
  expect(within(dialog).getByText('Waiting for a gateway…')).toBeVisible();
});

test.each([
  [{ received: 0, sent: 0 }, undefined],
  [{ received: 10, sent: 5 }, 0], // a delta that is larger than what it saves
  [{ received: 1, sent: 1000 }, 99],
])('of %o so much never left the site: %s', (bytes, percent) => expect(savedPercent(bytes)).toBe(percent));
