import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { LiveProvider } from '@/shared/live';
import { FakeSource, fakeEvents, newestSource } from '@/shared/testing/events';
import { fakeServer, renderPage } from '@/shared/testing/render';
import SettingsPage from '.';

const me = (...scopes: string[]) => ({
  'GET /api/v1/me': { body: { kind: 'user', id: 'u0', name: 'ann', roles: ['admin'], scopes, csrf: 'c' } },
});
const BOB = {
  id: 'u1',
  name: 'bob',
  display: 'Bob',
  roles: ['viewer'],
  disabled: false,
  must_change_password: true,
  created: '2026-11-21T13:00:00Z',
};
const show = (section: string) =>
  renderPage(<SettingsPage />, { url: `/settings/${section}`, route: '/settings/:section' });

test('users: adds one with roles; what the server refuses is explained in the dialog', async () => {
  let refuse = true;
  const requests = fakeServer({
    ...me('people:admin'),
    'GET /api/v1/users': { body: { items: [BOB] } },
    'POST /api/v1/users': () =>
      refuse ? { status: 400, body: { code: 'weak_password' } } : { status: 201, body: BOB },
  });
  show('users');
  expect(await screen.findByText('Has to choose a password')).toBeInTheDocument();
  fireEvent.click(screen.getByRole('button', { name: 'Add a user' }));
  const dialog = within(await screen.findByRole('dialog'));
  fireEvent.change(dialog.getByLabelText(/^Name/), { target: { value: 'carol' } });
  fireEvent.change(dialog.getByLabelText(/^First password/), { target: { value: 'a long enough secret' } });
  fireEvent.click(dialog.getByLabelText(/^Operator/));
  expect(dialog.getByText('stratus user create carol --role viewer --role operator')).toBeInTheDocument();
  expect(dialog.queryByText(/a long enough secret/)).toBeNull();
  fireEvent.click(dialog.getByRole('button', { name: 'Add a user' }));
  expect(await dialog.findByText('This password is too weak')).toBeInTheDocument();
  refuse = false;
  fireEvent.click(dialog.getByRole('button', { name: 'Add a user' }));
  expect(await screen.findByText('carol is added')).toBeInTheDocument();
  const sent = requests.filter((request) => request.method === 'POST').at(-1) as Request;
  expect(await sent.json()).toMatchObject({ name: 'carol', roles: ['viewer', 'operator'] });
});

test('users: removing demands the name to be typed', async () => {
  const requests = fakeServer({
    ...me('people:admin'),
    'GET /api/v1/users': { body: { items: [BOB] } },
    'DELETE /api/v1/users/u1': { status: 204 },
  });
  show('users');
  fireEvent.click(await screen.findByRole('button', { name: 'Remove bob' }));
  const dialog = within(await screen.findByRole('dialog'));
  const button = dialog.getByRole('button', { name: 'Remove' });
  expect(button).toBeDisabled();
  fireEvent.change(dialog.getByLabelText('Type bob to confirm'), { target: { value: 'bob' } });
  fireEvent.click(button);
  await waitFor(() => expect(requests.some((request) => request.method === 'DELETE')).toBe(true));
});

test('tokens: the secret is shown once, scopes are those one has', async () => {
  fakeServer({
    ...me('devices:read', 'rollouts:read'),
    'GET /api/v1/tokens': { body: { items: [] } },
    'POST /api/v1/tokens': {
      status: 201,
      body: { id: 't', name: 'ci', scopes: ['devices:read'], created: '', expires: '', token: 'stt_secret' },
    },
  });
  show('tokens');
  expect(await screen.findByText('No tokens yet')).toBeInTheDocument();
  fireEvent.click(screen.getByRole('button', { name: 'Make a token' }));
  const dialog = within(await screen.findByRole('dialog'));
  expect(dialog.queryByLabelText('people:admin')).toBeNull();
  fireEvent.change(dialog.getByLabelText(/^What it is for/), { target: { value: 'ci' } });
  fireEvent.click(dialog.getByLabelText('devices:read'));
  expect(dialog.getByText('stratus token create ci --scope devices:read --days 90')).toBeInTheDocument();
  fireEvent.click(dialog.getByRole('button', { name: 'Make a token' }));
  expect(await dialog.findByText('stt_secret')).toBeInTheDocument();
});

