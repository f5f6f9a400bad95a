import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { fakeServer, renderPage } from '@/shared/testing/render';
import DevicePage from '.';

const me = (scopes: string[]) => ({ kind: 'user', id: 'u', name: 'ann', roles: [], scopes, csrf: 'x' });
const at = '2026-01-01T00:00:00Z';
const device = (more: object = {}) => ({
  id: 'door-7',
  label: 'East door',
  first_seen_ms: 1,
  last_seen_ms: 1,
  last_seen: at,
  region: { id: 'r', code: 'seoul', name: 'Seoul' },
  group: null,
  kind: 'linux',
  active: true,
  tags: { site: '3' },
  name: 'site/app',
  state: 'committed',
  running: 'sha256:aa',
  running_version: '1.4',
  target: 'sha256:bb',
  target_version: '2',
  ...more,
});
const why = {
  device: 'door-7',
  updated: false,
  answer: 'rollout_running',
  rollout: 'R1',
  wanted: { name: 'site/app', version: '2', digest: 'sha256:bb' },
  steps: [
    { code: 'known', ok: true, detail: 'it is registered' },
    { code: 'rollout_running', ok: false, detail: 'rollout Autumn is paused: paused by user:ann: lunch' },
  ],
};

function serve(more: Parameters<typeof fakeServer>[0] = {}) {
  const base = '/api/v1/devices/door-7';
  return fakeServer({
    'GET /api/v1/me': { body: me(['devices:read', 'devices:write', 'rollouts:write']) },
    [`GET ${base}`]: { body: device() },
    [`GET ${base}/live`]: { body: { device: 'door-7', online: true } },
    [`GET ${base}/why`]: { body: why },
    [`GET ${base}/certificates`]: { body: { items: [] } },
    [`GET ${base}/firmware-history`]: { body: { history: [] } },
    [`GET ${base}/rollouts`]: { body: { items: [] } },
    [`GET ${base}/events`]: { body: { items: [] } },
    [`GET ${base}/log`]: {
      body: {
        items: [
          {
            id: 1,
            time: at,
            time_ms: 1,
            received_at: at,
            kind: 'status/error_log',
            body: { level: 'error', message: '<b>dark</b>' },
          },
        ],
      },
    },
    [`GET ${base}/contents`]: { body: { contents: [] } },
    ...more,
  });
}
const open = (url = '/devices/door-7', options: object = {}) =>
  renderPage(<DevicePage />, { url, route: '/devices/:id', ...options });

test('what it runs against what is wanted, and the step that holds it up with what helps', async () => {
  serve();
  open();
  expect(await screen.findByRole('heading', { level: 1, name: 'East door' })).toBeVisible();
  expect(await screen.findByText('Online')).toBeVisible();
  const chain = await screen.findByRole('region', { name: 'Why is it not updated?' });
  expect(await within(chain).findByText(/Rollout runs — This holds it up/)).toBeVisible();
  expect(within(chain).getByText(/Autumn.*paused by ann: lunch/i)).toBeVisible();
  expect(within(chain).getByRole('link', { name: 'Open the rollout' })).toHaveAttribute('href', '/rollouts/R1');
});

test('in Korean the chain is Korean', async () => {
  serve();
  open('/devices/door-7', { language: 'ko' });
  const chain = await screen.findByRole('region', { name: '왜 업데이트되지 않았나요?' });
  expect(await within(chain).findByText(/ann 님이 일시 중지: lunch/)).toBeVisible();
});

test('a microcontroller names the parts of its release, known ones in words', async () => {
  serve({
    'GET /api/v1/devices/door-7': { body: device({ kind: 'mcu' }) },
    'GET /api/v1/devices/door-7/reports': {
      body: {
        reports: [{ received_ms: 1, report: { components: { firmware: '2.0.0', assets: '1.1.0', odd: '<b>' } } }],
      },
    },
  });
  open();
  const software = await screen.findByRole('region', { name: 'Software' });
  expect(await within(software).findByText('Firmware 2.0.0, Assets 1.1.0, odd <b>')).toBeVisible();
});

test('a log line is text, whatever it holds; the tab is in the address', async () => {
  serve();
  const { router } = open();
  await userEvent.click(await screen.findByRole('tab', { name: 'Log' }));
  expect(await within(await screen.findByRole('log')).findByText('<b>dark</b>')).toBeVisible();
  expect(router.state.location.search).toBe('?tab=log');
});

test('orders for one device stand in a menu, without those that change nothing', async () => {
  serve();
  open();
  await userEvent.click(await screen.findByRole('button', { name: 'More' }));
  expect(await screen.findByRole('menuitem', { name: /out of rollouts|Deactivate/i })).toBeVisible();
  expect(screen.queryByRole('menuitem', { name: /^Activate|Let.*take part/i })).toBeNull();
});

test('a device can be told to ask for updates, with the command that does the same', async () => {
  const requests = serve({
    'POST /api/v1/devices/door-7/commands': {
      status: 409,
      body: { code: 'device_offline', detail: 'door-7 is not connected over MQTT' },
    },
  });
  open();
  await userEvent.click(await screen.findByRole('button', { name: 'More' }));
  await userEvent.click(await screen.findByRole('menuitem', { name: 'Ask for updates now' }));
  const dialog = await screen.findByRole('dialog');
  expect(within(dialog).getByText('stratus device command door-7 check_now --wait')).toBeVisible();
  await userEvent.click(within(dialog).getByRole('button', { name: 'Ask for updates now' }));
  expect(await within(dialog).findByRole('alert')).toHaveTextContent(/The device is offline/);
  const asked = requests.find(({ method }) => method === 'POST');
  expect(await asked?.json()).toEqual({ command: 'check_now' });
});

test('a device that is not there says so', async () => {
  serve({ 'GET /api/v1/devices/door-7': { status: 404, body: { code: 'not_found', detail: 'no such device' } } });
  open();
  expect(await screen.findByRole('alert')).toBeVisible();
});
