import { act, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { renderPage } from '../testing/render';
import { useUrlParam } from './urlState';

function Both() {
  const [a, setA] = useUrlParam('a');
  const [, setB] = useUrlParam('b');
  return (
    <>
      <button
        onClick={() => {
          setA('1');
          setB('2');
          setA((before) => `${before}1`);
        }}
      >
        both
      </button>
      <button onClick={() => setA((before) => `${before}x`)}>more</button>
      <p>a={a}</p>
    </>
  );
}

test('two parameters that change at once both change', async () => {
  const { router } = renderPage(<Both />, { url: '/?c=3' });
  await userEvent.click(screen.getByRole('button', { name: 'both' }));
  expect(await screen.findByText('a=11')).toBeVisible();
  expect(router.state.location.search).toBe('?c=3&a=11&b=2');
});

test('what was wished on a page that was left is not so on the next', async () => {
  const { router } = renderPage(<Both />, { url: '/' });
  await act(() => router.navigate('/?c=3'));
  await act(async () => {
    screen.getByRole('button', { name: 'more' }).click();
    await router.navigate(-1); // before the wish is shown
  });
  await userEvent.click(screen.getByRole('button', { name: 'more' }));
  expect(await screen.findByText('a=x')).toBeVisible();
  expect(router.state.location.search).toBe('?a=x');
});
