import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { fakeServer, renderPage } from '@/shared/testing/render';
import { RegisterDialog } from './RegisterDialog';

const place = (code: string, name: string) => ({
  id: code,
  code,
  name,
  tags: {},
  devices: 0,
  inactive: 0,
  created: '',
  changed: '',
});

test('region and group lead to a code, which turns green when a device has joined', async () => {
  const claim: { by?: string } = {};
  const wishes: unknown[] = [];
  fakeServer({
    'GET /api/v1/regions': { body: { regions: [place('seoul', 'Seoul')] } },
    'GET /api/v1/groups': { body: { groups: [place('lobby', 'Lobby')] } },
    'POST /api/v1/registration-codes': async (request) => {
      wishes.push(await request.json());
      return {
        status: 201,
        body: {
          kind: 'device',
          region: 'seoul',
          group: 'lobby',
          codes: [{ id: 'c1', code: '123456', expires_at: new Date(Date.now() + 3_600_000).toISOString() }],
        },
      };
    },
    'GET /api/v1/registration-codes': () => ({ body: { items: [{ id: 'c1', used_by: claim.by }] } }),
  });
  renderPage(<RegisterDialog opened onClose={() => undefined} />);
  const user = userEvent.setup();
  const dialog = await screen.findByRole('dialog', { name: 'Register devices' });
  await user.click(within(dialog).getByRole('combobox', { name: 'Region' }));
  await user.click(await screen.findByRole('option', { name: 'Seoul' }));
  await user.click(within(dialog).getByRole('combobox', { name: 'Group' }));
  await user.click(await screen.findByRole('option', { name: 'Lobby' }));
  expect(within(dialog).getByText('stratus device code --region seoul --group lobby --ttl 60m')).toBeVisible();
  await user.click(within(dialog).getByRole('button', { name: 'Make the code' }));
  expect(await within(dialog).findByText('123 456')).toBeVisible();
  expect(within(dialog).getByRole('img', { name: 'QR code with server and code' })).toBeVisible();
  expect(within(dialog).getByText(/Good for 59 min/)).toBeVisible();
  expect(within(dialog).queryByText(/More than six digits/)).toBeNull();
  expect(wishes).toEqual([{ kind: 'device', region: 'seoul', group: 'lobby', ttl_s: 3600, count: 1 }]);
  claim.by = 'door-7';
  expect(await within(dialog).findByText('door-7 has joined', undefined, { timeout: 4000 })).toBeVisible();
  expect(within(dialog).getByRole('link', { name: 'Open door-7' })).toHaveAttribute('href', '/devices/door-7');
});

test('a code of more than six digits says why', async () => {
  fakeServer({
    'GET /api/v1/regions': { body: { regions: [] } },
    'GET /api/v1/groups': { body: { groups: [] } },
    'POST /api/v1/registration-codes': {
      status: 201,
      body: {
        kind: 'device',
        region: '',
        group: '',
        codes: [{ id: 'c1', code: '1234567', expires_at: new Date(Date.now() + 3_600_000).toISOString() }],
      },
    },
    'GET /api/v1/registration-codes': { body: { items: [] } },
  });
  renderPage(<RegisterDialog opened onClose={() => undefined} />);
  await userEvent.click(await screen.findByRole('button', { name: 'Make the code' }));
  expect(await screen.findByText('1234 567')).toBeVisible();
  expect(screen.getByText(/^More than six digits because/)).toBeVisible();
});
