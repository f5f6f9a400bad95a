// The main pages over a living fleet: what they say agrees with what the server answers.
import { ask, expect, go, journey, signIn, until, world } from '../journey.mjs';

const tile = (page) => page.getByRole('application');

await journey(async (open) => {
  const { page } = await open();
  await signIn(page);
  await go(page, '/');
  const { compliance, bytes } = await ask('overview');
  const link = (name) => page.getByRole('link', { name: new RegExp(`^${name}: `) });
  for (const [name, count] of [['On target', compliance.on_target], ['Failing', compliance.failing], ['Behind', compliance.behind]]) {
    await page.getByRole('link', { name: `${name}: ${count}`, exact: true }).waitFor();
  }
  expect(compliance.failing === world.wentBack, `devices that went back count as failing, not ${compliance.failing}`);
  await link('On target').waitFor(); // the number leads to the devices
  const saved = Math.floor(((bytes.full_images - bytes.moved + bytes.moved_in_vain) * 100) / bytes.full_images);
  await page.getByRole('region', { name: 'Bytes moved' }).getByText(`${saved}%`).waitFor();
  await page.getByText(/The gate of wave 3 halted it when /).first().waitFor(); // not in the server's words

  await go(page, `/rollouts/${world.halted}`);
  await tile(page).waitFor();
  await until(async () => (await tile(page).getAttribute('aria-label')).startsWith(`${world.devices} devices: `), 'one square for each device');
  await page.getByRole('alert').getByText(/devices had failed when it halted/).waitFor();

  await go(page, `/devices/${world.failed}`);
  await page.getByText(/This holds it up/).waitFor();
  expect(!/T\d\d:\d\d:\d\d\.\d+Z/.test(await page.locator('main').innerText()), 'no time is shown as programs write it');

  await go(page, '/gateways');
  await page.locator('svg text', { hasText: `${world.direct} devices` }).waitFor();
});
