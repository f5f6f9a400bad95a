export const deviceKeys = {
  all: ['devices'] as const,
  list: (filter: string, saved: string, sort: string) => ['devices', 'list', filter, saved, sort] as const,
  counts: (by: string, filter: string, saved: string) => ['devices', 'counts', by, filter, saved] as const,
  one: (id: string) => ['devices', 'one', id] as const,
  part: (id: string, part: string, ...more: string[]) => ['devices', 'one', id, part, ...more] as const,
};
