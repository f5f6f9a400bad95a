import { act, renderHook } from '@testing-library/react';
import { MemoryRouter } from 'react-router';
import { expect, test } from 'vitest';
import { MOST_CHOSEN, useChosen } from './useChosen';

const chosenAt = (address: string) =>
  renderHook(() => useChosen(), {
    wrapper: ({ children }) => <MemoryRouter initialEntries={[address]}>{children}</MemoryRouter>,
  }).result;

test('an address that names a picture twice holds it once', () => {
  expect(chosenAt('/content?chosen=a,b,a,,b').current.ids).toEqual(['a', 'b']);
});

test('as many as a rollout takes, and not one more', () => {
  const many = Array.from({ length: MOST_CHOSEN + 5 }, (_, at) => `c${at}`).join();
  const result = chosenAt(`/content?chosen=${many}`);
  expect(result.current.ids).toHaveLength(MOST_CHOSEN);
  expect(result.current.full).toBe(true);
  act(() => result.current.toggle('another'));
  expect(result.current.ids).not.toContain('another');
  act(() => result.current.toggle('c0'));
  expect(result.current.full).toBe(false);
  act(() => result.current.toggle('another'));
  expect(result.current.ids.at(-1)).toBe('another');
});
