// One device while things happen to it: it comes, downloads, is updated, measures, goes, and says why. Nobody reloads.
import { ask, go, journey, signIn, until, world } from '../journey.mjs';

await journey(async (open) => {
  const { page } = await open();
  await signIn(page);
  await go(page, `/devices/${world.device}`);
  const main = page.getByRole('main');
  await page.getByRole('status').getByText('Live', { exact: true }).waitFor();
  await ask('connect');
  await main.getByText('Online', { exact: true }).first().waitFor();
  await main.getByText('It runs what is wanted', { exact: true }).waitFor();

  // A rollout begins over a slow link: how far it got counts up, and why it is not updated yet is said.
  await ask('rollout', { version: '2' });
  const software = page.getByRole('region', { name: 'Software' });
  const download = software.getByText(/\d+% of kiosk/);
  await download.filter({ hasText: '/s,' }).waitFor(); // with its speed
  const percent = async () => Number.parseInt(await download.innerText(), 10);
  const begun = await percent();
  await until(async () => (await percent()) > begun, 'it goes forward');
  await main.getByText('It runs what is wanted', { exact: true }).waitFor({ state: 'hidden' });
  await page.getByRole('region', { name: 'Why is it not updated?' }).getByText(/This holds it up/).waitFor();

  // Started again on a quick link it ends: what it runs follows.
  await ask('restart');
  await software.getByText('2', { exact: true }).first().waitFor();
  await main.getByText('It runs what is wanted', { exact: true }).waitFor();
  await page.getByRole('region', { name: 'Why is it not updated?' }).getByText('It runs what is wanted.', { exact: true }).waitFor();

  await page.getByRole('tab', { name: 'Timeline' }).click();
  await main.getByText('kiosk 1 → 2').waitFor();

  await page.getByRole('tab', { name: 'Metrics' }).click();
  const processor = page.getByRole('region', { name: 'Processor' });
  await processor.getByText(/now [\d.]+%/).waitFor();
  await processor.locator('canvas').waitFor(); // drawn once its width is known
  const first = await processor.getByText(/now [\d.]+%/).innerText();
  await page.waitForFunction(
    (before) => ![...document.querySelectorAll('main *')].some((one) => one.textContent === before),
    first,
  ); // new ones arrive

  // Offline, then a word of it: the log has it as it comes, the newest first, whatever stands in it.
  await page.getByRole('tab', { name: 'Log' }).click();
  await main.getByText('No log lines').waitFor();
  await ask('disconnect');
  await main.getByText('Offline', { exact: true }).waitFor();
  const log = page.getByRole('log', { name: `Log of ${world.device}` });
  await ask('say', { kind: 'status/error_log', members: { entries: [
    { level: 'error', component: 'display', message: 'panel is dark', time_ms: Date.now() - 2000 },
    { level: 'warning', component: 'display', message: '<b>tried twice</b>', time_ms: Date.now() - 1000 },
  ] } });
  await log.getByText('display: panel is dark').waitFor();
  await log.getByText('display: <b>tried twice</b>').waitFor();
  await ask('say', { kind: 'log', members: { level: 'info', message: 'lit again' } });
  await log.getByText('lit again').waitFor();
  await until(async () => /lit[^]*tried[^]*panel/.test(await log.innerText()), 'the newest first');
  await until(() => new URL(page.url()).searchParams.get('tab') === 'log', 'the tab is in the address');
});
