// How Chromium is started for tests: as root, in containers with little shared memory, without a graphics card.
export const LAUNCH = { args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] };
