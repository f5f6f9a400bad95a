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
  Object.defineProperty(document, 'fonts', { value: new EventTarget() });
}

// A busy machine is no failure.
configure({ asyncUtilTimeout: 20_000 });

afterEach(() => {
  if (typeof window === 'undefined') return;
  cleanup();
  notifications.clean(); // what one test was told must not greet the next
  localStorage.clear();
});
