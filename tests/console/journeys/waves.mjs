// A rollout that is aborted while it runs; then one through the form (what, who, how, review), watched, paused, resumed, finished and taken
// back, on the squares of its devices.
import { ask, expect, go, journey, signIn, until } from '../journey.mjs';
import { canaryFirst } from '../rollout_form.mjs';

await journey(async (open) => {
  const { page } = await open();
  await signIn(page);
  const dialog = page.getByRole('dialog');
  const tiles = page.getByRole('region', { name: 'Every device' });

  // One that was a mistake is ended while it runs: whose turn it was has it no longer.
  const mistake = await ask('mistake', { title: 'Wrong screens', group: 'lobby' });
  await go(page, `/rollouts/${mistake}`);
  await tiles.getByText('Its turn 12').waitFor();
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Abort' }).click();
  await dialog.getByLabel('Reason').fill('not the lobby');
  await dialog.getByText(`stratus rollout abort ${mistake} --reason 'not the lobby'`).waitFor();
  await dialog.getByRole('button', { name: 'Abort', exact: true }).click();
  await tiles.getByText('Cancelled 12').waitFor();
  await page.getByText('Aborted', { exact: true }).first().waitFor();
  await page.getByText('aborted by ann: not the lobby').first().waitFor();

  await go(page, '/rollouts');
  await page.getByText('Nothing is being rolled out').waitFor();
  await page.getByRole('button', { name: 'New rollout' }).first().click();
  const next = page.getByRole('button', { name: 'Next', exact: true });

  // What.
  await page.getByText('Nothing chosen yet').waitFor();
  expect(await next.isDisabled(), 'nothing chosen, nothing next');
  await page.getByRole('combobox', { name: 'Name' }).click();
  await page.getByRole('option', { name: 'kiosk' }).click();
  await until(async () => (await page.getByRole('combobox', { name: 'Version' }).inputValue()).startsWith('2'), 'the newest version is offered');
  await page.getByRole('button', { name: 'Add' }).click();
  await page.getByRole('button', { name: 'Remove kiosk 2' }).waitFor();
  await next.click();

  // Who: the server counts while one chooses.
  const groups = page.getByRole('combobox', { name: 'Groups' });
  await groups.click();
  await page.getByRole('option', { name: 'Canary screens (4)' }).click();
  await page.getByText('4 devices take part').waitFor();
  await page.getByText('Every device', { exact: true }).click();
  await page.getByText('16 devices take part').waitFor();
  await next.click();

  // How.
  await canaryFirst(page);
  await page.getByLabel('Devices under way at once').fill('5');
  await next.click();

  // Review: who when, and how many bytes, before anything starts.
  const waves = page.getByRole('region', { name: 'Waves' });
  await waves.getByText('4 devices take part').waitFor();
  await waves.getByText('12 devices take part').waitFor();
  await page.getByRole('region', { name: 'Predicted bytes' }).getByText(/[\d.]+ [kM]B/).first().waitFor();
  await page.getByText(/^stratus rollout create kiosk:2 /).waitFor();
  await page.getByLabel('Title').fill('Autumn release');
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.getByText('Autumn release: Running').or(page.getByText('Autumn release: Scheduled')).first().waitFor();

  // The four of the first wave are there: they update while the page is watched, and the gate opens the second wave.
  await page.getByRole('heading', { level: 1, name: 'Autumn release' }).waitFor();
  await tiles.getByText('Updated 4').waitFor();
  await page.getByText('Passed', { exact: true }).waitFor();
  await tiles.getByText('Its turn 5').waitFor();

  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await dialog.getByText(/^stratus rollout pause /).waitFor();
  await dialog.getByLabel('Reason').fill('lunch time');
  await dialog.getByRole('button', { name: 'Pause', exact: true }).click();
  await page.getByText('Autumn release: Paused').waitFor();
  await page.getByText(/lunch time/).first().waitFor();
  await tiles.getByText('Waiting 12').waitFor(); // whose turn it was has lost it again
  await ask('connect', { group: 'lobby' });
  const { started } = await ask('paused');
  expect(started.length === 0, `nothing starts beyond a pause, not ${started}`);

  await page.getByRole('button', { name: 'Resume', exact: true }).first().click();
  await dialog.getByRole('button', { name: 'Resume', exact: true }).click();
  await tiles.getByText('Updated 16').waitFor();
  await page.getByText('Completed', { exact: true }).first().waitFor();
  await page.getByText('100% ended', { exact: true }).first().waitFor();

  // A finished rollout can be undone: every device goes back to what it ran, and all of it stays written down.
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Roll back' }).click();
  await dialog.getByText(/^stratus rollout abort \w+ --return/).waitFor();
  await dialog.getByRole('button', { name: 'Roll back', exact: true }).click();
  await tiles.getByText('Went back 16').waitFor();
  await page.getByText('Aborted', { exact: true }).first().waitFor();

  // What happened is written down, and the list has it among the finished.
  await page.getByRole('tab', { name: 'Log' }).click();
  for (const what of ['Wave opened', 'Paused', 'Resumed', 'Completed']) await page.getByText(what, { exact: true }).first().waitFor();
  await page.getByRole('navigation').getByRole('link', { name: 'Rollouts' }).click();
  await page.getByRole('tab', { name: 'Finished' }).click();
  await page.getByRole('row', { name: /Autumn release/ }).getByText('100%').waitFor();
});
