import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { Problem } from './problem';

/** The one cache of what the server said. A refusal for want of a session makes it ask again who is signed in. */
export function makeQueryClient(): QueryClient {
  const onError = (error: unknown) => {
    if (Problem.is(error, 'unauthenticated') && client.getQueryData(['me'])) client.setQueryData(['me'], null);
    if (Problem.is(error, 'password_change_required')) void client.invalidateQueries({ queryKey: ['me'] });
  };
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        // What was refused stays refused; what could not be reached may come back.
        retry: (count, error) => count < 2 && Problem.is(error) && (error.status === 0 || error.status >= 500),
        refetchOnWindowFocus: false,
      },
    },
  });
  return client;
}
