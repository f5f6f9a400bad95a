import { lazy, type ComponentType } from 'react';

const PAUSES_MS = [500, 1500, 3000]; // a server that is started anew answers within them
const RELOADED = 'stratus.reloaded';

/** A newer console took the place of this one, and with it the names of its parts: only a reload goes on. */
export class Replaced extends Error {}

/** Whether the browser could not fetch a part of the console, in the words of Vite, Chromium, Firefox and WebKit. */
export function isLoadFailure(error: unknown): boolean {
  const text = error instanceof Error ? error.message : '';
  return /Unable to preload CSS|dynamically imported module|Importing a module script failed/.test(text);
}

/**
 * Loads a part of the console that is fetched only when it is wanted, and tries again when it could not be fetched. Throws
 * `Replaced` when that is of no use, what the browser said when the server stays away, and at once what the part itself throws.
 */
export async function loadPart<Part>(load: () => Promise<Part>, pauses: readonly number[] = PAUSES_MS): Promise<Part> {
  for (let tries = 0; ; tries++) {
    try {
      await loadFailedStyles();
      return await load();
    } catch (error) {
      if (!isLoadFailure(error)) throw error;
      if (await isReplaced()) throw new Replaced('', { cause: error });
      const pause = pauses[tries];
      if (pause === undefined) {
        failedStyles.clear(); // the next part does not wait for what never comes
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/** `lazy` for parts of a page. */
export const lazyPart = <Props extends object>(load: () => Promise<{ default: ComponentType<Props> }>) =>
  lazy(() => loadPart(load));

/** Reloads, the address kept, unless this very console was reloaded before: it would never end. */
export function reloadOnce(reload = () => location.reload()) {
  const entry = entryOf(document);
  try {
    const reloaded = sessionStorage.getItem(RELOADED)?.split(' ') ?? [];
    if (reloaded.includes(entry)) return;
    sessionStorage.setItem(RELOADED, [...reloaded, entry].join(' '));
  } catch {
    return; // without storage nothing would tell the second time from the first
  }
  reload();
}

/** The script that a page starts with: its name holds a hash of all parts. */
function entryOf(page: Document): string {
  return page.querySelector('script[type="module"][src]')?.getAttribute('src') ?? '';
}

async function isReplaced(): Promise<boolean> {
  try {
    const answer = await fetch('/', { cache: 'no-store', headers: { Accept: 'text/html' } });
    if (!answer.ok) return false;
    const entry = entryOf(new DOMParser().parseFromString(await answer.text(), 'text/html'));
    return entry !== '' && entry !== entryOf(document);
  } catch {
    return false; // the server is away
  }
}

/** Vite asks for a style once, and takes one that failed for loaded from then on: it is asked for here, in its place. */
const failedStyles = new Set<HTMLLinkElement>();
document.addEventListener(
  'error',
  ({ target }) => {
    if (target instanceof HTMLLinkElement && target.rel === 'stylesheet') failedStyles.add(target);
  },
  true, // it does not bubble
);

async function loadFailedStyles() {
  for (const link of failedStyles) {
    const again = link.cloneNode() as HTMLLinkElement;
    const loaded = new Promise((resolve, reject) => {
      again.addEventListener('load', resolve);
      again.addEventListener('error', () => reject(new Error(`Unable to preload CSS for ${link.href}`)));
    });
    failedStyles.delete(link);
    link.replaceWith(again);
    await loaded;
  }
}
