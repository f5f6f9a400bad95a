// A new server: its set-up code makes the first administrator, the line that the page shows makes the first device; then the lock, the
// way out and the way in, in both languages; and what the first page weighs.
import { ask, expect, journey, settled, signIn as enter, weigh, world } from '../journey.mjs';

const NAME = 'kim';
const PASSWORD = 'a long enough secret';

async function signIn(page, labels, password) {
  await page.getByRole('textbox', { name: labels.name }).fill(NAME);
  await page.getByLabel(labels.password).first().fill(password);
  await page.getByRole('button', { name: labels.signIn, exact: true }).click();
}

const EN = { name: 'Name', password: 'Password', signIn: 'Sign in' };
const KO = { name: '이름', password: '비밀번호', signIn: '로그인' };

await journey(async (open) => {
  const { page } = await open();
  await page.goto(world.url);
  await page.waitForURL(/\/setup$/);
  await page.getByRole('heading', { level: 1, name: 'Set up Stratus' }).waitFor();

  // The language is there before anybody is.
  await page.getByRole('button', { name: 'Language' }).click();
  await page.getByRole('menuitem', { name: '한국어' }).click();
  await page.getByRole('heading', { level: 1, name: 'Stratus 처음 설정' }).waitFor();
  await page.getByRole('button', { name: '언어' }).click();
  await page.getByRole('menuitem', { name: 'English' }).click();

  const make = page.getByRole('button', { name: 'Make the administrator' });
  await page.getByRole('textbox', { name: 'Set-up code' }).fill('WRONG-CODES');
  await page.getByRole('textbox', { name: 'Name' }).fill(NAME);
  await page.getByLabel(/^Password \*?$/).fill(PASSWORD);
  await page.getByLabel(/^Password again/).fill('another secret');
  await page.getByText('The two are different').waitFor();
  expect(await make.isDisabled(), 'two passwords that differ make nobody');
  await page.getByLabel(/^Password again/).fill(PASSWORD);
  await make.click();
  await page.getByRole('alert').getByText('This is not the set-up code', { exact: true }).waitFor();
  await page.getByRole('textbox', { name: 'Set-up code' }).fill(world.setupCode.toLowerCase());
  await make.click();
  await page.getByText(`${NAME} is administrator and signed in`).waitFor();

  // The line is run as it is shown.
  await page.getByText('Waiting for the first device…').waitFor();
  await page.getByRole('button', { name: 'Make a code' }).click();
  const line = page.getByText(/^stratus-agent enrol .*--code \d{6} /);
  await line.waitFor();
  const enrolled = await ask('run', { line: await line.innerText() });
  expect(enrolled.code === 0, `the line of the page enrols a device: ${enrolled.said}`);
  await page.getByText(/The first device is here: /).waitFor(); // nobody reloaded
  await page.getByRole('link', { name: 'To the overview' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();

  // The lock hides everything, outlives a reload, and opens with the password only.
  await page.getByRole('button', { name: `Menu of ${NAME}` }).click();
  await page.getByRole('menuitem', { name: 'Lock the screen' }).click();
  await page.getByRole('heading', { level: 1, name: 'Locked' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'Locked' }).waitFor();
  expect((await page.getByRole('navigation').count()) === 0, 'nothing is seen behind the lock');
  await page.getByLabel('Password').first().fill('not my secret');
  await page.getByRole('button', { name: 'Unlock' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Password').first().fill(PASSWORD);
  await page.getByRole('button', { name: 'Unlock' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();

  await page.getByRole('button', { name: `Menu of ${NAME}` }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { level: 1, name: 'Sign in to Stratus' }).waitFor();
  await page.goto(`${world.url}/devices?filter=seoul`);
  await page.waitForURL(/\/login\?next=/);
  await signIn(page, EN, 'not my secret');
  await page.getByRole('alert').getByText('Name or password is wrong', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Language' }).click();
  await page.getByRole('menuitem', { name: '한국어' }).click();
  await page.getByRole('heading', { level: 1, name: 'Stratus 로그인' }).waitFor();
  await signIn(page, KO, PASSWORD);
  await page.waitForURL(/\/devices\?filter=seoul$/); // where they wanted to go
  await page.getByRole('heading', { level: 1, name: '기기' }).waitFor();

  // What was signed out stays out: the set-up is over, its page says so.
  await page.goto(`${world.url}/setup`);
  await page.getByText('이미 설정된 서버입니다').waitFor();

  // Whoever was never here waits for little.
  for (const path of ['/login', '/']) {
    const first = await open();
    if (path === '/') await enter(first.page, { name: NAME, password: PASSWORD });
    const fetched = weigh(first.page);
    await first.page.goto(world.url + path);
    await settled(first.page);
    const kilobytes = await fetched();
    expect(kilobytes > 100 && kilobytes <= 300, `${path} takes at most 300 kB, not ${kilobytes}`);
  }
});
