import type { InfiniteData } from '@tanstack/react-query';
import type { Answer } from '@/shared/api/client';

type Page = Answer<'listDevices'>;

/** What an event of the topic `devices` says of one device; other events (places, filters) have no such members. */
export interface DeviceEvent {
  id: string;
  state?: string;
  version?: string;
  name?: string;
}

/** Whether rows may have come, gone or got other texts: anything but a report and a word about who is there. */
export function changesRows(data: object): boolean {
  const isReport = 'state' in data && !('active' in data);
  return !isReport && !('online' in data || 'presence' in data);
}

/** Puts states into rows that are shown, in place: nothing moves under the reader's pointer. The same object when nothing fits. */
export function patchPages(data: InfiniteData<Page>, events: readonly DeviceEvent[], now: number): InfiniteData<Page> {
  const newest = new Map(events.map((event) => [event.id, event]));
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
          last_seen_ms: now,
          last_seen: new Date(now).toISOString(),
        };
      }),
    };
  });
  return touched ? { ...data, pages } : data;
}
