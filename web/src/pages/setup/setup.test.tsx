import { fireEvent, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { fakeServer, renderPage } from '@/shared/testing/render';
import SetupPage from '.';

const ME = { kind: 'user', id: 'u1', name: 'admin', roles: ['admin'], scopes: [], csrf: 'c1' };
const CERTIFICATE = {
  subject: 'CN=root',
  serial: '1',
  fingerprint: 'ab'.repeat(32),
  not_before: '',
  not_after: '',
  pem: '',
};
const fresh = {
  'GET /api/v1/me': { status: 401, body: { code: 'unauthenticated' } },
  'GET /api/v1/setup': { body: { needed: true } },
};

async function fill() {
  fireEvent.change(await screen.findByLabelText(/Set-up code/), { target: { value: 'abcde-fghjk' } });
  fireEvent.change(screen.getByLabelText(/^Password \*/), { target: { value: 'a long enough secret' } });
  fireEvent.change(screen.getByLabelText(/^Password again/), { target: { value: 'a long enough secret' } });
  await userEvent.click(screen.getByRole('button', { name: 'Make the administrator' }));
}

test('makes the administrator, then shows the line for the first device with its code', async () => {
  const requests = fakeServer({
    ...fresh,
    'POST /api/v1/setup': { status: 201, body: ME },
    'GET /api/v1/ca': { body: { root: CERTIFICATE, intermediate: CERTIFICATE } },
    'GET /api/v1/devices': { body: { devices: [] } },
    'POST /api/v1/registration-codes': {
      status: 201,
      body: {
        kind: 'device',
        region: '',
        group: '',
        codes: [{ id: '1', code: '123456', expires_at: '2026-11-21T13:00:00Z' }],
      },
    },
  });
  renderPage(<SetupPage />);
  await fill();
  await userEvent.click(await screen.findByRole('button', { name: 'Make a code' }));
  expect(await screen.findByText('123456')).toBeVisible();
  expect(screen.getByText(/--code 123456 .*--ca-fingerprint abab/)).toBeVisible();
  expect(screen.getByText('Waiting for the first device…')).toBeVisible();
  const made = requests.find((request) => request.url.endsWith('/setup') && request.method === 'POST') as Request;
  expect(await made.json()).toEqual({ code: 'ABCDE-FGHJK', name: 'admin', password: 'a long enough secret' });
  const code = requests.find((request) => request.url.endsWith('/registration-codes')) as Request;
  expect(code.headers.get('X-CSRF-Token')).toBe('c1');
});

test('a wrong code is explained, in Korean too', async () => {
  fakeServer({
    ...fresh,
    'POST /api/v1/setup': { status: 403, body: { code: 'wrong_credentials', detail: 'this is not the code' } },
  });
  renderPage(<SetupPage />);
  await fill();
  expect(await screen.findByRole('alert')).toHaveTextContent('this is not the code');
});

test('a server that is set up says so', async () => {
  fakeServer({ ...fresh, 'GET /api/v1/setup': { body: { needed: false } } });
  renderPage(<SetupPage />, { language: 'ko' });
  expect(await screen.findByText('이미 설정된 서버입니다')).toBeVisible();
});
