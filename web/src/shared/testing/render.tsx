import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import type { ReactElement } from 'react';
import { createMemoryRouter, RouterProvider } from 'react-router';
import { vi } from 'vitest';
import { makeQueryClient } from '../api/queries';
import { changeLanguage, type Language } from '../i18n';

/** One answer of the pretended server: a body, or a problem by `status` 400 and more. */
export interface FakeAnswer {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
}
type FakeRoute = FakeAnswer | ((request: Request) => FakeAnswer | Promise<FakeAnswer>);

/** Answers `"GET /api/v1/me"` and so on, without the query, else with `'*'`, else 404. Answers the requests that came. */
export function fakeServer(routes: Record<string, FakeRoute>): Request[] {
  const requests: Request[] = [];
  vi.stubGlobal('fetch', async (input: Request | string, init?: RequestInit) => {
    const request = new Request(typeof input === 'string' ? new URL(input, location.href) : input, init);
    requests.push(request.clone());
    const route = routes[`${request.method} ${new URL(request.url).pathname}`] ?? routes['*'];
    const answer =
      typeof route === 'function' ? await route(request) : (route ?? { status: 404, body: { code: 'not_found' } });
    const status = answer.status ?? 200;
    const body = status === 204 ? null : JSON.stringify(answer.body ?? {});
    return new Response(body, { status, headers: { 'Content-Type': 'application/json', ...answer.headers } });
  });
  return requests;
}

/** Renders `element` at `url` inside all providers; `route` where it reads parameters of the path. */
export function renderPage(element: ReactElement, { url = '/', route = '*', language = 'en' as Language } = {}) {
  changeLanguage(language);
  const client = makeQueryClient();
  client.setDefaultOptions({ queries: { ...client.getDefaultOptions().queries, retry: false } });
  const router = createMemoryRouter(
    [
      { path: route, element },
      { path: '*', element: <p>elsewhere</p> },
    ].slice(0, route === '*' ? 1 : 2),
    {
      initialEntries: [url],
    },
  );
  const view = render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <Notifications />
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>,
  );
  return { ...view, client, router };
}

/** jsdom lays nothing out: without this, virtual tables believe to have no room and show no rows. */
export function giveTablesHeight() {
  vi.spyOn(Element.prototype, 'clientHeight', 'get').mockReturnValue(800);
  vi.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(1200);
}
