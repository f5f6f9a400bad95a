import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { fakeServer, giveTablesHeight, renderPage } from '@/shared/testing/render';
import AuditPage from '.';

const entry = (sequence: number, actor: string) => ({
  sequence,
  time: '2026-11-21T13:00:00Z',
  actor,
  action: 'user.create',
  object: 'user:bob',
  detail: { roles: ['viewer'], display: '<img src=x onerror=alert(1)>' },
  address: '192.0.2.1',
  request: '01ABC',
  hash: 'ab'.repeat(32),
});
const me = { body: { kind: 'user', id: 'u', name: 'a', roles: ['auditor'], scopes: ['audit:read'], csrf: 'c' } };

test('lists entries, filters in the address, shows one in full as text', async () => {
  giveTablesHeight();
  const requests = fakeServer({
    'GET /api/v1/me': me,
    'GET /api/v1/audit': { body: { items: [entry(2, 'user:alice'), entry(1, 'anonymous')] } },
  });
  const { router } = renderPage(<AuditPage />, { url: '/audit?action=user.' });
  expect(await screen.findByTitle('user:alice')).toHaveTextContent(/^alice$/);
  expect(screen.getByTitle('anonymous')).toHaveTextContent('nobody signed in');
  expect(requests.some((request) => request.url.includes('action=user.'))).toBe(true);
  const field = screen.getByLabelText('Who (user:alice)');
  fireEvent.change(field, { target: { value: 'user:alice' } });
  fireEvent.keyDown(field, { key: 'Enter' });
  await waitFor(() => expect(router.state.location.search).toContain('actor=user%3Aalice'));
  fireEvent.click(await screen.findByTitle('user:alice'));
  const drawer = await screen.findByRole('dialog');
  expect(within(drawer).getByText(/<img src=x onerror=alert\(1\)>/)).toBeInTheDocument();
  expect(drawer.querySelector('img')).toBeNull();
});

test.each([
  [{ sound: true, sequence: 7, hash: 'cd' }, 'The chain holds up to entry 7'],
  [{ sound: false, problem: 'entry 3: hash differs' }, 'The chain is broken'],
])('verifies the chain: %o', async (verdict, text) => {
  fakeServer({
    'GET /api/v1/me': me,
    'GET /api/v1/audit': { body: { items: [] } },
    'GET /api/v1/audit/verification': { body: verdict },
  });
  renderPage(<AuditPage />);
  const button = await screen.findByRole('button', { name: 'Verify the chain' });
  await waitFor(() => expect(button).toBeEnabled());
  fireEvent.click(button);
  expect(await screen.findByText(text)).toBeInTheDocument();
  expect(screen.queryByText(/stratus audit verify --head 7:cd/) !== null).toBe(verdict.sound);
});

test('without the permission it says which one is missing', async () => {
  fakeServer({ 'GET /api/v1/me': me, 'GET /api/v1/audit': { status: 403, body: { code: 'denied' } } });
  renderPage(<AuditPage />, { language: 'ko' });
  expect(await screen.findByText(/audit:read 권한이 필요합니다/)).toBeInTheDocument();
});
