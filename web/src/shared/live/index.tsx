import { useQueryClient, type QueryKey } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useRef, useState, useSyncExternalStore, type ReactNode } from 'react';
import { LiveStream, type LiveEvent, type LiveState, type Topic } from './stream';

export type { LiveEvent, LiveState, Topic } from './stream';

const Context = createContext<LiveStream | null>(null);

interface Props {
  /** What who is signed in may see. Without any, nothing is connected. */
  topics: readonly Topic[];
  /** The event after which reading began. */
  since?: string;
  children: ReactNode;
}

export function LiveProvider({ topics, since, children }: Props) {
  const client = useQueryClient();
  const [stream] = useState(() => new LiveStream(() => void client.invalidateQueries()));
  const key = topics.join();
  const [begun] = useState(since);
  useEffect(() => {
    stream.allow(key ? (key.split(',') as Topic[]) : [], begun);
    return () => stream.allow([]);
  }, [stream, key, begun]);
  return <Context.Provider value={stream}>{children}</Context.Provider>;
}

export function useLiveState(): LiveState {
  const stream = useContext(Context);
  return useSyncExternalStore(
    (watcher) => stream?.watchState(watcher) ?? (() => undefined),
    () => stream?.getState() ?? 'off',
  );
}

/** Hands over what happens, some events at a time (every 200 ms at most). `topics` must be a constant list. */
export function useLive(topics: readonly Topic[], take: (events: LiveEvent[]) => void) {
  const stream = useContext(Context);
  const newest = useRef(take);
  useEffect(() => {
    newest.current = take;
  });
  const key = topics.join();
  useEffect(() => stream?.listen(key.split(',') as Topic[], (events) => newest.current(events)), [stream, key]);
}

/** What is not listened to any more may be out of date: who comes back has it read again. `queryKey`: of plain values. */
export function useStaleOnceLeft(queryKey: QueryKey) {
  const client = useQueryClient();
  const key = JSON.stringify(queryKey);
  useEffect(
    () => () =>
      void client.invalidateQueries({ queryKey: JSON.parse(key) as unknown as QueryKey, refetchType: 'none' }),
    [client, key],
  );
}

/** Has queries read again when something of `topics` happens that `concerns` them, at most once in `everyMs`. */
export function useLiveRefresh(
  topics: readonly Topic[],
  queryKey: QueryKey,
  everyMs = 1000,
  concerns: (data: LiveEvent['data']) => boolean = () => true,
) {
  const client = useQueryClient();
  const waiting = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(waiting.current), []);
  useStaleOnceLeft(queryKey);
  useLive(topics, (events) => {
    if (!events.some(({ data }) => concerns(data))) return;
    waiting.current ??= setTimeout(() => {
      waiting.current = undefined;
      void client.invalidateQueries({ queryKey });
    }, everyMs);
  });
}
