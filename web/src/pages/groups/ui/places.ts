import { useQueryClient } from '@tanstack/react-query';
import { deviceKeys } from '@/entities/device/api/keys';
import { placeKeys } from '@/entities/device/api/listPlaces';
import { api, take } from '@/shared/api/client';
import { shellLine } from '@/shared/ui/CopyAsCli';

export type Kind = 'region' | 'group' | 'filter';

export interface PlaceForm {
  code: string;
  name: string;
  filter: string; // of saved filters
}

/** Creates or, with the code of `before`, changes one of a kind. */
export function useSavePlace(kind: Kind) {
  const client = useQueryClient();
  return async (before: string | null, form: PlaceForm) => {
    const place = { code: form.code, name: form.name };
    const filter = { ...place, filter: form.filter };
    const params = { path: { key: before ?? '' } };
    if (kind === 'region')
      await take<unknown>(
        before
          ? api.PATCH('/api/v1/regions/{key}', { params, body: place })
          : api.POST('/api/v1/regions', { body: place }),
      );
    else if (kind === 'group')
      await take<unknown>(
        before
          ? api.PATCH('/api/v1/groups/{key}', { params, body: place })
          : api.POST('/api/v1/groups', { body: place }),
      );
    else
      await take<unknown>(
        before
          ? api.PATCH('/api/v1/filters/{key}', { params, body: filter })
          : api.POST('/api/v1/filters', { body: filter }),
      );
    void client.invalidateQueries({ queryKey: placeKeys.all });
    void client.invalidateQueries({ queryKey: deviceKeys.all });
  };
}

export function useRemovePlace(kind: Kind) {
  const client = useQueryClient();
  return async (key: string) => {
    const params = { path: { key } };
    if (kind === 'region') await take(api.DELETE('/api/v1/regions/{key}', { params }));
    else if (kind === 'group') await take(api.DELETE('/api/v1/groups/{key}', { params }));
    else await take(api.DELETE('/api/v1/filters/{key}', { params }));
    void client.invalidateQueries({ queryKey: placeKeys.all });
  };
}

export function saveCommand(kind: Kind, before: string | null, form: PlaceForm): string {
  const words = ['stratus', kind, before ? 'change' : 'create', before ?? (form.code || 'CODE')];
  if (before && form.code !== before) words.push('--code', form.code);
  if (form.name) words.push('--name', form.name);
  if (kind === 'filter') words.push('--filter', form.filter);
  return shellLine(words);
}
