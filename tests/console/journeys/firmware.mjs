// Firmware: register by dropping a file, wrong ones refused before they are sent, found, read, changed, downloaded, withdrawn.
import { readFileSync } from 'node:fs';
import { expect, go, journey, signIn, until, world } from '../journey.mjs';

await journey(async (open) => {
  const { page } = await open();
  await signIn(page);
  await go(page, '/firmware');
  await page.getByRole('heading', { name: 'No firmware yet' }).waitFor();
  await page.getByRole('button', { name: 'Register firmware' }).first().click();
  const dialog = page.getByRole('dialog');

  await dialog.getByLabel('Firmware file').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') });
  await dialog.getByText(/has none of the endings/).waitFor();
  await dialog.getByLabel('Firmware file').setInputFiles(world.firmware);
  await dialog.getByText('esp32-s3').first().waitFor();
  await until(async () => (await dialog.getByLabel('Version').inputValue()) === 'v1.2.3', 'the version is read from the file');
  await dialog.getByLabel('Device classes').fill('esp32-c3');
  await dialog.getByLabel('Device classes').press('Enter');
  await dialog.getByText(/is built for esp32-s3, the device classes say esp32-c3/).waitFor();
  await dialog.getByLabel('Device classes').press('Backspace');
  await dialog.getByLabel('Slot size of the devices').fill('1');
  await dialog.getByText(/devices could not install it/).waitFor();
  await dialog.getByLabel('Slot size of the devices').fill('2048');
  await dialog.getByLabel('Name').fill('kiosk/panel');
  await dialog.getByLabel('Release notes').fill('## Faster start\n\n- clock keeps its time\n\n<img src=x onerror="window.hit=1">');
  await dialog.getByRole('button', { name: 'Register', exact: true }).click();
  await page.getByText('kiosk/panel v1.2.3 is registered').waitFor();

  // The same version again is known before anything is sent.
  await page.getByRole('button', { name: 'Register firmware' }).first().click();
  await dialog.getByLabel('Firmware file').setInputFiles(world.firmware);
  await dialog.getByLabel('Name').fill('kiosk/panel');
  await dialog.getByText(/kiosk\/panel v1.2.3 exists already/).waitFor();
  expect(await dialog.getByRole('button', { name: 'Register', exact: true }).isDisabled(), 'it cannot be registered');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });

  // The search is in the address; `/` goes to it.
  await page.keyboard.press('/');
  await page.keyboard.type('clock');
  await page.waitForURL(/filter=clock/);
  await page.getByRole('link', { name: 'kiosk/panel' }).click();
  await page.getByRole('heading', { level: 1, name: 'kiosk/panel v1.2.3' }).waitFor();
  await page.getByRole('heading', { name: 'Faster start' }).waitFor();
  expect(await page.evaluate(() => window.hit === undefined && !document.querySelector('img[src=x]')), 'notes run nothing');
  await page.getByText(world.firmwareDigest).waitFor();

  const arriving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).click();
  const received = `${world.firmware}.received`; // the browser's own copy is not where we are
  await (await arriving).saveAs(received);
  expect(readFileSync(received).equals(readFileSync(world.firmware)), 'what comes back is what was sent');

  await page.getByRole('button', { name: 'Edit notes' }).click();
  await page.getByRole('textbox', { name: 'Release notes' }).fill('Only a clock.');
  await page.getByRole('button', { name: 'Save notes' }).click();
  await page.getByText('Notes of kiosk/panel v1.2.3 saved').waitFor();
  await page.getByText('Only a clock.').waitFor();

  await page.getByRole('button', { name: 'Deploy' }).click();
  await page.waitForURL(/rollouts\/new\?what=firmware%2Fkiosk%2Fpanel%3Av1\.2\.3/);
  await page.goBack();
  await page.getByRole('button', { name: 'Withdraw' }).click();
  await dialog.getByText(/stratus firmware remove/).waitFor();
  expect(await dialog.getByRole('button', { name: 'Withdraw' }).isDisabled(), 'the version has to be typed first');
  await dialog.getByRole('textbox').fill('v1.2.3');
  await dialog.getByRole('button', { name: 'Withdraw' }).click();
  await page.getByText('kiosk/panel v1.2.3 is withdrawn').waitFor();
});
