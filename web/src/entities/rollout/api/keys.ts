/** Everything of rollouts begins with `rollouts`: one invalidation reaches lists and single ones. */
export const rolloutKeys = {
  all: ['rollouts'] as const,
  list: (state: string) => ['rollouts', 'list', state] as const,
  one: (id: string) => ['rollouts', 'one', id] as const,
  part: (id: string, part: string, ...more: string[]) => ['rollouts', 'one', id, part, ...more] as const,
};
