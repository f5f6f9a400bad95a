import { useSyncExternalStore } from 'react';

/** State of the interface that outlives a reload: one value in local storage, the same in all tabs. */
export interface Stored<T> {
  get(): T;
  set(value: T): void;
  use(): T;
}

export function stored<T>(key: string, initial: T): Stored<T> {
  const listeners = new Set<() => void>();
  const read = (): T => {
    try {
      const text = localStorage.getItem(key);
      return text === null ? initial : (JSON.parse(text) as T);
    } catch {
      return initial; // no storage allowed, or not ours
    }
  };
  let value = read();
  const tell = () => listeners.forEach((listener) => listener());
  globalThis.addEventListener?.('storage', (event) => {
    if (event.key !== key && event.key !== null) return;
    value = read();
    tell();
  });
  return {
    get: () => value,
    set(next) {
      value = next;
      try {
        localStorage.setItem(key, JSON.stringify(next));
      } catch {
        // Without storage it holds until the reload.
      }
      tell();
    },
    use: () =>
      useSyncExternalStore(
        (listener) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
        () => value,
      ),
  };
}
