// One device while things happen to it: it comes, is updated, measures, and goes. Nobody reloads.
import { ask, expect, go, journey, signIn, world } from '../journey.mjs';

await journey(async (open) => {
  const { page } = await open();
  await signIn(page);
  await go(page, `/devices/${world.device}`);
  const main = page.getByRole('main');
  await page.getByRole('status').getByText('Live', { exact: true }).waitFor();
  await ask('connect');
  await main.getByText('Online', { exact: true }).first().waitFor();
  await main.getByText('It runs what is wanted', { exact: true }).waitFor();

  // A rollout begins: what it runs, and why not yet, follow.
  await ask('rollout', { version: '2' });
  const software = page.getByRole('region', { name: 'Software' });
  await software.getByText('2', { exact: true }).first().waitFor();
  await main.getByText('It runs what is wanted', { exact: true }).waitFor();
  await page.getByRole('region', { name: 'Why is it not updated?' }).getByText('It runs what is wanted.', { exact: true }).waitFor();

  await page.getByRole('tab', { name: 'Timeline' }).click();
  await main.getByText('kiosk 1 → 2').waitFor();

  await page.getByRole('tab', { name: 'Metrics' }).click();
  const processor = page.getByRole('region', { name: 'Processor' });
  await processor.getByText(/now [\d.]+%/).waitFor();
  expect((await processor.locator('canvas').count()) === 1, 'the measurements are drawn');
  const first = await processor.getByText(/now [\d.]+%/).innerText();
  await page.waitForFunction(
    (before) => ![...document.querySelectorAll('main *')].some((one) => one.textContent === before),
    first,
  ); // new ones arrive

  await ask('disconnect');
  await main.getByText('Offline', { exact: true }).waitFor();
});
