import { expect, test } from 'vitest';
import { Problem } from '@/shared/api/problem';
import { bulkCommand } from './actions';
import { runBulk } from './run';

const items = Array.from({ length: 20 }, (_, index) => ({ id: `d${index}` }));
const forever = new AbortController().signal;

test('a refusal is kept and does not stop the others', async () => {
  const result = await runBulk(
    items,
    async ({ id }) => {
      if (id === 'd7') throw new Problem(409, 'conflict', 'no');
    },
    () => undefined,
    forever,
  );
  expect(result.done).toBe(19);
  expect(result.failed.map(({ id, problem }) => [id, problem.code])).toEqual([['d7', 'conflict']]);
});

test('a server that is away stops it', async () => {
  let calls = 0;
  const result = await runBulk(
    items,
    async () => Promise.reject(new Error(`away ${calls++}`)),
    () => undefined,
    forever,
  );
  expect(result.done).toBe(0);
  expect(calls).toBeLessThan(items.length);
});

test('stopping lets those under way end', async () => {
  const stop = new AbortController();
  const result = await runBulk(
    items,
    async () => stop.abort(),
    () => undefined,
    stop.signal,
  );
  expect(result.done).toBeGreaterThan(0);
  expect(result.done).toBeLessThan(items.length);
});

test('the same as a command, with the tags that stay', () => {
  const input = { key: 'site', value: "3'; rm -rf /", place: null, reason: '' };
  expect(bulkCommand('tag', input, { id: 'd1', tags: { floor: '2' } })).toBe(
    `stratus device change d1 --tag floor=2 --tag 'site=3'\\''; rm -rf /'`,
  );
  expect(bulkCommand('group', input)).toBe('stratus device change ID --group -');
});
