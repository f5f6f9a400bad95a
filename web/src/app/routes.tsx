import type { ComponentType } from 'react';
import { createBrowserRouter, redirect, type RouteObject } from 'react-router';
import { loadPart } from '@/shared/lib/loadPart';
import { CrashedPage } from './shell/CrashedPage';
import { NotFoundPage } from './shell/NotFoundPage';
import { Gate } from './shell/Gate';
import { Starting } from './shell/Starting';

const page = (path: string, load: () => Promise<{ default: ComponentType }>): RouteObject => ({
  path,
  lazy: async () => ({ Component: (await loadPart(load)).default }),
});
const moved = (path: string, to: (params: Record<string, string | undefined>) => string): RouteObject => ({
  path,
  loader: ({ params }) => redirect(to(params)),
  element: null,
});
const one = (value: string | undefined) => encodeURIComponent(value ?? '');

/** Exported for the test of every address. */
export const routes: RouteObject[] = [
  {
    errorElement: <CrashedPage />,
    hydrateFallbackElement: <Starting />,
    children: [
      page('/setup', () => import('@/pages/setup')),
      page('/login', () => import('@/pages/login')),
      {
        element: <Gate />,
        children: [
          {
            // Inside the shell, so that a page that breaks leaves the navigation standing.
            errorElement: <CrashedPage />,
            children: [
              page('/', () => import('@/pages/overview')),
              page('/rollouts', () => import('@/pages/rollouts')),
              page('/rollouts/new', () => import('@/pages/rollout-new')),
              page('/rollouts/:id', () => import('@/pages/rollout')),
              page('/devices', () => import('@/pages/devices')),
              page('/devices/:id', () => import('@/pages/device')),
              page('/images', () => import('@/pages/images')),
              page('/images/:name', () => import('@/pages/image')),
              page('/images/:name/:digest', () => import('@/pages/image-layers')),
              page('/firmware', () => import('@/pages/firmware')),
              page('/firmware/:id', () => import('@/pages/firmware-item')),
              page('/content', () => import('@/pages/content')),
              page('/content/:id', () => import('@/pages/content-item')),
              page('/groups', () => import('@/pages/groups')),
              page('/gateways', () => import('@/pages/gateways')),
              page('/monitoring', () => import('@/pages/monitoring')),
              page('/audit', () => import('@/pages/audit')),
              page('/settings', () => import('@/pages/settings')),
              page('/settings/:section', () => import('@/pages/settings')),
              { path: '*', element: <NotFoundPage /> },
            ],
          },
        ],
      },
      // Addresses of the console that this one replaces.
      moved('/dashboard', () => '/'),
      moved('/firmware/list', () => '/firmware'),
      moved('/firmware/deployment', () => '/rollouts'),
      moved('/firmware/deployment/:id', ({ id }) => `/rollouts/${one(id)}`),
      moved('/device', () => '/devices'),
      moved('/device/:id', ({ id }) => `/devices/${one(id)}`),
      moved('/ads', () => '/content'),
      moved('/ads/list', () => '/content'),
      moved('/ads/deployment', () => '/rollouts'),
      moved('/ads/deployment/:id', ({ id }) => `/rollouts/${one(id)}`),
      moved('/ads/:id', ({ id }) => `/content/${one(id)}`),
    ],
  },
];

export function makeRouter() {
  return createBrowserRouter(routes);
}
