// The devices of the first wave fail: the gate halts the rollout, and every page that shows it says why. Accepted, it goes on; mended, they
// are tried again.
import { ask, go, journey, signIn, until } from '../journey.mjs';
import { canaryFirst } from '../rollout_form.mjs';

await journey(async (open) => {
  const { page } = await open();
  await signIn(page);
  await go(page, '/rollouts/new?what=kiosk%3A2&all=1');
  await canaryFirst(page);
  await page.getByLabel('Further attempts after a failure').fill('0');
  await page.getByRole('button', { name: 'Next', exact: true }).click();
  await page.getByRole('region', { name: 'Waves' }).getByText('12 devices take part').waitFor(); // what comes moves the button
  await page.getByRole('button', { name: 'Start', exact: true }).click();

  const halt = page.getByRole('alert').filter({ hasText: 'Halted by the gate of wave 1' });
  await halt.waitFor(); // nobody reloaded
  await halt.getByText(/\d of 4 devices had failed when it halted\. At most 10% may fail/).waitFor();
  await halt.getByText(/Most frequent cause: /).waitFor();
  const tiles = page.getByRole('region', { name: 'Every device' });
  await tiles.getByText('Failed 4').waitFor();
  await tiles.getByText('Waiting 12').waitFor();
  await page.getByRole('tab', { name: 'Failures' }).click();
  await page.getByText('4 devices', { exact: true }).waitFor(); // one cause, however many devices
  await page.getByRole('link', { name: 'canary-00001' }).waitFor();
  await until(async () => (await page.locator('main section').count()) === 1, 'the same cause is one group');

  // A device that waits knows what it waits for.
  await go(page, '/devices/lobby-00001');
  await page.getByText(/gate of wave 1/i).first().waitFor();

  // The overview leads here.
  await go(page, '/');
  await page.getByText("A rollout was halted by its gate").first().waitFor();
  await page.getByRole('link', { name: "kiosk:2" }).first().click();
  await halt.waitFor();

  // Accepted, it goes on.
  await halt.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resume', exact: true }).click();
  await tiles.getByText('Updated 12').waitFor();
  await page.getByText('Completed', { exact: true }).first().waitFor();
  await halt.waitFor({ state: 'hidden' });

  // Mended, those that failed are tried again, and nobody else is.
  await ask('mend');
  await page.getByRole('button', { name: 'Retry failed devices' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('4 failed devices wait for another try.').waitFor();
  await dialog.getByText(/^stratus rollout retry \w+$/).waitFor();
  await dialog.getByRole('button', { name: 'Retry failed devices' }).click();
  await tiles.getByText('Updated 16').waitFor();
  await page.getByText('100% ended', { exact: true }).first().waitFor();
  await page.getByText('Completed', { exact: true }).first().waitFor();
  await page.getByRole('button', { name: 'Retry failed devices' }).waitFor({ state: 'hidden' }); // nobody is left to be tried again
  await page.getByText('4 devices failed').first().waitFor({ state: 'hidden' }); // what was mended is not told any more
});
