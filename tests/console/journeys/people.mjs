// Who may do what: a user is made, chooses a password, and is locked out; a token works until it ends; all of it is in the audit log.
import { ask, expect, go, journey, signIn, world } from '../journey.mjs';

const FIRST = 'only for the first time';

await journey(async (open) => {
  const { page } = await open();
  await signIn(page);
  const dialog = page.getByRole('dialog');
  const audit = await page.context().newPage();
  await go(audit, '/audit');
  await audit.getByRole('status').getByText('Live', { exact: true }).waitFor();

  await go(page, '/settings/users');
  await page.getByRole('button', { name: 'Add a user' }).click();
  await dialog.getByLabel('Name').fill('mina');
  await dialog.getByRole('checkbox', { name: /^Operator/ }).click();
  await dialog.getByLabel(/^First password/).fill(FIRST);
  await dialog.getByRole('button', { name: 'Add a user' }).click();
  await page.getByText('mina is added').waitFor();
  await audit.getByTitle('user.create').first().waitFor(); // nobody reloaded

  // What somebody else knows is no password: another one first.
  const mina = await open({ language: 'ko', theme: 'dark' });
  await mina.page.goto(`${world.url}/login`);
  await mina.page.getByRole('textbox', { name: '이름' }).fill('mina');
  await mina.page.getByLabel('비밀번호').first().fill(FIRST);
  await mina.page.getByRole('button', { name: '로그인', exact: true }).click();
  await mina.page.getByRole('heading', { level: 1, name: '비밀번호 정하기' }).waitFor();
  const fields = mina.page.locator('input[type=password]');
  for (const [index, text] of [FIRST, world.user.password, world.user.password].entries()) await fields.nth(index).fill(text);
  await mina.page.locator('form button[type=submit]').click();
  await mina.page.getByRole('heading', { level: 1, name: '개요' }).waitFor();
  await mina.page.goto(`${world.url}/settings/users`);
  await mina.page.getByText(/people:admin 권한이 필요합니다/).first().waitFor();

  // A token is shown once, does what it may and nothing else, and ends when it is ended.
  await go(page, '/settings/tokens');
  await page.getByRole('button', { name: 'Make a token' }).first().click();
  await dialog.getByLabel('What it is for').fill('builder');
  await dialog.getByRole('checkbox', { name: 'releases:read' }).click();
  await dialog.getByRole('button', { name: 'Make a token' }).click();
  await dialog.getByText('The token “builder”').waitFor();
  const token = await dialog.locator('pre').first().innerText();
  const may = () => ask('use', { token });
  expect(`${await may()}` === '200,403', `the token reads firmware and no devices, not ${await may()}`);
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await page.getByRole('row', { name: /builder/ }).getByRole('button', { name: /End/ }).click();
  await dialog.getByRole('button', { name: 'End', exact: true }).click();
  await page.getByText('The token “builder” has ended').waitFor();
  expect(`${await may()}` === '401,401', `an ended token is nobody, not ${await may()}`);

  // Who is disabled is out, at once.
  await go(page, '/settings/users');
  await page.getByRole('row', { name: /mina/ }).getByRole('button', { name: /Change/ }).click();
  await dialog.getByRole('checkbox', { name: /^Disabled/ }).click();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('mina is changed').waitFor();
  await mina.page.goto(`${world.url}/devices`);
  await mina.page.waitForURL(/\/login/);

  // How long things are kept; shorter has to be confirmed.
  await go(page, '/settings/storage');
  await page.getByLabel('Measurements').fill('3');
  await page.getByText(/^stratus settings retention --metrics 3 /).first().waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await dialog.getByRole('button', { name: 'Remove what is older' }).click();
  await page.getByText('How long things are kept is changed').waitFor();
  const days = await ask('kept');
  expect(days === 3, `measurements are kept for three days, not ${days}`);

  await go(page, '/settings/certificates');
  await page.getByText((await ask('root')).slice(0, 16)).first().waitFor();

  // All of it is written down, and the chain of it holds.
  for (const action of ['user.change', 'token.revoke', 'session.create']) await audit.getByTitle(action).first().waitFor();
  await audit.getByTitle('user.create').first().click();
  await audit.getByRole('dialog').getByText('mina').first().waitFor();
  await audit.keyboard.press('Escape');
  await audit.getByRole('button', { name: 'Verify the chain' }).click();
  await audit.getByText(/^The chain holds up to entry \d+/).waitFor();
});
