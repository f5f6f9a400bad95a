import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { fakeServer, renderPage } from '@/shared/testing/render';
import NewRolloutPage from '.';

const me = { kind: 'user', id: 'u', name: 'ann', roles: [], scopes: ['rollouts:read', 'rollouts:write'], csrf: 'x' };
const plan = {
  devices: 3,
  excluded: 0,
  excluded_by_reason: {},
  exclusions: [],
  waves: [{ number: 1, devices: 3, sample: ['door-1'] }],
  shortest_ms: 0,
  bytes: {
    per_device: [],
    per_gateway: [{ gateway: 'site-1', devices: 3, bytes: 40 }],
    devices: 100,
    gateways: 0,
    upstream: 100,
    full_images: 1000,
  },
};

test('what is not signed is rolled out only when somebody says so, and the command says it too', async () => {
  const judge = async (request: Request) => {
    const { unsigned } = (await request.json()) as { unsigned?: boolean };
    if (unsigned) return { body: plan };
    return { status: 409, body: { code: 'unsigned', detail: 'sign it: `stratus deploy site/app:2`' } };
  };
  const requests = fakeServer({
    'GET /api/v1/me': { body: me },
    'POST /api/v1/rollouts/dry-run': judge,
    'POST /api/v1/rollouts': { status: 201, body: { id: 'R', title: 'T', state: 'running' } },
    'POST /api/v1/rollouts/R/abort': { body: { id: 'R', title: 'T', state: 'aborted' } },
  });
  renderPage(<NewRolloutPage />, { url: '/rollouts/new?what=site%2Fapp%3A2&all=1&step=review' });
  expect(await screen.findByText('This version is not signed, and devices would refuse it')).toBeVisible();
  expect(screen.getByText(/^stratus rollout create/)).not.toHaveTextContent('--unsigned');
  await userEvent.click(screen.getByRole('checkbox', { name: 'Roll out what is not signed' }));
  expect(await screen.findByRole('region', { name: 'Waves' })).toBeVisible();
  expect(screen.getByRole('row', { name: 'site-1, 3 devices take part 40 B' })).toBeVisible();
  expect(screen.queryByRole('alert', { name: /not signed/ })).toBeNull();
  expect(screen.getByText(/^stratus rollout create/)).toHaveTextContent('--unsigned');
  await userEvent.click(screen.getByRole('button', { name: 'Start' }));
  const sent = requests.find(({ method, url }) => method === 'POST' && url.endsWith('/rollouts'));
  expect(await sent?.json()).toMatchObject({ unsigned: true });

  // For ten seconds it can be taken back, with what it has done by then.
  await userEvent.click(await screen.findByRole('button', { name: 'Undo' }));
  expect(await screen.findByText('T: Aborted')).toBeVisible();
  const undone = requests.find(({ url }) => url.endsWith('/rollouts/R/abort'));
  expect(await undone?.json()).toEqual({ give_back: true });
});
