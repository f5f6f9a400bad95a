import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { fakeServer, renderPage } from '@/shared/testing/render';
import RolloutsPage from '.';

const me = (scopes: string[]) => ({ kind: 'user', id: 'u', name: 'ann', roles: [], scopes, csrf: 'x' });
const at = '2026-01-01T00:00:00Z';
const zero = { requested: 0, downloading: 0, installing: 0, cancelling: 0, returning: 0, timeout: 0 };
const rollout = (id: string, more: object = {}) => ({
  id,
  title: 'Kiosks 2.0',
  state: 'running',
  author: 'user:ann',
  wave: 1,
  waves_total: 3,
  percent: 99,
  counts: {
    ...zero,
    waiting: 1,
    success: 995,
    failed: 4,
    cancelled: 0,
    rolled_back: 0,
    returned: 0,
    total: 1000,
    open: 1,
    closed: 999,
  },
  contents: [{ name: 'site/app', version: '2', digest: 'sha256:00' }],
  revision: 1,
  created_at: at,
  changed_at: at,
  started_at: at,
  ...more,
});

function serve(byState: Record<string, unknown[]>, more: Parameters<typeof fakeServer>[0] = {}) {
  const asked: string[] = [];
  fakeServer({
    'GET /api/v1/me': { body: me(['rollouts:read', 'rollouts:write']) },
    'GET /api/v1/rollouts': (request) => {
      const state = new URL(request.url).searchParams.get('state') ?? '';
      asked.push(state);
      return { body: { items: byState[state.split(',')[0] ?? ''] ?? [] } };
    },
    ...more,
  });
  return asked;
}

test('what runs, with its numbers; 999 of 1,000 is not 100%', async () => {
  serve({ running: [rollout('R1')] });
  renderPage(<RolloutsPage />, { url: '/rollouts' });
  const row = await screen.findByRole('row', { name: /Kiosks 2\.0/ });
  expect(within(row).getByRole('link', { name: 'Kiosks 2.0' })).toHaveAttribute('href', '/rollouts/R1');
  expect(within(row).getByText('Running')).toBeVisible();
  expect(within(row).getByText(/^99% ended/)).toBeVisible();
  expect(within(row).getByText('995')).toBeVisible();
  expect(within(row).getByText('1 of 3')).toBeVisible();
  expect(within(row).getByText(/site\/app 2 · ann/)).toBeVisible();
});

test('the tab is in the address and asks the server for its states', async () => {
  const asked = serve({ completed: [rollout('R2', { title: 'Old one', state: 'completed', percent: 100 })] });
  const { router } = renderPage(<RolloutsPage />, { url: '/rollouts' });
  expect(await screen.findByText('Nothing is being rolled out')).toBeVisible();
  await userEvent.click(screen.getByRole('tab', { name: 'Finished' }));
  expect(await screen.findByRole('row', { name: /Old one/ })).toBeVisible();
  expect(router.state.location.search).toBe('?tab=finished');
  expect(asked).toEqual(['running,paused,aborting', 'completed,aborted']);
});

const onThe = (day: number, month = 11) => new Date(2026, month - 1, day, 2, 30).toISOString();
const scheduled = (id: string, title: string, more: object) =>
  rollout(id, { title, state: 'scheduled', started_at: undefined, ...more });
const itIs = (date: Date) => vi.useFakeTimers({ toFake: ['Date'], now: date });
afterEach(() => vi.useRealTimers());

