import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Where `npm run dev` finds a server: STRATUS_SERVER=http://127.0.0.1:8080 (one with --plain-http).
const server = process.env.STRATUS_SERVER ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('src', import.meta.url)) } },
  // The server puts a fresh nonce in its place, in every answer (src/stratus/server/console.cpp).
  html: { cspNonce: '__STRATUS_NONCE__' },
  server: { proxy: Object.fromEntries(['/api', '/v2', '/healthz', '/metrics'].map((path) => [path, server])) },
  build: {
    target: 'es2022',
    // Everything is a file of its own: the policy allows no data: scripts or styles.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 600,
  },
  test: {
    environment: 'jsdom',
    setupFiles: ['src/shared/testing/setup.ts'],
    // One document and one Mantine for all files of a worker: setting them up anew took two thirds of the time. What a test
    // leaves behind (mocks, globals, storage, toasts, the language) is taken back after each.
    isolate: false,
    maxWorkers: '100%',
    restoreMocks: true,
    unstubGlobals: true,
    // Patience for machines that are busy; nothing waits for it when all is well.
    testTimeout: 180_000,
  },
});
