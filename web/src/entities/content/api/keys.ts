export const contentKeys = {
  all: ['content'] as const,
  list: (search: string, sort: string, size: number) => ['content', 'list', search, sort, size] as const,
  one: (id: string) => ['content', 'one', id] as const,
  link: (id: string, file: string) => ['content-link', id, file] as const,
};
