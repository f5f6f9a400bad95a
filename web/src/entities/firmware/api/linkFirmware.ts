import { api, take } from '@/shared/api/client';
import { ownPath } from '@/shared/lib/upload/send';

/** An address that answers the file for a short time. */
export async function linkFirmware(id: string): Promise<string> {
  return ownPath((await take(api.POST('/api/v1/firmware/{id}/link', { params: { path: { id } } }))).url);
}
