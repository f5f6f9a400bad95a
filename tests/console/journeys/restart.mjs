// The server ends and comes back while a page is watched: it says so, goes on, and misses nothing.
import { ask, go, journey, signIn } from '../journey.mjs';

await journey(async (open) => {
  const { page } = await open();
  await signIn(page);
  await go(page, '/firmware');
  await page.getByRole('heading', { name: 'No firmware yet' }).waitFor();
  await page.getByRole('status').getByText('Live', { exact: true }).waitFor();
  await ask('stop');
  await page.getByRole('status').getByText('Reconnecting').waitFor();
  await ask('start');
  await ask('push', { name: 'made-meanwhile', version: '1' });
  await page.getByRole('status').getByText('Live', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'made-meanwhile' }).waitFor(); // nobody reloaded
});
