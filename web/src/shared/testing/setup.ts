import '@testing-library/jest-dom/vitest';
import { notifications } from '@mantine/notifications';
import { cleanup, configure } from '@testing-library/react';
import { afterEach, vi } from 'vitest';

// Tests of plain functions run without a document (`@vitest-environment node`).
if (typeof window !== 'undefined') {
  // What Mantine asks of a browser and jsdom does not have.
  window.matchMedia = (query: string) =>
    ({
      matches: false,
      media: query,
      addEventListener: vi.fn(),
      removeEventListener: vi.fn(),
      addListener: vi.fn(),
      removeListener: vi.fn(),
    }) as unknown as MediaQueryList;
  window.ResizeObserver = class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
  Element.prototype.scrollIntoView = () => undefined;
  Object.defineProperty(document, 'fonts', { value: new EventTarget(), configurable: true });
}

// A busy machine is no failure.
configure({ asyncUtilTimeout: 20_000 });

// All files of a worker share one document and one copy of every module: what a test leaves there must not greet the next.
afterEach(async () => {
  if (typeof window === 'undefined') return;
  const { changeLanguage } = await import('../i18n'); // it asks the browser when it is loaded
  cleanup();
  notifications.clean();
  changeLanguage('en');
  localStorage.clear();
  window.dispatchEvent(new StorageEvent('storage', { key: null })); // values in memory follow the storage
});
