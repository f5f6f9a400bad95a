import type { InfiniteData } from '@tanstack/react-query';
import type { Answer } from '@/shared/api/client';

type Page = Answer<'listDevices'>;

/** What an event of the topic `devices` says of one device; other events (places, filters) have no such members. */
export interface DeviceEvent {
  id: string;
  state?: string;
  version?: string;
  name?: string;
  online?: boolean;
  changed?: string; // when it came or went
}

/** Whether rows may have come, gone or got other texts: anything but a report and a word about who is there. */
export function changesRows(data: object): boolean {
  const isReport = 'state' in data && !('active' in data);
  return !isReport && !('online' in data || 'presence' in data);
}

/**
 * Puts states into rows that are shown, in place: nothing moves under the reader's pointer. The same object when nothing
 * fits. Events may be old ones that the stream repeats: a device was heard when its event says so, not now.
 */
export function patchPages(data: InfiniteData<Page>, events: readonly DeviceEvent[]): InfiniteData<Page> {
  const newest = new Map<string, DeviceEvent & { heard: number }>();
  for (const event of events) {
    const before = newest.get(event.id);
    const heard = event.online && event.changed ? Date.parse(event.changed) || 0 : 0;
    newest.set(event.id, { ...before, ...event, heard: Math.max(before?.heard ?? 0, heard) });
  }
  let touched = false;
  const pages = data.pages.map((page) => {
    if (!page.devices.some((device) => newest.has(device.id))) return page;
    touched = true;
    return {
      ...page,
      devices: page.devices.map((device) => {
        const news = newest.get(device.id);
        if (!news) return device;
        return {
          ...device,
          state: news.state ?? device.state,
          running_version: news.version ?? device.running_version,
          name: news.name ?? device.name,
          ...(news.heard > (device.last_seen_ms ?? 0) && {
            last_seen_ms: news.heard,
            last_seen: new Date(news.heard).toISOString(),
          }),
        };
      }),
    };
  });
  return touched ? { ...data, pages } : data;
}
