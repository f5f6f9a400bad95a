import { useCallback, useEffect, useRef } from 'react';
import { useLocation, useSearchParams, type Location } from 'react-router';

/** What it is to be, or what becomes of what it is: the router takes its time, and a second click must not undo the first. */
export type UrlWish = string | ((before: string) => string);

/** What the parameters of an address are about to be, all of them; forgotten with the address, as soon as another is shown. */
const wished = new WeakMap<Location, URLSearchParams>();

/** One parameter of the address: a filter, a sort, a tab. The default is not written. */
export function useUrlParam(name: string, otherwise = ''): [string, (wish: UrlWish) => void] {
  const [params, setParams] = useSearchParams();
  const location = useLocation();
  const shown = useRef(location);
  useEffect(() => {
    shown.current = location;
  }, [location]);
  const set = useCallback(
    (wish: UrlWish) => {
      const after = new URLSearchParams(wished.get(shown.current) ?? shown.current.search);
      const next = typeof wish === 'function' ? wish(after.get(name) ?? otherwise) : wish;
      if (next === otherwise) after.delete(name);
      else after.set(name, next);
      wished.set(shown.current, after);
      setParams(after, { replace: true });
    },
    [name, otherwise, setParams],
  );
  return [params.get(name) ?? otherwise, set];
}
