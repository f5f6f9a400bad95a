import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loadPart, reloadOnce, Replaced } from './loadPart';

const page = (entry: string) => `<html><script type="module" src="/assets/${entry}.js"></script></html>`;
const answers = (answer: () => Response | Promise<Response>) => vi.stubGlobal('fetch', async () => answer());
const failure = new TypeError('Failed to fetch dynamically imported module: https://s/assets/x.js');

/** Fails as often as it is told to, then loads. */
function part(failures: number, error: Error = failure) {
  return vi.fn(async () => {
    if (failures-- > 0) throw error;
    return 'part';
  });
}

beforeEach(() => {
  document.head.innerHTML = page('old');
  answers(() => new Response(page('old')));
});
afterEach(() => {
  document.head.innerHTML = '';
});

test('what could not be fetched is fetched again', async () => {
  const load = part(2);
  expect(await loadPart(load, [0, 0])).toBe('part');
  expect(load).toHaveBeenCalledTimes(3);
});

test('a server that stays away is said as the browser said it', async () => {
  answers(() => {
    throw new TypeError('Failed to fetch');
  });
  const load = part(9);
  await expect(loadPart(load, [0, 0])).rejects.toBe(failure);
  expect(load).toHaveBeenCalledTimes(3);
});

test('what the part itself throws is not tried again', async () => {
  const load = part(1, new TypeError('x is undefined'));
  await expect(loadPart(load, [0, 0])).rejects.toThrow('x is undefined');
  expect(load).toHaveBeenCalledTimes(1);
});

test('in a newer console the part is not looked for', async () => {
  answers(() => new Response(page('new')));
  const load = part(9);
  await expect(loadPart(load, [0, 0])).rejects.toBeInstanceOf(Replaced);
  expect(load).toHaveBeenCalledTimes(1);
});

test.each([new Response('away', { status: 503 }), new Response('<html>a portal</html>')])(
  'an answer that is no console is no newer console',
  async (answer) => {
    answers(() => answer.clone());
    await expect(loadPart(part(9), [0])).rejects.toBe(failure);
  },
);

test('a style that failed is asked for again before the part, as often as it fails', async () => {
  document.head.innerHTML += '<link rel="stylesheet" href="/a.css"><link rel="stylesheet" href="/b.css">';
  const style = () => document.querySelector<HTMLLinkElement>('link[href="/a.css"]')!;
  const other = document.querySelector('link[href="/b.css"]');
  const links = [style()];
  const load = part(1, new Error('Unable to preload CSS for https://s/a.css'));
  style().dispatchEvent(new Event('error'));
  const loaded = loadPart(load, [0, 0]);
  for (const outcome of ['error', 'load']) {
    await vi.waitFor(() => expect(links).not.toContain(style()));
    links.push(style());
    expect(load).toHaveBeenCalledTimes(0);
    style().dispatchEvent(new Event(outcome));
  }
  expect(await loaded).toBe('part');
  expect(document.querySelector('link[href="/b.css"]')).toBe(other);
  expect(document.querySelectorAll('link')).toHaveLength(2);
});

test('a style that never comes is no trouble of the next part', async () => {
  document.head.innerHTML += '<link rel="stylesheet" href="/a.css">';
  const style = () => document.querySelector('link[href="/a.css"]')!;
  const failing = new MutationObserver(() => style().dispatchEvent(new Event('error')));
  style().dispatchEvent(new Event('error'));
  failing.observe(document.head, { childList: true });
  await expect(loadPart(part(0), [0])).rejects.toThrow('Unable to preload CSS');
  failing.disconnect();
  expect(await loadPart(part(0), [])).toBe('part');
});

test('each console is reloaded once', () => {
  const reload = vi.fn();
  reloadOnce(reload);
  reloadOnce(reload);
  expect(reload).toHaveBeenCalledTimes(1);
  document.head.innerHTML = page('new');
  reloadOnce(reload);
  document.head.innerHTML = page('old');
  reloadOnce(reload);
  expect(reload).toHaveBeenCalledTimes(2);
});
