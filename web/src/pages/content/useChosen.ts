import { useCallback } from 'react';
import { useSearchParams } from 'react-router';

/** Contents of one rollout (api/schemas/rollouts.yaml). */
export const MOST_CHOSEN = 16;

export interface Chosen {
  /** Nothing more can be added. */
  full: boolean;
  active: boolean;
  /** In the order in which screens show them. */
  ids: string[];
  begin: () => void;
  end: () => void;
  toggle: (id: string) => void;
  move: (id: string, by: -1 | 1) => void;
}

/** What is chosen, in the address: it survives paging, reloads and the way back from the rollout. */
export function useChosen(): Chosen {
  const [params, setParams] = useSearchParams();
  const text = params.get('chosen');
  // Once each, as many as a rollout takes, whatever the address says.
  const ids = text ? [...new Set(text.split(',').filter(Boolean))].slice(0, MOST_CHOSEN) : [];
  const write = useCallback(
    (next: string[] | null) =>
      setParams(
        (before) => {
          const after = new URLSearchParams(before);
          if (next === null) after.delete('chosen');
          else after.set('chosen', next.join(','));
          return after;
        },
        { replace: true },
      ),
    [setParams],
  );
  return {
    active: text !== null,
    full: ids.length >= MOST_CHOSEN,
    ids,
    begin: () => write([]),
    end: () => write(null),
    toggle: (id) => {
      if (ids.includes(id)) write(ids.filter((one) => one !== id));
      else if (ids.length < MOST_CHOSEN) write([...ids, id]);
    },
    move: (id, by) => {
      const from = ids.indexOf(id);
      const to = from + by;
      if (from < 0 || to < 0 || to >= ids.length) return;
      const next = ids.filter((one) => one !== id);
      next.splice(to, 0, id);
      write(next);
    },
  };
}
