import type { Device } from '@/entities/device/api/listDevices';
import type { Body } from '@/shared/api/client';
import { shellLine } from '@/shared/ui/CopyAsCli';

export type Change = Body<'changeDevice'>;

export interface EditForm {
  label: string;
  region: string | null;
  group: string | null;
  location: string;
  time_zone: string;
  hardware: string;
  tags: string; // one a line
  active: boolean;
}

export function formOf(device: Device): EditForm {
  return {
    label: device.label,
    region: device.region?.code ?? null,
    group: device.group?.code ?? null,
    location: device.location ?? '',
    time_zone: device.time_zone ?? '',
    hardware: device.hardware ?? '',
    tags: Object.entries(device.tags)
      .map(([key, value]) => (value ? `${key}=${value}` : key))
      .join('\n'),
    active: device.active,
  };
}

const linesOf = (tags: string) =>
  tags
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

/** The first line that is no tag. */
export function tagProblem(tags: string): string | undefined {
  return linesOf(tags).find((line) => !/^[a-z0-9._-]{1,32}(=.{0,128})?$/.test(line));
}

function parseTags(tags: string): Record<string, string> {
  return Object.fromEntries(
    linesOf(tags).map((line) => {
      const equal = line.indexOf('=');
      return equal < 0 ? [line, ''] : [line.slice(0, equal), line.slice(equal + 1)];
    }),
  );
}

/** Only what differs: what another person changed meanwhile stays. */
export function changeOf(device: Device, form: EditForm): Change {
  const before = formOf(device);
  const change: Change = {};
  if (form.label !== before.label) change.label = form.label;
  if (form.region !== before.region) change.region = form.region;
  if (form.group !== before.group) change.group = form.group;
  if (form.location !== before.location) change.location = form.location;
  if (form.time_zone !== before.time_zone) change.time_zone = form.time_zone;
  if (form.hardware !== before.hardware) change.hardware = form.hardware;
  if (form.tags !== before.tags) change.tags = parseTags(form.tags);
  if (form.active !== before.active) change.active = form.active;
  return change;
}

export function changeCommand(id: string, change: Change): string {
  const words = ['stratus', 'device', 'change', id];
  const push = (option: string, value: string | null | undefined) => {
    if (value !== undefined) words.push(option, value ?? '-');
  };
  push('--label', change.label);
  push('--region', change.region);
  push('--group', change.group);
  push('--location', change.location);
  push('--time-zone', change.time_zone);
  push('--hardware', change.hardware);
  if (change.active !== undefined) push('--active', change.active ? 'yes' : 'no');
  if (change.tags) {
    const tags = Object.entries(change.tags).map(([key, value]) => `${key}=${value}`);
    for (const tag of tags.length ? tags : ['-']) push('--tag', tag);
  }
  return shellLine(words);
}
