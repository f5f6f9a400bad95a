import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeSource, newestSource as newest } from '@/shared/testing/events';
import { LiveStream, type LiveEvent } from './stream';

const query = () => new URL(newest().url, 'http://x').searchParams;
const open = (url: string) => new FakeSource(url) as unknown as EventSource;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSource.opened = [];
});
afterEach(() => vi.useRealTimers());

test('one stream with the topics of all who listen, as far as they are allowed', () => {
  const stream = new LiveStream(vi.fn(), open);
  stream.allow(['devices', 'rollouts']);
  stream.listen(['devices'], vi.fn());
  stream.listen(['rollouts', 'people'], vi.fn());
  vi.runAllTimers();
  expect(FakeSource.opened).toHaveLength(1);
  expect(query().get('topics')).toBe('devices,rollouts');
});

test('what was read before the stream began is read again, once', () => {
  const reload = vi.fn();
  const stream = new LiveStream(reload, open);
  stream.allow(['devices']);
  stream.listen(['devices'], vi.fn());
  vi.runAllTimers();
  expect(reload).not.toHaveBeenCalled();
  newest().say('hello', 'e-0', {});
  expect(reload).toHaveBeenCalledOnce();
  newest().onerror?.();
  vi.runAllTimers();
  newest().say('hello', 'e-0', {});
  expect(reload).toHaveBeenCalledOnce();
});

test('a stream that begins where reading began has nothing read again', () => {
  const reload = vi.fn();
  const stream = new LiveStream(reload, open);
  const events = vi.fn();
  stream.listen(['devices'], events);
  stream.allow(['devices'], 'e-5');
  vi.runAllTimers();
  expect(query().get('last_event_id')).toBe('e-5');
  newest().say('hello', 'e-5', {});
  newest().say('devices', 'e-6', { id: 'changed between the reading and the stream' });
  vi.runAllTimers();
  expect(reload).not.toHaveBeenCalled();
  expect(events).toHaveBeenCalledOnce();
});

test('a page that begins to listen misses nothing of its topics, however far the others are', () => {
  const stream = new LiveStream(vi.fn(), open);
  stream.allow(['devices', 'rollouts'], 'e-1');
  stream.listen(['devices'], vi.fn());
  vi.runAllTimers();
  newest().say('hello', 'e-1', {});
  newest().say('devices', 'e-4', {});
  stream.listen(['rollouts'], vi.fn()); // what it shows is read from now on
  newest().say('devices', 'e-9', {}); // between e-4 and this a rollout may have changed
  vi.runAllTimers();
  expect(FakeSource.opened).toHaveLength(2);
  expect(query().get('topics')).toBe('devices,rollouts');
  expect(query().get('last_event_id')).toBe('e-4');
  newest().onerror?.(); // not even when that connection comes to nothing
  vi.runAllTimers();
  expect(query().get('last_event_id')).toBe('e-4');
  newest().say('hello', 'e-4', {});
  newest().say('devices', 'e-9', {});
  newest().onerror?.();
  vi.runAllTimers();
  expect(query().get('last_event_id')).toBe('e-9');
});

test('who begins to listen while a connection is on its way misses nothing either', () => {
  const stream = new LiveStream(vi.fn(), open);
  stream.allow(['devices', 'gateways', 'rollouts'], 'e-1');
  stream.listen(['devices'], vi.fn());
  vi.runAllTimers();
  newest().say('hello', 'e-1', {});
  newest().say('devices', 'e-4', {});
  stream.listen(['rollouts'], vi.fn());
  vi.runAllTimers();
  stream.listen(['gateways'], vi.fn()); // the connection for rollouts has not said hello yet
  newest().say('hello', 'e-4', {});
  newest().say('devices', 'e-9', {});
  vi.runAllTimers();
  expect(query().get('topics')).toBe('devices,gateways,rollouts');
  expect(query().get('last_event_id')).toBe('e-4');
});

test.each([
  ['may not see its topic', 'people', false],
  ['leaves at once', 'rollouts', true],
] as const)('a listener that %s does not hold the stream back', (_, topic, leaves) => {
  const stream = new LiveStream(vi.fn(), open);
  stream.allow(['devices', 'rollouts'], 'e-1');
  stream.listen(['devices'], vi.fn());
  vi.runAllTimers();
  newest().say('hello', 'e-1', {});
  const leave = stream.listen([topic], vi.fn());
  if (leaves) leave();
  vi.runAllTimers();
  newest().say('devices', 'e-9', {});
  newest().onerror?.();
  vi.runAllTimers();
  expect(query().get('last_event_id')).toBe('e-9');
});

test('events are handed over together, to those who listen to their topic', () => {
  const stream = new LiveStream(vi.fn(), open);
  const devices: LiveEvent[][] = [];
  const rollouts = vi.fn();
  stream.allow(['devices', 'rollouts']);
  stream.listen(['devices'], (events) => devices.push(events));
  stream.listen(['rollouts'], rollouts);
  vi.runAllTimers();
  newest().say('hello', 'e-0', {});
  expect(stream.getState()).toBe('live');
  newest().say('devices', 'e-1', { id: 'a' });
  newest().say('devices', 'e-2', { id: 'b' });
  vi.runAllTimers();
  expect(devices).toEqual([
    [
      { topic: 'devices', data: { id: 'a' } },
      { topic: 'devices', data: { id: 'b' } },
    ],
  ]);
  expect(rollouts).not.toHaveBeenCalled();
});

test('a broken stream says so, waits longer each time and goes on after the last event', () => {
  const stream = new LiveStream(vi.fn(), open);
  stream.allow(['devices']);
  stream.listen(['devices'], vi.fn());
  vi.runAllTimers();
  newest().say('hello', 'e-0', {});
  newest().say('devices', 'e-7', {});
  newest().onerror?.();
  expect(stream.getState()).toBe('reconnecting');
  vi.advanceTimersByTime(1000);
  expect(query().get('last_event_id')).toBe('e-7');
  newest().onerror?.();
  vi.advanceTimersByTime(1999);
  expect(FakeSource.opened).toHaveLength(2);
  vi.advanceTimersByTime(1);
  expect(FakeSource.opened).toHaveLength(3);
  newest().say('hello', 'e-7', {});
  expect(stream.getState()).toBe('live');
});

test('missed events have everything read again; fewer topics are no reason to connect again', () => {
  const reload = vi.fn();
  const stream = new LiveStream(reload, open);
  stream.allow(['devices']);
  const leave = stream.listen(['devices'], vi.fn());
  vi.runAllTimers();
  newest().say('reload', 'f-3', {});
  expect(reload).toHaveBeenCalledOnce();
  leave();
  vi.runAllTimers();
  expect(FakeSource.opened).toHaveLength(1);
  stream.allow([]);
  vi.runAllTimers();
  expect(newest().closed).toBe(true);
  expect(stream.getState()).toBe('off');
});