test('what is scheduled stands in a calendar, by the day on which it starts', async () => {
  itIs(new Date(2026, 10, 10));
  serve({
    scheduled: [
      scheduled('R6', 'Needs a yes', { state: 'approval' }),
      scheduled('R7', 'Needs one by then', { state: 'approval', start_at: onThe(15) }),
      scheduled('R5', 'Month after', { start_at: onThe(1, 12) }),
      scheduled('R4', 'Night shift', { start_at: onThe(14) }),
      scheduled('R3', 'Late already', { start_at: onThe(2, 9) }),
    ],
  });
  const { router } = renderPage(<RolloutsPage />, { url: '/rollouts?tab=scheduled' });
  const calendar = await screen.findByRole('region', { name: 'Calendar of starts' });
  expect(within(calendar).getByRole('table', { name: 'November 2026' })).toBeVisible();
  expect(within(calendar).getByText(/^Times in \S+$/)).toBeVisible();
  expect(within(calendar).queryByText(/^Only the/)).toBeNull();
  const link = within(calendar).getByRole('link', { name: '02:30 Night shift' });
  expect(link).toHaveAttribute('href', '/rollouts/R4');
  expect(link.closest('td')).toHaveTextContent(/^14/);
  expect(link.closest('td')).not.toHaveTextContent('Waits for approval');
  const asks = within(calendar).getByRole('link', { name: '02:30 Needs one by then' });
  expect(asks.closest('td')).toHaveTextContent('Waits for approval');
  expect(calendar.querySelector('[aria-current=date]')).toHaveTextContent('10');
  expect(within(calendar).queryByRole('link', { name: /Needs a yes/ })).toBeNull();
  const row = screen.getByRole('row', { name: /Needs a yes/ });
  expect(within(row).getByText('once approved')).toBeVisible();
  await userEvent.click(within(calendar).getByRole('button', { name: 'Later month' }));
  await waitFor(() => expect(router.state.location.search).toBe('?tab=scheduled&month=2026-12'));
  expect(within(calendar).getByRole('link', { name: '02:30 Month after' })).toBeVisible();
  expect(within(calendar).queryByRole('link', { name: /Night shift/ })).toBeNull();
});

test('when all that wait should have begun, the calendar shows this month', async () => {
  itIs(new Date(2026, 10, 10));
  serve({ scheduled: [scheduled('R3', 'Late already', { start_at: onThe(2, 9) })] });
  renderPage(<RolloutsPage />, { url: '/rollouts?tab=scheduled' });
  expect(await screen.findByRole('table', { name: 'November 2026' })).toBeVisible();
});

test('the calendar has all pages of what is scheduled, and says so when there are too many', async () => {
  let pages = 3;
  const asked: number[] = [];
  serve(
    {},
    {
      'GET /api/v1/rollouts': (request) => {
        const page = Number(new URL(request.url).searchParams.get('cursor') ?? 1);
        asked.push(page);
        const items = [scheduled(`P${page}`, `Of page ${page}`, { start_at: onThe(14) })];
        return { body: { items, next: page < pages ? `${page + 1}` : undefined } };
      },
    },
  );
  const url = '/rollouts?tab=scheduled&month=2026-11';
  const view = renderPage(<RolloutsPage />, { url });
  expect(await screen.findByRole('link', { name: '02:30 Of page 3' })).toBeVisible();
  expect(asked).toEqual([1, 2, 3]);
  expect(screen.queryByText(/^Only the/)).toBeNull();
  view.unmount();
  pages = 99;
  renderPage(<RolloutsPage />, { url });
  expect(await screen.findByText(/^Only the 3 newest/)).toBeVisible();
  await waitFor(() => expect(asked).toHaveLength(6));
});

test('why one stands is said in the language of the page', async () => {
  const cause = 'gate of wave 1: 4 of 10 devices failed (at most 10 % may, 90 % must succeed)';
  serve({ running: [rollout('R3', { state: 'paused', cause })] });
  renderPage(<RolloutsPage />, { url: '/rollouts', language: 'ko' });
  const row = await screen.findByRole('row', { name: /Kiosks 2\.0/ });
  expect(within(row).getByText('일시 중지')).toBeVisible();
  expect(within(row).getByText(/10대 중 4대가 실패했을 때/)).toBeVisible();
});

test('without rollouts:write none can be made; without rollouts:read none seen', async () => {
  serve({ running: [] }, { 'GET /api/v1/me': { body: me(['rollouts:read']) } });
  const view = renderPage(<RolloutsPage />, { url: '/rollouts' });
  await waitFor(() => expect(screen.getAllByRole('button', { name: 'New rollout' })[0]).toBeDisabled());
  view.unmount();
  serve({}, { 'GET /api/v1/rollouts': { status: 403, body: { code: 'denied' } } });
  renderPage(<RolloutsPage />, { url: '/rollouts' });
  expect(await screen.findByText(/rollouts:read/)).toBeVisible();
});
