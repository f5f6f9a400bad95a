import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import { fakeServer, renderPage } from '@/shared/testing/render';
import FirmwareItemPage from '.';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const firmware = {
  id: '01K',
  name: 'board/main',
  version: '2.0.0',
  file_name: 'main.img',
  notes: '',
  classes: [],
  digest: digest('a'),
  size: 500_000,
  repository: 'firmware/board/main',
  manifest: digest('f'),
  created_by: 'user:ann',
  created_at: '2026-01-01T00:00:00Z',
};
const parts = [
  { kind: 'assets', file_name: '<img src=x>.img', digest: digest('b'), size: 300_000 },
  { kind: 'configuration', file_name: 'settings.img', digest: digest('c'), size: 700 },
];

async function show(more: object, language: 'en' | 'ko' = 'en') {
  fakeServer({
    'GET /api/v1/me': { body: { kind: 'user', id: 'u', name: 'ann', roles: [], scopes: ['releases:read'] } },
    'GET /api/v1/firmware/01K': { body: { ...firmware, ...more } },
    'GET /api/v1/firmware': { body: { items: [] } },
    'GET /api/v1/devices': { body: { devices: [], total: 0 } },
  });
  renderPage(<FirmwareItemPage />, { url: '/firmware/01K', route: '/firmware/:id', language });
  await screen.findByRole('heading', { level: 1, name: 'board/main 2.0.0' });
  await screen.findByText('firmware/board/main');
}

test('a release of several parts names each with its file, size and digest', async () => {
  await show({ components: parts });
  const card = await screen.findByRole('region', { name: 'Parts of this release' });
  expect(within(card).getByText(/all together they are 801 kB/)).toBeVisible();
  const rows = within(card).getAllByRole('row').slice(1);
  expect(rows.map((row) => row.textContent)).toEqual([
    expect.stringMatching(/^Firmwaremain\.img500 kBa{12}/),
    expect.stringMatching(/^Assets \(pictures, sounds\)<img src=x>\.img300 kBb{12}/),
    expect.stringMatching(/^Configurationsettings\.img700 Bc{12}/),
  ]);
});

test('in Korean', async () => {
  await show({ components: parts.slice(1) }, 'ko');
  expect(await screen.findByRole('region', { name: '릴리스 구성 요소' })).toHaveTextContent('설정settings.img');
});

test('one file needs no list of parts', async () => {
  await show({});
  expect(screen.queryByRole('region', { name: 'Parts of this release' })).toBeNull();
});
