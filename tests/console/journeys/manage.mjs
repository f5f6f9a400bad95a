// Many devices: reached by the palette and by keys, filtered, with chosen columns, saved as a view, moved together, exported; and the
// squares of a rollout, chosen with a frame.
import { readFileSync } from 'node:fs';
import { ask, expect, go, journey, settled, signIn, until, world } from '../journey.mjs';

/** Presses the mouse at a point of an element, goes to another, which may lie outside it, and lets go. */
async function drag(page, element, from, to) {
  await element.scrollIntoViewIfNeeded();
  const box = await element.boundingBox();
  await page.mouse.move(box.x + from.x, box.y + from.y);
  await page.mouse.down();
  await page.mouse.move(box.x + to.x, box.y + to.y, { steps: 8 });
  await page.mouse.up();
}

const parameter = (page, name) => new URL(page.url()).searchParams.get(name);

async function byPalette(page, word, heading) {
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog').getByRole('textbox').fill(word);
  await page.getByRole('dialog').getByRole('button', { name: heading, exact: true }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
}

await journey(async (open) => {
  const { page } = await open();
  await signIn(page);
  await go(page, '/');
  const dialog = page.getByRole('dialog');

  await byPalette(page, 'groups', 'Groups and regions');
  await page.getByRole('button', { name: 'New region' }).click();
  await dialog.getByLabel('Code').fill('incheon');
  await dialog.getByLabel('Name').fill('Incheon');
  await dialog.getByText('stratus region create incheon --name Incheon').waitFor();
  await dialog.getByRole('button', { name: 'New region' }).click();
  await page.getByText('Incheon made').waitFor();
  await page.getByRole('row', { name: /Incheon/ }).waitFor();

  // By keys: the filter is typed, its rows walked through and chosen.
  await byPalette(page, 'devices', 'Devices');
  const table = page.getByRole('table', { name: 'Devices' });
  await table.getByRole('row').nth(3).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('state=failed,rolled_back');
  const count = world.wentBack;
  await page.getByRole('status').getByText(`${count} of ${count}`).waitFor();
  await table.focus();
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.getByRole('region', { name: '1 device chosen' }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByText(/Why is it not updated/).first().waitFor();
  await page.goBack();
  await page.getByRole('status').getByText(`${count} of ${count}`).waitFor();

  // Columns are part of the address, so a view can be sent to somebody.
  await page.getByRole('button', { name: 'Columns' }).click();
  await dialog.getByRole('checkbox', { name: 'Cause of the last failure' }).click();
  await dialog.getByRole('checkbox', { name: 'Wanted' }).click();
  await until(() => parameter(page, 'columns') === 'state,reason,runs,region,group,tags,seen', 'columns in the address');
  await page.reload();
  await table.getByRole('columnheader', { name: 'Cause of the last failure' }).waitFor();
  await table.getByText(/simulated: /).first().waitFor();
  await table.getByRole('columnheader', { name: 'Wanted' }).waitFor({ state: 'hidden' }); // what was taken away stays away

  await page.getByRole('button', { name: 'Save this view' }).click();
  await dialog.getByLabel('Code').fill('broken');
  await dialog.getByLabel('Name').fill('Broken ones');
  await dialog.getByRole('button', { name: 'Save this view' }).click();
  await page.getByText('View Broken ones saved').waitFor();
  await go(page, '/devices');
  await page.getByRole('combobox', { name: 'Saved view' }).click();
  await page.getByRole('option', { name: 'Broken ones' }).click();
  await page.getByRole('status').getByText(`${count} of ${count}`).waitFor();
  await until(() => parameter(page, 'saved') === 'broken', 'the view is in the address');

  await table.getByRole('checkbox', { name: 'Select all shown' }).click();
  await page.getByRole('main').getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Move to a region' }).click();
  await dialog.getByRole('combobox', { name: 'Where to' }).click();
  await page.getByRole('option', { name: 'Incheon' }).click();
  await dialog.getByText(/^stratus device change /).waitFor();
  await dialog.getByRole('button', { name: 'Move to a region' }).click();
  await page.getByText(`Move to a region: ${count} devices done`).waitFor();
  await table.getByText('Incheon').nth(count - 1).waitFor(); // nobody reloaded
  const moved = await ask('devicesOf', { region: 'incheon' });
  expect(moved.length === count, `the server moved them: ${moved}`);

  const arriving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export' }).click();
  await page.getByRole('menuitem', { name: 'As CSV' }).click();
  const file = `${world.directory}/devices.csv`;
  await (await arriving).saveAs(file);
  const lines = readFileSync(file, 'utf8').trim().split('\r\n');
  expect(lines.length === count + 1 && moved.every((id) => lines.some((line) => line.startsWith(`${id},`))), `all are exported: ${lines}`);

  // A frame around squares chooses their devices, wherever the mouse is let go; a click opens one.
  await go(page, `/rollouts/${world.halted}`);
  const squares = page.getByRole('application');
  await squares.waitFor();
  await settled(page);
  await drag(page, squares, { x: 3, y: 24 }, { x: -40, y: -30 });
  await page.getByRole('region', { name: '1 device chosen' }).waitFor();
  await page.getByRole('button', { name: 'Choose none' }).click();
  const { width, height } = await squares.boundingBox();
  await drag(page, squares, { x: 3, y: 3 }, { x: width / 2, y: height + 40 });
  const chosen = page.getByRole('region', { name: `${world.devices} devices chosen` });
  await chosen.getByRole('button', { name: 'Take devices out' }).waitFor();
  await chosen.getByRole('button', { name: 'Show in the list' }).click();
  await page.getByRole('heading', { level: 1, name: 'Devices' }).waitFor();
  await page.getByRole('status').getByText(`${world.devices} of ${world.devices}`).waitFor();
  await page.goBack();
  await squares.waitFor();

  // The rollout as it went: before anything began everybody waits, in the end it is what it is.
  const now = await squares.getAttribute('aria-label');
  await page.getByRole('button', { name: 'Look back' }).click();
  const time = page.getByRole('slider', { name: 'Time' });
  await time.focus();
  await time.press('Home');
  await page.getByRole('application', { name: new RegExp(`^${world.devices} devices: Waiting \\d+, Its turn \\d+$`) }).waitFor();
  await time.press('End');
  await page.getByRole('application', { name: now, exact: true }).waitFor();
  await page.getByRole('button', { name: 'Look back' }).click();
  await squares.click({ position: { x: 5, y: 24 } });
  await page.waitForURL(/\/devices\/[\w-]+$/);

  // What is to start later stands in a calendar, and can be taken back.
  const title = await ask('schedule');
  await go(page, '/rollouts?tab=scheduled');
  const calendar = page.getByRole('region', { name: 'Calendar of starts' });
  await calendar.getByRole('link', { name: title }).click();
  await page.getByRole('heading', { level: 1, name: title }).waitFor();
  await page.getByText(/^starts /).waitFor();
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Abort' }).click();
  await dialog.getByText(/^stratus rollout abort /).waitFor();
  await dialog.getByRole('button', { name: 'Abort', exact: true }).click();
  await page.getByText(`${title}: Aborted`).waitFor();
  await go(page, '/rollouts?tab=scheduled');
  await page.getByText('Nothing is scheduled').waitFor();
});
