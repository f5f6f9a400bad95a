// @vitest-environment node
import { expect, test } from 'vitest';
import { changesRows, patchPages } from './patch';

type Data = Parameters<typeof patchPages>[0];
const data = { pages: [{ devices: [{ id: 'door-1', state: 'idle' }] }], pageParams: [] } as unknown as Data;

test('a report changes the row of its device, and no other list', () => {
  const patched = patchPages(data, [{ id: 'door-1', state: 'fetching', version: '2' }], 5);
  expect(patched.pages[0]?.devices[0]).toMatchObject({ state: 'fetching', running_version: '2', last_seen_ms: 5 });
  expect(patchPages(data, [{ id: 'elsewhere', state: 'failed' }], 5)).toBe(data);
});

test('who enrols or is registered makes a row; who reports or comes online does not', () => {
  expect(changesRows({ id: 'a', action: 'enrolled', kind: 'device' })).toBe(true);
  expect(changesRows({ id: 'a', label: 'Door', active: true, state: '' })).toBe(true);
  expect(changesRows({ id: 'a', name: 'app', state: 'committed', version: '1' })).toBe(false);
  expect(changesRows({ id: 'a', online: false, changed: '' })).toBe(false);
  expect(changesRows({ presence: 'many', count: 900 })).toBe(false);
});
