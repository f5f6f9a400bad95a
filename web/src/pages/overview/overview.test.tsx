import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { fakeServer, renderPage } from '@/shared/testing/render';
import OverviewPage from '.';
import { placeOf } from '@/entities/overview';
import { timeLeft } from './RolloutsUnderWay';

const OVERVIEW = {
  at: '2026-11-21T13:00:00Z',
  devices: {
    total: 1000,
    active: 998,
    inactive: 2,
    health: { online: 990, degraded: 3, offline: 4, never: 1 },
    compliance: { on_target: 997, behind: 0, failing: 1, none: 0 },
  },
  releases: [{ name: 'site/app', version: '2', digest: `sha256:${'ab'.repeat(32)}`, devices: 997, is_target: true }],
  rollouts: {
    counts: { approval: 0, scheduled: 0, running: 1, paused: 0, aborting: 0 },
    items: [
      {
        id: '01JD3M7A8Q2Z5V9K4T6W8X0Y1B',
        title: 'Autumn',
        state: 'running',
        author: 'user:a',
        wave: 1,
        waves_total: 3,
        percent: 99,
        counts: { total: 1000, open: 1, closed: 999, success: 990, failed: 9 },
        contents: [{ name: 'site/app', version: '2' }],
        revision: 3,
        created_at: '2026-11-21T12:00:00Z',
        changed_at: '2026-11-21T13:00:00Z',
      },
    ],
  },
  bytes: {
    since: '',
    updates: 5,
    moved: 23_750,
    moved_in_vain: 0,
    full_images: 66_000_000,
    unsized_updates: 0,
    gateways_received: 0,
    gateways_sent: 0,
  },
  gateways: { total: 2, online: 1 },
  alerts: [
    { code: 'target_failing', severity: 'error', count: 3, filter: 'compliance=failing', detail: '' },
    {
      code: 'rollout_halted',
      severity: 'error',
      count: 3,
      object: 'rollout:01JD3M7A8Q2Z5V9K4T6W8X0Y1B',
      detail: 'gate of wave 1: 5 of 48 devices failed (at most 10 % may, 90 % must succeed)',
    },
  ],
};
const me = { body: { kind: 'user', id: 'u', name: 'a', roles: ['viewer'], scopes: ['devices:read'], csrf: 'c' } };
const routes = (overview: unknown) => ({ 'GET /api/v1/me': me, 'GET /api/v1/overview': { body: overview } });

test('numbers lead to what they count; percentages are never rounded up', async () => {
  fakeServer(routes(OVERVIEW));
  renderPage(<OverviewPage />);
  const offline = await screen.findByRole('link', { name: 'Offline: 4' });
  expect(offline).toHaveAttribute('href', '/devices?filter=health%3Doffline');
  expect(screen.getByRole('img', { name: 'On target: 99%' })).toBeInTheDocument();
  const running = screen.getByRole('link', { name: '997 devices' });
  expect(running).toHaveAttribute('href', '/devices?filter=image%3Dsite%2Fapp%20version%3D2');
  const bytes = within(screen.getByRole('region', { name: 'Bytes moved' }));
  expect(bytes.getByText('99%')).toBeInTheDocument();
  expect(bytes.getByText('23.8 kB')).toBeInTheDocument();
  expect(screen.getByRole('link', { name: 'Autumn' })).toHaveAttribute('href', '/rollouts/01JD3M7A8Q2Z5V9K4T6W8X0Y1B');
  expect(screen.getByText(/wave 1 of 3 · 1 device left · 9 failed/)).toBeInTheDocument();
  expect(screen.getByText('Devices fail on the target (3)')).toBeInTheDocument();
  expect(screen.getByText('A rollout was halted by its gate: Autumn')).toBeInTheDocument();
  expect(screen.getByText(/The gate of wave 1 halted it when 5 of 48 devices had failed;/)).toBeInTheDocument();
});

test('what failed updates moved is told, and takes nothing off what was saved', async () => {
  const bytes = { ...OVERVIEW.bytes, moved: 90_000_000, moved_in_vain: 89_340_000 };
  fakeServer(routes({ ...OVERVIEW, bytes }));
  renderPage(<OverviewPage />);
  const card = within(await screen.findByRole('region', { name: 'Bytes moved' }));
  expect(card.getByText('99%')).toBeInTheDocument();
  expect(card.getByText('660 kB')).toBeInTheDocument();
  expect(card.getByText('Updates that failed moved 89.3 MB more.')).toBeInTheDocument();
});

test('a fleet without devices offers to register one, in Korean', async () => {
  fakeServer(routes({ ...OVERVIEW, devices: { ...OVERVIEW.devices, total: 0 } }));
  renderPage(<OverviewPage />, { language: 'ko' });
  expect(await screen.findByRole('link', { name: '기기 등록' })).toHaveAttribute('href', '/devices?register=1');
});

test('refused and broken answers are explained', async () => {
  fakeServer({ 'GET /api/v1/me': me, 'GET /api/v1/overview': { status: 403, body: { code: 'denied' } } });
  renderPage(<OverviewPage />);
  expect(await screen.findByText(/devices:read/)).toBeInTheDocument();
});

test('what is left of a rollout is guessed from its pace, when there is one', () => {
  const counts = { total: 10, open: 5, closed: 5 };
  const started_at = '2026-11-21T12:00:00Z';
  expect(timeLeft({ state: 'running', started_at, counts }, Date.parse(started_at) + 60_000)).toBe(60_000);
  expect(timeLeft({ state: 'paused', started_at, counts })).toBeNull();
  expect(timeLeft({ state: 'running', started_at, counts: { total: 10, open: 9, closed: 1 } })).toBeNull();
});

test.each([
  [{ code: 'device_errors', filter: 'state:failed' }, '/devices?filter=state%3Afailed'],
  [{ code: 'rollout_failing', object: 'rollout:01A' }, '/rollouts/01A'],
  [{ code: 'gateways_away' }, '/gateways'],
  [{ code: 'database_down' }, null],
])('the alert %o leads to %s', (alert, place) => {
  expect(placeOf({ severity: 'error', count: 1, detail: '', ...alert } as never)).toBe(place);
});
