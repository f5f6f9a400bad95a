// How Chromium is started for tests: as root, in containers with little shared memory, without a graphics card. Each server has a
// certificate of its own making; asked about it for every connection (ignoreHTTPSErrors), Chromium gives up on a file now and then
// (ERR_TOO_MANY_RETRIES), so it is told beforehand.
export const LAUNCH = { args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--ignore-certificate-errors'] };
