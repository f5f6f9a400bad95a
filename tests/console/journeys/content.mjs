// Content: a picture is converted here, what is shown is the binary, it is sent, found, put in a playlist and deployed.
import { ask, expect, go, journey, signIn, until, world } from '../journey.mjs';

/** Colour in the middle of the screen that is shown. */
const middle = (canvas) =>
  canvas.evaluate((one) => Array.from(one.getContext('2d').getImageData(one.width / 2, one.height / 2, 1, 1).data));

await journey(async (open) => {
  const { page, context } = await open();
  await signIn(page);
  await go(page, '/content');
  await page.getByRole('heading', { name: 'No content yet' }).waitFor();
  const register = async (title, change) => {
    await page.getByRole('button', { name: 'Register content' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Picture', { exact: false }).first().setInputFiles(world.picture);
    await dialog.getByLabel('Title').fill(title);
    await change(dialog);
    await dialog.getByRole('button', { name: 'Register', exact: true }).click();
    await page.getByText(`“${title}” is registered`).waitFor();
    await dialog.waitFor({ state: 'hidden' });
  };
  await register('Spring sale', async (dialog) => {
    const screen = dialog.getByRole('img', { name: 'What the screen will show' });
    await screen.waitFor();
    await until(() => screen.evaluate(({ width, height }) => width === 800 && height === 480), 'the preview has the pixels of the screen');
    // (201, 103, 47) of the pictures, as 5, 6 and 5 bits.
    await until(async () => `${await middle(screen)}` === '206,101,41,255', 'the preview is the decoded RGB565');
    await dialog.getByText('768 kB').first().waitFor();
  });
  const sent = await ask('display', { title: 'Spring sale' });
  expect(sent.header === '19120000' + '2003' + 'e001' + '4006' + '0000' && sent.size === 768_012, `LVGL 9 RGB565 of 800 x 480 arrived: ${JSON.stringify(sent)}`);

  await register('Small screen', async (dialog) => {
    await dialog.getByLabel('Screen', { exact: true }).click();
    await page.getByRole('option', { name: '320 × 240' }).click();
    await dialog.getByLabel('LVGL', { exact: true }).click();
    await page.getByRole('option', { name: 'LVGL 8' }).click();
    await dialog.getByLabel('Colour format').click();
    await page.getByRole('option', { name: /^I4/ }).click();
    await dialog.getByText(/320 × 240, I4 \(LVGL 8\)/).waitFor();
  });
  const small = await ask('display', { title: 'Small screen' });
  expect(small.header.startsWith('0900051e') && small.size === 4 + 64 + 160 * 240, `LVGL 8 I4 of 320 x 240 arrived: ${JSON.stringify(small)}`);

  // A file that no screen can show is named before it is sent.
  await page.getByRole('button', { name: 'Register content' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Picture', { exact: false }).first().setInputFiles(world.picture);
  await dialog.getByText('Use a file of my own').click();
  await dialog.getByLabel('Display binary').setInputFiles({ name: 'a.bin', mimeType: 'application/octet-stream', buffer: Buffer.from('19550000080004001000000000', 'hex') });
  await dialog.getByText(/LVGL 9 has no format 0x55/).waitFor();
  expect(await dialog.getByRole('button', { name: 'Register', exact: true }).isDisabled(), 'it cannot be registered');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });

  await page.getByRole('button', { name: 'Choose for screens' }).click();
  await page.getByRole('checkbox', { name: 'Choose Spring sale' }).click();
  await page.getByRole('checkbox', { name: 'Choose Small screen' }).click();
  await page.getByRole('button', { name: 'Move Small screen earlier' }).click();
  await page.getByRole('button', { name: 'Deploy 2 pictures' }).click();
  await page.waitForURL(/rollouts\/new\?what=content%3A\w+&what=content%3A\w+/);
  await page.goBack();
  await page.getByRole('button', { name: 'End choosing' }).click();

  await page.getByRole('link', { name: 'Spring sale', exact: true }).click();
  const shown = page.getByRole('img', { name: 'On the screen: Spring sale' });
  await shown.waitFor();
  await until(async () => `${await middle(shown)}` === '206,101,41,255', 'the page shows the binary');
  await page.getByText('No device shows it.', { exact: false }).waitFor();
  const place = new URL(page.url()).pathname;

  // Deployed through the form: the picture is on the device, and the pages say so without a reload.
  const watcher = await context.newPage();
  await go(watcher, place);
  await watcher.getByText('No device shows it.', { exact: false }).waitFor();
  await watcher.getByRole('status').getByText('Live', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Deploy' }).click();
  await page.getByText('Single devices', { exact: true }).click();
  await page.getByLabel('Ids of devices').fill('device-1');
  await page.getByText('1 device takes part').waitFor();
  const next = page.getByRole('button', { name: 'Next', exact: true });
  await next.click();
  await page.getByText('All at once', { exact: true }).click();
  await next.click();
  await page.getByRole('region', { name: 'Waves' }).getByText('1 device takes part').waitFor(); // what comes moves the button
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.getByRole('heading', { level: 1 }).getByText('Spring sale').waitFor(); // its title, not its id
  await page.getByText('Completed', { exact: true }).first().waitFor();
  const [item, ...others] = await ask('screen');
  expect(item.title === 'Spring sale' && others.length === 0 && item.sizes.includes(768_012), `the device has it: ${JSON.stringify(item)}`);
  await watcher.getByRole('link', { name: 'Lobby screen' }).click();
  await watcher.getByRole('tab', { name: 'On screen' }).click();
  const now = watcher.getByRole('region', { name: 'On screen now' });
  await now.getByRole('img', { name: 'Preview of Spring sale' }).waitFor();
  await now.getByText('Spring sale', { exact: true }).waitFor();
  await watcher.close();
});
