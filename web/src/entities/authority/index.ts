import { useQuery } from '@tanstack/react-query';
import { api, take, type Answer } from '@/shared/api/client';

export type Authority = Exclude<Answer<'showAuthority'>, string>;

/** The private certificate authority. */
export function useAuthority() {
  return useQuery({ queryKey: ['ca'], queryFn: async () => (await take(api.GET('/api/v1/ca'))) as Authority });
}
