import { expect, test } from 'vitest';
import type { Device } from '@/entities/device/api/listDevices';
import { csvCell, devicesCsv } from './export';

test('cells with separators are quoted, cells that would calculate are not calculated', () => {
  expect(csvCell('a,b')).toBe('"a,b"');
  expect(csvCell('say "hi"')).toBe('"say ""hi"""');
  expect(csvCell('=HYPERLINK("http://x")')).toBe(`"'=HYPERLINK(""http://x"")"`);
  expect(csvCell('@x')).toBe("'@x");
});

test('one line a device below the names', () => {
  const device = {
    id: 'd1',
    label: '현관',
    state: 'failed',
    kind: 'linux',
    active: true,
    tags: { site: '3' },
    name: 'app',
    last_seen_ms: 0,
    region: null,
    group: null,
  };
  const lines = devicesCsv([device as unknown as Device]).split('\r\n');
  expect(lines[0]).toMatch(/^\ufeffid,label,state/);
  expect(lines[1]).toBe('d1,현관,failed,,app,,,,,linux,,yes,,site=3');
});
