import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { fakeServer, renderPage } from '@/shared/testing/render';
import FirmwarePage from '.';

const ALL = ['releases:read', 'releases:write', 'rollouts:write'];
const me = (...scopes: string[]) => ({ body: { kind: 'user', id: '1', name: 'ann', roles: [], scopes } });
const item = { id: '01K', name: 'kiosk', version: '1.2.3', digest: 'sha256:aa', size: 3, notes: '', classes: [] };

test('without any firmware it says how to begin', async () => {
  fakeServer({ 'GET /api/v1/me': me(...ALL), 'GET /api/v1/firmware': { body: { items: [] } } });
  renderPage(<FirmwarePage />);
  expect(await screen.findByRole('heading', { name: 'No firmware yet' })).toBeInTheDocument();
  expect(screen.getByText(/stratus firmware push/)).toBeInTheDocument();
});

test('a search without result offers another one, and is what the server was asked', async () => {
  const requests = fakeServer({ 'GET /api/v1/me': me(...ALL), 'GET /api/v1/firmware': { body: { items: [] } } });
  renderPage(<FirmwarePage />, { url: '/?filter=clock&sort=name' });
  expect(await screen.findByRole('heading', { name: 'Nothing matches this filter' })).toBeInTheDocument();
  const asked = new URL(requests.find(({ url }) => url.includes('/firmware'))?.url ?? '').searchParams;
  expect(Object.fromEntries(asked)).toMatchObject({ search: 'clock', sort: 'name' });
});

test('who may not read it is told which permission is missing, in Korean too', async () => {
  fakeServer({ 'GET /api/v1/me': me(), 'GET /api/v1/firmware': { status: 403, body: { code: 'denied' } } });
  renderPage(<FirmwarePage />, { language: 'ko' });
  expect(await screen.findByText(/releases:read 권한이 필요합니다/)).toBeInTheDocument();
  expect(screen.getByRole('button', { name: '펌웨어 등록' })).toBeDisabled();
});

test('the dialog says what is wrong with a file before it is sent, and gives the command', async () => {
  const requests = fakeServer({ 'GET /api/v1/me': me(...ALL), 'GET /api/v1/firmware': { body: { items: [item] } } });
  renderPage(<FirmwarePage />, { url: '/?dialog=register' });
  const user = userEvent.setup();
  const dialog = within(await screen.findByRole('dialog'));
  await user.type(dialog.getByRole('textbox', { name: /Name/ }), 'kiosk');
  await user.type(dialog.getByRole('textbox', { name: /Version/ }), '1.2.3');
  await user.upload(dialog.getByLabelText(/Firmware file/), new File(['abc'], 'panel.bin'));
  expect(await dialog.findByText(/kiosk 1.2.3 exists already/)).toBeInTheDocument();
  expect(dialog.getByRole('button', { name: 'Register' })).toBeDisabled();
  expect(dialog.getByText('stratus firmware push kiosk:1.2.3 panel.bin')).toBeInTheDocument();
  await user.clear(dialog.getByRole('textbox', { name: /Version/ }));
  await user.type(dialog.getByRole('textbox', { name: /Version/ }), '1.2.4');
  expect(dialog.getByRole('button', { name: 'Register' })).toBeEnabled();
  expect(requests.every(({ method }) => method === 'GET')).toBe(true);
});
