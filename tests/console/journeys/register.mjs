// A device joins with six digits: the dialog shows them, a real device uses them, dialog and list show it without a reload.
import { ask, expect, go, journey, signIn } from '../journey.mjs';

await journey(async (open) => {
  const { page, context } = await open();
  await signIn(page);
  const list = await context.newPage(); // somebody else at the same desk
  await go(list, '/devices');
  await list.getByRole('status').getByText('Live', { exact: true }).waitFor();

  await go(page, '/devices');
  await page.getByRole('button', { name: /Register/ }).first().click();
  const dialog = page.getByRole('dialog', { name: 'Register devices' });
  await dialog.getByRole('combobox', { name: 'Region' }).click();
  await page.getByRole('option', { name: 'Seoul' }).click();
  await dialog.getByRole('combobox', { name: 'Group' }).click();
  await page.getByRole('option', { name: 'Lobby screens' }).click();
  await dialog.getByText('stratus device code --region seoul --group lobby --ttl 60m').waitFor();
  await dialog.getByRole('button', { name: 'Make the code' }).click();
  const shown = dialog.getByLabel(/^Code( \d){6}$/);
  await shown.waitFor();
  const digits = (await shown.innerText()).replaceAll(/\D/g, '');
  expect(/^\d{6}$/.test(digits), `six digits, not ${digits}`);
  await dialog.getByRole('img', { name: 'QR code with server and code' }).waitFor();
  await dialog.getByText('Waiting for a device…').waitFor();

  const line = await dialog.getByText(/^stratus-agent enrol /).innerText();
  expect(line.includes(`--code ${digits}`), `the line has the code: ${line}`);
  const wrong = await ask('run', { line: line.replace(digits, digits === '000000' ? '000001' : '000000') });
  expect(wrong.code !== 0, 'other digits let nobody in');
  const enrolled = await ask('run', { line });
  expect(enrolled.code === 0, `the line of the dialog enrols a device: ${enrolled.said}`);
  await dialog.getByText(/has joined$/).waitFor();
  const id = (await dialog.getByText(/has joined$/).innerText()).split(' ')[0];
  await list.getByText(id, { exact: true }).first().waitFor(); // the list in the other tab, too
  await list.getByText('Seoul').first().waitFor();
  const again = await ask('run', { line });
  expect(again.code !== 0, 'a code works once');

  await dialog.getByRole('link', { name: `Open ${id}` }).click();
  await page.getByRole('heading', { level: 1, name: id }).waitFor();
  await dialog.waitFor({ state: 'hidden' });
  await page.getByText('Lobby screens').first().waitFor();

  // A code that was lost is withdrawn.
  await page.goBack();
  await page.getByRole('button', { name: /Register/ }).first().click();
  await dialog.getByRole('button', { name: 'Make the code' }).click();
  await shown.waitFor();
  const lost = await dialog.getByText(/^stratus-agent enrol /).innerText();
  await dialog.getByRole('button', { name: 'Withdraw the code' }).click();
  await page.getByText('The code was withdrawn').waitFor();
  expect((await ask('run', { line: lost })).code !== 0, 'a withdrawn code lets nobody in');
});
