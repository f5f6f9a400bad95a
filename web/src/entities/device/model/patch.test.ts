// @vitest-environment node
import { expect, test } from 'vitest';
import { changesRows, patchPages } from './patch';

type Data = Parameters<typeof patchPages>[0];
const data = { pages: [{ devices: [{ id: 'door-1', state: 'idle' }] }], pageParams: [] } as unknown as Data;

const row = (events: Parameters<typeof patchPages>[1]) => patchPages(data, events).pages[0]?.devices[0];
const noon = '2026-01-01T12:00:00.000Z';

test('a report changes the row of its device, and no other list', () => {
  expect(row([{ id: 'door-1', state: 'fetching', version: '2' }])).toMatchObject({
    state: 'fetching',
    running_version: '2',
  });
  expect(patchPages(data, [{ id: 'elsewhere', state: 'failed' }])).toBe(data);
});

test('a device was heard when its event says so; one that went was not heard then', () => {
  expect(row([{ id: 'door-1', online: true, changed: noon }])).toMatchObject({
    last_seen: noon,
    last_seen_ms: Date.parse(noon),
  });
  for (const silent of [{ state: 'failed' }, { online: false, changed: noon }, { online: true, changed: '?' }])
    expect(row([{ id: 'door-1', ...silent }])).not.toHaveProperty('last_seen');
  const later = { ...data.pages[0]!.devices[0]!, last_seen: 'later', last_seen_ms: Date.parse(noon) + 1 };
  const seen = { ...data, pages: [{ devices: [later] }] } as unknown as Data;
  expect(patchPages(seen, [{ id: 'door-1', online: true, changed: noon }]).pages[0]?.devices[0]).toMatchObject({
    last_seen: 'later',
  });
});

test('of several events of one device none is lost', () => {
  const both = row([
    { id: 'door-1', state: 'failed' },
    { id: 'door-1', online: true, changed: noon },
    { id: 'door-1', online: false, changed: '2026-01-01T13:00:00Z' },
  ]);
  expect(both).toMatchObject({ state: 'failed', last_seen: noon });
});

test('who enrols or is registered makes a row; who reports or comes online does not', () => {
  expect(changesRows({ id: 'a', action: 'enrolled', kind: 'device' })).toBe(true);
  expect(changesRows({ id: 'a', label: 'Door', active: true, state: '' })).toBe(true);
  expect(changesRows({ id: 'a', name: 'app', state: 'committed', version: '1' })).toBe(false);
  expect(changesRows({ id: 'a', online: false, changed: '' })).toBe(false);
  expect(changesRows({ presence: 'many', count: 900 })).toBe(false);
});
