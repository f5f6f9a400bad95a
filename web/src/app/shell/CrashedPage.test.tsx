import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import { createMemoryRouter, RouterProvider } from 'react-router';
import { beforeEach, expect, test, vi } from 'vitest';
import * as loading from '@/shared/lib/loadPart';
import { CrashedPage } from './CrashedPage';

const reload = vi.fn();
beforeEach(() => {
  reload.mockClear();
  vi.spyOn(loading, 'reloadOnce').mockImplementation(reload);
});

function crash(error: Error) {
  vi.spyOn(console, 'error').mockImplementation(() => undefined); // React tells of it, too
  const routes = [{ path: '/', errorElement: <CrashedPage />, loader: () => Promise.reject(error), element: null }];
  render(
    <MantineProvider env="test">
      <RouterProvider router={createMemoryRouter(routes)} />
    </MantineProvider>,
  );
}

test('a console that was replaced is reloaded by itself', async () => {
  crash(new loading.Replaced());
  expect(await screen.findByText('The console was updated. Reload to go on.')).toBeVisible();
  expect(reload).toHaveBeenCalled();
});

test('what could not be fetched names the server, not files', async () => {
  crash(new Error('Unable to preload CSS for https://s/assets/x.css'));
  expect(await screen.findByText('This page could not be loaded')).toBeVisible();
  expect(screen.getByText(/^The server did not answer/)).toBeVisible();
  expect(screen.queryByText(/preload/)).toBeNull();
  expect(reload).not.toHaveBeenCalled();
});

test('what a page threw is shown', async () => {
  crash(new Error('x is undefined'));
  expect(await screen.findByText('This page could not be shown')).toBeVisible();
  expect(screen.getByText('x is undefined')).toBeVisible();
  expect(reload).not.toHaveBeenCalled();
});
