export const firmwareKeys = {
  all: ['firmware'] as const,
  list: (search: string, sort: string) => ['firmware', 'list', search, sort] as const,
  one: (id: string) => ['firmware', 'one', id] as const,
  versions: (name: string) => ['firmware', 'versions', name] as const,
};
