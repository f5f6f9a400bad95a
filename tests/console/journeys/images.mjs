// Images: one that skopeo pushes appears while the page is watched and becomes a version; layers, their files, what differs.
import { ask, go, journey, signIn, until } from '../journey.mjs';

await journey(async (open) => {
  const { page } = await open();
  await signIn(page);
  await go(page, '/images');
  await page.getByRole('heading', { name: 'No images yet' }).waitFor();
  await page.getByText(`podman login -u token ${new URL(page.url()).host}`).waitFor();
  await page.getByRole('status').getByText('Live').waitFor();

  // Pushed by a tool that knows nothing of us, with a token: listed, explained, registered, explored.
  await ask('push', { image: 'shop/kiosk:1.0' });
  const pushed = page.getByRole('row', { name: /shop\/kiosk/ }); // without a reload
  await pushed.getByText('pushed, not registered').waitFor();
  await pushed.getByRole('link', { name: 'shop/kiosk' }).click();
  await page.getByText('Nothing is registered yet.', { exact: false }).waitFor();
  await page.getByRole('button', { name: 'Register 1.0 as a version' }).click();
  await page.getByText('shop/kiosk 1.0 can now be rolled out').waitFor();
  await page.getByRole('row', { name: /^1\.0/ }).getByText('not signed').waitFor();
  await page.getByRole('link', { name: '1.0', exact: true }).click();
  await page.getByRole('button', { name: /^Layer 2 / }).waitFor();
  await until(async () => (await page.getByRole('button', { name: /^Layer \d/ }).count()) === 2, 'the two layers that were pushed');
  await page.getByText('/etc/conf', { exact: true }).waitFor(); // the top one is open
  await page.getByRole('button', { name: /^Layer 1 / }).click();
  await page.getByText('/app', { exact: true }).waitFor();
  await page.getByText('/etc/conf', { exact: true }).waitFor({ state: 'hidden' });
  await page.getByRole('navigation').getByRole('link', { name: 'Images' }).click();
  await page.getByRole('row', { name: /shop\/kiosk/ }).waitFor();

  await ask('publish', { version: '1.0' });
  await page.getByRole('link', { name: 'site/app' }).waitFor(); // without a reload
  await ask('publish', { version: '1.1' });
  await page.getByRole('link', { name: 'site/app' }).click();
  await page.getByRole('heading', { level: 1, name: 'site/app' }).waitFor();
  await page.getByRole('link', { name: '1.1', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Deploy 1.1' }).click();
  await page.waitForURL(/rollouts\/new\?what=site%2Fapp%3A1\.1/);
  await page.goBack();
  await page.getByRole('button', { name: 'Show what differs' }).click();
  await page.getByText('/etc/app.conf').waitFor();
  await page.getByText('/usr/share/new.txt').waitFor();
  await page.getByText(/A device with 1.0 has/).waitFor();
  await page.getByRole('combobox', { name: 'Only these changes' }).click();
  await page.getByRole('option', { name: 'Removed' }).click();
  await page.getByText('/usr/share/new.txt').waitFor({ state: 'hidden' }); // only what was removed is shown
  await page.getByText('/usr/share/old.txt').waitFor();
  await page.getByText('Layers', { exact: true }).first().click();
  await page.getByRole('button', { name: /Layer 2/ }).waitFor();
  await page.getByText('only in this version').first().waitFor();
});
