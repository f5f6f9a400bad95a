// The server ends and comes back while a page is watched: it says so, goes on, and misses nothing.
import { ask, expect, go, journey, settled, signIn } from '../journey.mjs';

await journey(async (open) => {
  const { page } = await open();
  await signIn(page);
  const read = [];
  page.on('request', (request) => read.push(new URL(request.url()).pathname));
  await go(page, '/firmware');
  await page.getByRole('heading', { name: 'No firmware yet' }).waitFor();
  await page.getByRole('status').getByText('Live', { exact: true }).waitFor();
  await settled(page);
  const twice = read.filter((path, index) => path.startsWith('/api/') && path !== '/api/v1/events' && read.indexOf(path) < index);
  expect(twice.length === 0, `nothing is read again because the stream has begun, not ${twice}`);
  await ask('stop');
  await page.getByRole('status').getByText('Reconnecting').waitFor();
  await ask('start');
  await ask('push', { name: 'made-meanwhile', version: '1' });
  await page.getByRole('status').getByText('Live', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'made-meanwhile' }).waitFor(); // nobody reloaded
});
