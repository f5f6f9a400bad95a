import { QueryClientProvider } from '@tanstack/react-query';
import { act, renderHook, waitFor } from '@testing-library/react';
import type { ReactNode } from 'react';
import { expect, test, vi } from 'vitest';
import { makeQueryClient } from '@/shared/api/queries';
import { LiveProvider } from '@/shared/live';
import { FakeSource, fakeEvents, newestSource } from '@/shared/testing/events';
import { fakeServer } from '@/shared/testing/render';
import { useReplay } from './getReplay';
import { useRolloutLive } from './getRollout';
import { useTiles } from './getTiles';

const say = (topic: string, data: object) => newestSource().say(topic, 'e-2', data);

function serve() {
  fakeEvents();
  const requests = fakeServer({
    'GET /api/v1/rollouts/R/tiles': { body: { prefix: '', devices: ['a'], states: 'w', percents: [] } },
    'GET /api/v1/rollouts/R/replay': { body: { from: '', step_ms: 1, steps: 0, begun: [], ended: [] } },
    'GET /api/v1/rollouts/other/tiles': { body: { prefix: '', devices: [], states: '', percents: [] } },
  });
  const client = makeQueryClient();
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>
      <LiveProvider topics={['tiles', 'rollouts']} since="e-1">
        {children}
      </LiveProvider>
    </QueryClientProvider>
  );
  const asked = (part: string) => requests.filter(({ url }) => url.includes(`/R/${part}`)).length;
  return { client, wrapper, asked };
}

test('who comes back to the squares reads again what nobody listened to meanwhile', async () => {
  const { wrapper, asked } = serve();
  const view = renderHook(({ id }) => useTiles(id).data, { wrapper, initialProps: { id: 'R' } });
  await waitFor(() => expect(view.result.current?.letter(0)).toBe('w'));
  await waitFor(() => expect(FakeSource.opened.length).toBeGreaterThan(0));
  expect(asked('tiles')).toBe(1);
  view.rerender({ id: 'other' });
  act(() => void say('tiles', { rollout: 'R', changes: [[0, 'S', 100]] }));
  view.rerender({ id: 'R' });
  await waitFor(() => expect(asked('tiles')).toBe(2));
});

test('a look back is not read again with each event', async () => {
  const { client, wrapper, asked } = serve();
  renderHook(
    () => {
      useRolloutLive('R');
      return useReplay('R');
    },
    { wrapper },
  );
  await waitFor(() => expect(asked('replay')).toBe(1));
  const invalidated = vi.spyOn(client, 'invalidateQueries');
  await waitFor(() => expect(FakeSource.opened.length).toBeGreaterThan(0));
  act(() => void say('rollouts', { id: 'R', revision: 2 }));
  await waitFor(() => expect(invalidated).toHaveBeenCalledOnce(), { timeout: 5000 });
  expect(asked('replay')).toBe(1);
});
