/** One content of a rollout as the interface names it: an image's name, `firmware/NAME`, or `content` with its id as version. */
export interface RolloutPart {
  name: string;
  version: string;
}

/** Where a deploy button leads: the first step of a new rollout is answered. In this order, fetched one after the other. */
export function newRolloutPath(parts: readonly RolloutPart[]): string {
  const query = new URLSearchParams();
  for (const { name, version } of parts) query.append('what', `${name}:${version}`);
  return `/rollouts/new?${query}`;
}

/** The other way round. Versions hold no colon; what is no part is left out. */
export function partsOfQuery(query: URLSearchParams): RolloutPart[] {
  return query.getAll('what').flatMap((text) => {
    const colon = text.lastIndexOf(':');
    return colon > 0 && colon < text.length - 1 ? [{ name: text.slice(0, colon), version: text.slice(colon + 1) }] : [];
  });
}

export const firmwarePart = (name: string, version: string): RolloutPart => ({ name: `firmware/${name}`, version });
export const contentPart = (id: string): RolloutPart => ({ name: 'content', version: id });
