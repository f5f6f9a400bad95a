import { fireEvent, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { fakeServer, renderPage } from '@/shared/testing/render';
import LoginPage, { safeNext } from '.';

const ME = { kind: 'user', id: 'u1', name: 'alice', roles: ['viewer'], scopes: ['devices:read'], csrf: 'c1' };
const nobody = {
  'GET /api/v1/me': { status: 401, body: { code: 'unauthenticated' } },
  'GET /api/v1/setup': { body: { needed: false } },
};

async function signIn() {
  fireEvent.change(await screen.findByLabelText(/^Name/), { target: { value: 'alice' } });
  fireEvent.change(screen.getByLabelText(/^Password/), { target: { value: 'a long enough secret' } });
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
}

test('signs in and goes where one wanted to', async () => {
  const requests = fakeServer({ ...nobody, 'POST /api/v1/session': { body: ME } });
  const { router } = renderPage(<LoginPage />, { url: '/login?next=%2Fdevices%3Ffilter%3Dx', route: '/login' });
  await signIn();
  await waitFor(() => expect(router.state.location.pathname + router.state.location.search).toBe('/devices?filter=x'));
  const sent = requests.find((request) => request.method === 'POST') as Request;
  expect(await sent.json()).toEqual({ name: 'alice', password: 'a long enough secret' });
});

test('says that name or password is wrong, without saying which', async () => {
  fakeServer({ ...nobody, 'POST /api/v1/session': { status: 403, body: { code: 'wrong_credentials', detail: '' } } });
  renderPage(<LoginPage />);
  await signIn();
  expect(await screen.findByRole('alert')).toHaveTextContent('Name or password is wrong');
});

test('counts down while the server wants one to wait', async () => {
  fakeServer({
    ...nobody,
    'POST /api/v1/session': { status: 429, body: { code: 'throttled', detail: 'too many tries; wait 8 s' } },
  });
  renderPage(<LoginPage />);
  await signIn();
  expect(await screen.findByRole('button', { name: /Wait [78] s/ })).toBeDisabled();
});

test('the language can be changed before signing in', async () => {
  fakeServer(nobody);
  renderPage(<LoginPage />);
  await userEvent.click(await screen.findByRole('button', { name: 'Language' }));
  await userEvent.click(await screen.findByRole('menuitem', { name: '한국어' }));
  expect(await screen.findByRole('heading', { name: 'Stratus 로그인' })).toBeVisible();
  expect(document.documentElement.lang).toBe('ko');
});

test('who has a password from somebody else chooses another first', async () => {
  fakeServer({ 'GET /api/v1/me': { body: { ...ME, must_change_password: true } } });
  renderPage(<LoginPage />);
  expect(await screen.findByRole('heading', { name: 'Choose your password' })).toBeVisible();
  expect(screen.getByRole('button', { name: 'Set the password' })).toBeDisabled();
});

test('a new server leads to its set-up', async () => {
  fakeServer({ ...nobody, 'GET /api/v1/setup': { body: { needed: true } } });
  const { router } = renderPage(<LoginPage />, { url: '/login', route: '/login' });
  await waitFor(() => expect(router.state.location.pathname).toBe('/setup'));
});

test.each([
  ['/devices', '/devices'],
  ['//elsewhere.example', '/'],
  ['/\\elsewhere.example', '/'],
  ['https://elsewhere.example', '/'],
  [null, '/'],
])('after signing in %s leads to %s', (next, to) => expect(safeNext(next)).toBe(to));
