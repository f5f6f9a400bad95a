export const imageKeys = {
  all: ['images'] as const,
  list: ['images', 'list'] as const,
  one: (name: string) => ['images', 'one', name] as const,
  layers: (name: string, version: string) => ['image-layers', name, version] as const,
  files: (name: string, version: string, digest: string, change: string, under: string) =>
    ['image-files', name, version, digest, change, under] as const,
  diff: (name: string, from: string, to: string, change: string, under: string) =>
    ['image-diff', name, from, to, change, under] as const,
};
