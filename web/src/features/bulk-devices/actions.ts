import type { Device } from '@/entities/device/api/listDevices';
import { api, take, type Body } from '@/shared/api/client';
import { shellLine } from '@/shared/ui/CopyAsCli';

export type BulkAction = 'tag' | 'untag' | 'group' | 'region' | 'activate' | 'deactivate' | 'revoke' | 'remove';

/** What is asked beside the action: a tag's key, its value, a place's code, a reason. */
export interface BulkInput {
  key: string;
  value: string;
  place: string | null;
  reason: string;
}

export const DANGEROUS: ReadonlySet<BulkAction> = new Set(['revoke', 'remove']);
/** More than this many: the number has to be typed. */
export const TYPE_ABOVE = 10;

const patch = (id: string, body: Body<'changeDevice'>) =>
  take(api.PATCH('/api/v1/devices/{id}', { params: { path: { id } }, body }));

export function isComplete(action: BulkAction, { key }: BulkInput): boolean {
  return action === 'tag' || action === 'untag' ? /^[a-z0-9._-]{1,32}$/.test(key) : true;
}

export function changeDevice(
  action: BulkAction,
  input: BulkInput,
  device: Pick<Device, 'id' | 'tags'>,
): Promise<unknown> {
  const { id, tags } = device;
  switch (action) {
    case 'tag':
      return patch(id, { tags: { ...tags, [input.key]: input.value } });
    case 'untag': {
      const left = { ...tags };
      delete left[input.key];
      return patch(id, { tags: left });
    }
    case 'group':
      return patch(id, { group: input.place });
    case 'region':
      return patch(id, { region: input.place });
    case 'activate':
      return patch(id, { active: true });
    case 'deactivate':
      return patch(id, { active: false });
    case 'revoke':
      return take(
        api.POST('/api/v1/devices/{id}/revoke', {
          params: { path: { id } },
          body: { reason: input.reason || undefined },
        }),
      );
    case 'remove':
      return take(api.DELETE('/api/v1/devices/{id}', { params: { path: { id } } }));
  }
}

/** The same for one device on the command line; `ID` stands for each. */
export function bulkCommand(action: BulkAction, input: BulkInput, device?: Pick<Device, 'id' | 'tags'>): string {
  const id = device?.id ?? 'ID';
  const change = ['stratus', 'device', 'change', id];
  const tagWords = (tags: Record<string, string>) =>
    Object.entries(tags).flatMap(([key, value]) => ['--tag', `${key}=${value}`]);
  switch (action) {
    case 'tag':
      return shellLine([...change, ...tagWords({ ...device?.tags, [input.key || 'KEY']: input.value })]);
    case 'untag': {
      const left = { ...device?.tags };
      delete left[input.key];
      const words = tagWords(left);
      return shellLine([...change, ...(words.length ? words : ['--tag', '-'])]);
    }
    case 'group':
      return shellLine([...change, '--group', input.place ?? '-']);
    case 'region':
      return shellLine([...change, '--region', input.place ?? '-']);
    case 'activate':
      return shellLine([...change, '--active', 'yes']);
    case 'deactivate':
      return shellLine([...change, '--active', 'no']);
    case 'revoke':
      return shellLine(['stratus', 'device', 'revoke', id, ...(input.reason ? ['--reason', input.reason] : [])]);
    case 'remove':
      return shellLine(['stratus', 'device', 'remove', id]);
  }
}