test('certificates: a root key on the server is a warning', async () => {
  const certificate = {
    subject: 'CN=Stratus root',
    serial: '1',
    fingerprint: 'ab'.repeat(32),
    not_before: '',
    not_after: '2036-11-21T13:00:00Z',
    pem: '',
  };
  fakeServer({
    ...me('devices:read'),
    'GET /api/v1/ca': {
      body: { identity: 'optional', root: certificate, intermediate: certificate, root_key_online: true },
    },
  });
  show('certificates');
  expect(await screen.findByText(/The root key is on this server/)).toBeInTheDocument();
});

test('storage: counts first, then removes, and names the result', async () => {
  const garbage = { dry_run: true, manifests: 1, blobs: 2, bytes: 1500, uploads: 0 };
  const requests = fakeServer({ ...me('system:admin'), 'POST /api/v1/gc': { body: garbage } });
  show('storage');
  fireEvent.click(await screen.findByRole('button', { name: 'Count what would go' }));
  expect(await screen.findByText(/1 manifests, 2 blobs and 0 uploads would be removed: 1.5 kB/)).toBeInTheDocument();
  fireEvent.click(screen.getByRole('button', { name: 'Remove it' }));
  fireEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Remove it' }));
  expect(await screen.findByText(/Removed 1 manifests, 2 blobs/)).toBeInTheDocument();
  expect(requests.map((request) => new URL(request.url).search).filter(Boolean)).toEqual(['?dry_run=1', '?dry_run=0']);
});

test('a section without the permission explains itself, in Korean', async () => {
  fakeServer(me('devices:read'));
  renderPage(<SettingsPage />, { url: '/settings/users', route: '/settings/:section', language: 'ko' });
  expect(await screen.findByText(/people:admin 권한이 필요합니다/)).toBeInTheDocument();
});

test('storage: says how long things are kept and changes it', async () => {
  let kept = { metrics_days: 30, events_days: 90, history_days: 365 };
  const requests = fakeServer({
    ...me('system:admin', 'devices:read'),
    'GET /api/v1/settings/retention': () => ({ body: kept, headers: { ETag: '"0"' } }),
    'PUT /api/v1/settings/retention': () => {
      kept = { ...kept, metrics_days: 14 };
      return { body: kept };
    },
  });
  show('storage');
  const field = await screen.findByRole('textbox', { name: 'Measurements' });
  expect(field).toHaveValue('30 days');
  expect(screen.getByRole('button', { name: 'Save' })).toBeDisabled();
  fireEvent.change(field, { target: { value: '14' } });
  expect(screen.getByText('stratus settings retention --metrics 14 --events 90 --history 365')).toBeInTheDocument();
  fireEvent.click(screen.getByRole('button', { name: 'Save' }));
  const dialog = within(await screen.findByRole('dialog'));
  expect(requests.some((request) => request.method === 'PUT')).toBe(false); // shorter: asked first
  fireEvent.click(dialog.getByRole('button', { name: 'Remove what is older' }));
  expect(await screen.findByText('How long things are kept is changed')).toBeInTheDocument();
  const sent = requests.find((request) => request.method === 'PUT') as Request;
  expect(sent.headers.get('If-Match')).toBe('"0"');
  expect(await sent.json()).toEqual({ metrics_days: 14, events_days: 90, history_days: 365 });
});

test('storage: shows what somebody else changed, once it is told', async () => {
  fakeEvents();
  let kept = { metrics_days: 30, events_days: 90, history_days: 365 };
  fakeServer({
    ...me('system:admin', 'devices:read'),
    'GET /api/v1/settings/retention': () => ({ body: kept, headers: { ETag: `"${kept.metrics_days}"` } }),
  });
  renderPage(
    <LiveProvider topics={['settings']} since="e-1">
      <SettingsPage />
    </LiveProvider>,
    { url: '/settings/storage', route: '/settings/:section' },
  );
  expect(await screen.findByRole('textbox', { name: 'Measurements' })).toHaveValue('30 days');
  await waitFor(() => expect(FakeSource.opened.length).toBeGreaterThan(0));
  kept = { ...kept, metrics_days: 14 };
  act(() => newestSource().say('settings', 'e-2', { setting: 'retention', ...kept }));
  const field = () => screen.getByRole('textbox', { name: 'Measurements' });
  await waitFor(() => expect(field()).toHaveValue('14 days'), { timeout: 5000 });
});
