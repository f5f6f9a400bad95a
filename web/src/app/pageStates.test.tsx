import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ComponentType } from 'react';
import type { RouteObject } from 'react-router';
import { beforeEach, expect, test } from 'vitest';
import { fakeServer, giveTablesHeight, renderPage, type FakeAnswer } from '@/shared/testing/render';
import { routes } from './routes';

beforeEach(giveTablesHeight);

const ID = '01JD3M7A8Q2Z5V9K4T6W8X0Y1B';
const VALUES: Record<string, string[]> = {
  id: [ID],
  name: ['site%2Fapp'],
  digest: ['1.0'],
  section: ['account', 'users', 'tokens', 'certificates', 'storage'],
};
/** What needs no answer of the server to be there. */
const STANDS_ALONE = ['/settings/account'];
/** Everybody may see their own. */
const NEEDS_NO_PERMISSION = ['/settings/tokens'];
/** A form whose parts ask for themselves; refusing it whole is tried by its own tests and by tests/console. */
const FORMS = ['/setup', '/login', '/rollouts/new', '/settings'];

const me = {
  kind: 'user',
  id: 'u',
  name: 'ann',
  display_name: 'Ann',
  roles: ['admin'],
  scopes: [
    'devices:read',
    'devices:write',
    'rollouts:read',
    'rollouts:write',
    'releases:read',
    'releases:write',
    'audit:read',
    'people:admin',
    'system:admin',
  ],
  csrf: 'x',
};

/** [address, pattern, page] of every page that shows what a server has. */
function pages(): [string, string, RouteObject][] {
  const all = (list: RouteObject[]): RouteObject[] => list.flatMap((one) => [one, ...all(one.children ?? [])]);
  return all(routes)
    .filter((route) => route.lazy && !FORMS.includes(route.path ?? ''))
    .flatMap((route) => {
      let addresses = [route.path ?? ''];
      for (const [word, values] of Object.entries(VALUES)) {
        addresses = addresses.flatMap((one) =>
          one.includes(`:${word}`) ? values.map((value) => one.replace(`:${word}`, value)) : [one],
        );
      }
      return addresses.map((address): [string, string, RouteObject] => [address, route.path ?? '', route]);
    })
    .filter(([address]) => !STANDS_ALONE.includes(address));
}

async function show(address: string, path: string, route: RouteObject, answer: () => FakeAnswer | Promise<FakeAnswer>) {
  const requests = fakeServer({ 'GET /api/v1/me': { body: me }, '*': answer });
  const { Component } = (await (route.lazy as () => Promise<{ Component: ComponentType }>)()) ?? {};
  renderPage(<Component />, { url: address, route: path });
  return requests;
}

test('there are pages to walk through', () => {
  expect(pages().length).toBeGreaterThan(18);
});

test.each(pages())('%s is never blank: a heading and the room of what is coming', async (address, path, route) => {
  await show(address, path, route, () => new Promise<FakeAnswer>(() => undefined));
  expect(await screen.findByRole('heading', { level: 1 })).toBeVisible();
  await waitFor(() => expect(document.querySelector('.mantine-Skeleton-root')).not.toBeNull());
  expect(screen.queryByRole('alert')).toBeNull();
});

test.each(pages())('%s says what went wrong, in words, and tries again', async (address, path, route) => {
  const requests = await show(address, path, route, () => ({
    status: 503,
    body: { code: 'unavailable', title: 'x', status: 503, detail: 'the database is away', request_id: 'r1' },
  }));
  const [alert] = await screen.findAllByRole('alert');
  expect(alert).toHaveTextContent('the database is away');
  await waitFor(() => expect(document.querySelector('main .mantine-Skeleton-root')).toBeNull());
  const before = requests.length;
  const [again] = await screen.findAllByRole('button', { name: 'Try again' });
  await userEvent.click(again!);
  await waitFor(() => expect(requests.length).toBeGreaterThan(before));
});

test.each(pages().filter(([address]) => !NEEDS_NO_PERMISSION.includes(address)))(
  '%s names the permission that is missing',
  async (address, path, route) => {
    await show(address, path, route, () => ({
      status: 403,
      body: { code: 'denied', title: 'x', status: 403, detail: '' },
    }));
    const [reason] = await screen.findAllByText(/^It needs the permission \w+:\w+\./);
    expect(reason).toBeVisible();
  },
);

/** Whatever list an answer has, nothing is in it. */
const nothing = {
  items: [],
  devices: [],
  releases: [],
  regions: [],
  groups: [],
  filters: [],
  counts: [],
  users: [],
  tokens: [],
  certificates: [],
  total: 0,
};

test.each([
  ['/rollouts', 'Nothing is being rolled out'],
  ['/devices', 'No devices yet'],
  ['/images', 'No images yet'],
  ['/firmware', 'No firmware yet'],
  ['/content', 'No content yet'],
  ['/groups', 'No regions yet'],
  ['/gateways', 'No gateway has been heard of'],
  ['/audit', 'No entries'],
])('%s, empty, says so and what to do next', async (address, title) => {
  const [, path, route] = pages().find(([one]) => one === address)!;
  await show(address, path, route, () => ({ body: nothing }));
  expect(await screen.findByRole('heading', { level: 2, name: title })).toBeVisible();
});

test.each([
  [
    '/devices?filter=state%3Dfailed&sort=-seen&saved=night',
    '/api/v1/devices',
    { filter: 'state=failed', sort: '-seen', saved: 'night' },
  ],
  ['/rollouts?tab=finished', '/api/v1/rollouts', { state: 'completed,aborted' }],
  ['/firmware?filter=clock&sort=name', '/api/v1/firmware', { search: 'clock', sort: 'name' }],
  ['/content?filter=sale&sort=title&size=16', '/api/v1/content', { search: 'sale', sort: 'title', limit: '16' }],
  ['/audit?actor=ann&action=login&object=user', '/api/v1/audit', { actor: 'ann', action: 'login', object: 'user' }],
  ['/settings/tokens?whose=all', '/api/v1/tokens', { all: '1' }],
  ['/groups?tab=filter', '/api/v1/filters', {}],
])('the address %s is all that it takes to see the same again', async (address, place, query) => {
  const [, path, route] = pages().find(([one]) => one === address.split('?')[0])!;
  const requests = await show(address, path, route, () => ({ body: nothing }));
  await waitFor(() => {
    const asked = requests.map(({ url }) => new URL(url)).filter(({ pathname }) => pathname === place);
    expect(asked.map(({ searchParams }) => Object.fromEntries(searchParams))).toContainEqual(
      expect.objectContaining(query),
    );
  });
});
