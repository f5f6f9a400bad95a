import { useQuery } from '@tanstack/react-query';
import { api, take } from '@/shared/api/client';

interface Part {
  name: string;
  version: string;
}

/** What people call a part: a picture by its title, firmware without the name of its store. */
export function partName({ name, version }: Part, titles: ReadonlyMap<string, string> | undefined): string {
  if (name === 'content') return titles?.get(version) ?? `${name} ${version}`;
  return `${name.replace(/^firmware\//, '')} ${version}`;
}

/** Names of parts; the titles of pictures are asked for only where there are some. */
export function usePartNames(parts: readonly Part[]): (part: Part) => string {
  const titles = useQuery({
    queryKey: ['content', 'titles'],
    queryFn: async () => {
      const { items } = await take(api.GET('/api/v1/content', { params: { query: { limit: 1000 } } }));
      return new Map(items.map(({ id, title }) => [id, title]));
    },
    enabled: parts.some(({ name }) => name === 'content'),
    structuralSharing: false,
    staleTime: 60_000,
  }).data;
  return (part) => partName(part, titles);
}
