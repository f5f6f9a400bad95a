import { describe, expect, test } from 'vitest';
import type { DeviceEventRow, MetricPoint } from '@/entities/device/api/deviceParts';
import type { Device } from '@/entities/device/api/listDevices';
import { certificateHealth, type Certificates } from './certificate';
import { changeCommand, changeOf, formOf, tagProblem } from './edit';
import { logLines } from './log';
import { metricSeries } from './metrics';
import { timeline } from './timeline';

const event = (id: number, kind: string, body: object, received = '2026-01-01T00:00:00Z') =>
  ({ id, kind, time: received, received, body }) as DeviceEventRow;

test('what happened, newest first, log lines elsewhere', () => {
  const moments = timeline(
    [{ at: '2026-01-01T00:00:01Z', name: 'app', version: '2', digest: 'd', outcome: 'committed', reason: '' }],
    [
      {
        rollout: 'R',
        name: 'app',
        version: '2',
        digest: 'sha256:d',
        outcome: 'success',
        attempt: 1,
        bytes: 1,
        from_version: '1',
        ended_at: '2026-01-01T00:00:02Z',
      },
    ],
    [event(1, 'presence', { online: true }), event(2, 'log', { message: 'x' })],
  );
  expect(moments.map(({ kind, what, detail }) => [kind, what, detail])).toEqual([
    ['rollout', 'app 1 → 2', ''],
    ['update', 'app 2', ''],
    ['event', 'presence', 'online=true'],
  ]);
});

test('log lines: one or many in a message, the newest first; anything may be missing', () => {
  const lines = logLines([
    event(9, 'status/error_log', {
      entries: [{ level: 'warning', component: 'net', message: 'first', time_ms: 5 }, { message: 'second' }, null],
    }),
    event(8, 'log', { level: 'info', message: '<script>alert(1)</script>' }),
  ]);
  expect(lines.map(({ level, message }) => [level, message])).toEqual([
    ['error', ''],
    ['error', 'second'],
    ['warning', 'first'],
    ['info', '<script>alert(1)</script>'],
  ]);
});

describe('metrics', () => {
  const point = (time_ms: number, values: Record<string, number>) =>
    ({ time: '', time_ms, kind: 'status/system', values }) as MetricPoint;
  test('one series a number, what operators look at first', () => {
    const series = metricSeries([
      point(1000, { uptime_s: 1, cpu_percent: 5 }),
      point(2000, { uptime_s: 2, cpu_percent: 7, memory_used: 9 }),
    ]);
    expect(series.map(({ name, unit, last }) => [name, unit, last])).toEqual([
      ['cpu_percent', 'percent', 7],
      ['memory_used', 'bytes', 9],
      ['uptime_s', 'seconds', 2],
    ]);
  });
  test('peaks survive thinning, times keep growing', () => {
    const points = Array.from({ length: 5000 }, (_, at) => point(at * 1000, { x: at === 4001 ? 99 : 1 }));
    const [series] = metricSeries([...points, point(10, { x: 5 })]);
    expect(series!.times.length).toBeLessThanOrEqual(600);
    expect(Math.max(...series!.values)).toBe(99);
  });
});

describe('a certificate', () => {
  const day = 86_400_000;
  const now = Date.parse('2026-06-01T00:00:00Z');
  const of = (left: number, more: object = {}): Certificates =>
    ({
      device: 'd',
      enrolled: true,
      revoked: false,
      items: [
        {
          state: 'active',
          not_before: new Date(now + left - 365 * day).toISOString(),
          not_after: new Date(now + left).toISOString(),
        },
      ],
      ...more,
    }) as Certificates;
  test('is valid, overdue, expired, revoked or none', () => {
    expect(certificateHealth(of(100 * day), now)).toBe('valid');
    expect(certificateHealth(of(29 * day), now)).toBe('valid'); // it is renewing just now
    expect(certificateHealth(of(10 * day), now)).toBe('expiring');
    expect(certificateHealth(of(-1), now)).toBe('expired');
    expect(certificateHealth(of(100 * day, { revoked: true }), now)).toBe('revoked');
    expect(certificateHealth(of(1, { enrolled: false, items: [] }), now)).toBe('none');
  });
});

describe('editing', () => {
  const device = {
    id: 'd1',
    label: 'Door',
    region: { id: 'r', code: 'seoul', name: '' },
    group: null,
    tags: { site: '3' },
    active: true,
  } as unknown as Device;
  test('sends only what differs', () => {
    const form = formOf(device);
    expect(changeOf(device, form)).toEqual({});
    const change = changeOf(device, { ...form, region: null, tags: 'site=4\nlab', active: false });
    expect(change).toEqual({ region: null, tags: { site: '4', lab: '' }, active: false });
    expect(changeCommand('d1', change)).toBe('stratus device change d1 --region - --active no --tag site=4 --tag lab=');
  });
  test('names the line that is no tag', () => {
    expect(tagProblem('site=3\nSite=4')).toBe('Site=4');
    expect(tagProblem('a=b=c\n\nlab')).toBeUndefined();
  });
});
