import { useQuery } from '@tanstack/react-query';
import { api, take, type Answer } from '@/shared/api/client';

export interface Offer {
  key: string;
  kind: 'images' | 'firmware' | 'content';
  name: string; // as a rollout names it
  label: string;
  versions: { version: string; label: string }[]; // the newest first
}

type Releases = Answer<'listReleases'>['releases'];
type Firmware = Answer<'listFirmware'>['items'];
type Contents = Answer<'listContent'>['items'];

/** Everything that can be rolled out, under the names that rollouts know it by. */
export function offersOf(releases: Releases, firmware: Firmware, contents: Contents): Offer[] {
  const offers: Offer[] = releases
    .filter(({ name, versions }) => versions.length > 0 && name !== 'content' && !name.startsWith('firmware/'))
    .map(({ name, versions }) => ({
      key: name,
      kind: 'images' as const,
      name,
      label: name,
      versions: [...versions]
        .sort((a, b) => b.created_ms - a.created_ms)
        .map(({ version }) => ({ version, label: version })),
    }));
  const known = new Set(offers.map((one) => one.name));
  const boards = new Map<string, Offer>();
  for (const { name, version, created_at } of [...firmware].sort((a, b) => b.created_at.localeCompare(a.created_at))) {
    const full = `firmware/${name}`;
    if (known.has(full)) continue;
    const offer = boards.get(full) ?? { key: full, kind: 'firmware' as const, name: full, label: name, versions: [] };
    offer.versions.push({ version, label: `${version} (${created_at.slice(0, 10)})` });
    boards.set(full, offer);
  }
  const shown = contents.map(({ id, title }): Offer => ({
    key: `content ${id}`,
    kind: 'content',
    name: 'content',
    label: title,
    versions: [{ version: id, label: title }],
  }));
  return [...offers, ...boards.values(), ...shown];
}

export function useOffers() {
  return useQuery({
    queryKey: ['releases', 'offers'],
    queryFn: async () => {
      const [releases, firmware, contents] = await Promise.all([
        take(api.GET('/api/v1/releases')),
        take(api.GET('/api/v1/firmware', { params: { query: { limit: 1000 } } })),
        take(api.GET('/api/v1/content', { params: { query: { limit: 1000 } } })),
      ]);
      return offersOf(releases.releases, firmware.items, contents.items);
    },
  });
}
