// Every page, dialog and step: nobody is shut out (axe), nothing is left in another language, no text of a device or person becomes
// anything but text, nothing is pushed out of the window.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, journey, signIn, world } from '../journey.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const COLOURS = ['color-contrast'];
const WORDS = ['button-name', 'link-name', 'label', 'aria-input-field-name', 'image-alt', 'svg-img-alt', 'html-has-lang', 'document-title'];

const main = (page) => page.locator('main');
const press = (page, name) => main(page).getByRole('button', { name }).first().click();
const menu = async (page, button, item) => {
  await press(page, button);
  await page.getByRole('menuitem', { name: item }).click();
};
const MORE = /^(More|더 보기)$/;
const dialog = (page) => page.getByRole('dialog').first().waitFor();

/** What is done on a page before it is looked at. */
const STEPS = {
  palette: async (page) => {
    await page.keyboard.press('Control+k');
    await dialog(page);
    await page.keyboard.type('<b>');
  },
  keys: async (page) => {
    await page.keyboard.press('Shift+?');
    await dialog(page);
  },
  'user-menu': async (page) => {
    await page.locator('header').getByRole('button', { name: world.user.name }).click();
    await page.getByRole('menu').waitFor();
  },
  lock: async (page) => {
    await page.locator('header').getByRole('button', { name: world.user.name }).click();
    await page.getByRole('menuitem', { name: /Lock the screen|화면 잠금/ }).click();
    await page.getByLabel(/Password|비밀번호/).first().waitFor();
  },
  'devices-chosen': (page) => main(page).getByRole('checkbox').nth(8).click(),
  'devices-bulk': async (page) => {
    await main(page).getByRole('row').nth(1).getByRole('checkbox').click();
    await menu(page, MORE, /Forget|기기 삭제/);
    await dialog(page);
  },
  registered: async (page) => {
    await dialog(page);
    await page.getByRole('dialog').getByRole('button', { name: /Make the code|코드.*만들기/ }).click();
    await page.getByRole('dialog').getByRole('img').first().waitFor();
  },
  'device-edit': async (page) => {
    await press(page, /^(Edit|편집)$/);
    await dialog(page);
  },
  'device-remove': async (page) => {
    await menu(page, MORE, /Forget|기기 삭제/);
    await dialog(page);
  },
  'rollout-abort': async (page) => {
    await menu(page, MORE, /^(Abort|중단)$/);
    await dialog(page);
  },
  'rollout-resume': async (page) => {
    await press(page, /^(Resume|다시 진행)$/);
    await dialog(page);
  },
  'firmware-withdraw': async (page) => {
    await press(page, /^(Withdraw|철회)$/);
    await dialog(page);
  },
  'content-remove': async (page) => {
    await press(page, /^(Remove|삭제)$/);
    await dialog(page);
  },
  'audit-entry': async (page) => {
    await main(page).getByRole('row').nth(2).click();
    await dialog(page);
  },
  'user-new': async (page) => {
    await press(page, /Add a user|사용자 추가/);
    await dialog(page);
  },
  'token-new': async (page) => {
    await press(page, /Make a token|토큰 만들기/);
    await dialog(page);
  },
  ...Object.fromEntries(
    ['region', 'group', 'filter'].map((kind) => [
      `groups-new-${kind}`,
      async (page) => {
        await press(page, /^(New |새 )/);
        await dialog(page);
      },
    ]),
  ),
};

async function serious(page, rules) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  const found = await page.evaluate(
    // `preload` reads every style sheet again, for rules about sound and turning.
    (only) => window.axe.run(document, { resultTypes: ['violations'], preload: false, ...(only ? { runOnly: { type: 'rule', values: only } } : {}) }),
    rules,
  );
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target.join(' ')} ${failureSummary.replaceAll('\n', ' ')}`).slice(0, 3).join(' | ')}`);
}

async function settled(page) {
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await page.waitForFunction(() => !document.querySelector('.mantine-Skeleton-root'));
}

const show = (page, scheme) => page.evaluate((to) => document.documentElement.setAttribute('data-mantine-color-scheme', to), scheme);

/** What is wrong with what is shown now. */
async function look(page, { language, whole, untranslated }) {
  const problems = [];
  const text = await page.locator('body').innerText();
  const keys = text.match(/\b[a-z]+(?:\.[a-z]+[A-Z]\w*)+\b|undefined|\[object|NaN/g);
  if (keys) problems.push(`shows ${keys.join(', ')}`);
  if (language === 'ko') {
    if ((await page.locator('html').getAttribute('lang')) !== 'ko') problems.push('does not say that it is Korean');
    const heading = await page.getByRole('heading', { level: 1 }).first().innerText();
    if (!untranslated && !/[가-힣]/.test(heading)) problems.push(`"${heading}" is not Korean`);
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) problems.push(`is ${wide} px wider than the window`);
  for (const fault of await serious(page, whole ? undefined : [...COLOURS, ...WORDS])) problems.push(`light: ${fault}`);
  await show(page, 'dark');
  for (const fault of await serious(page, COLOURS)) problems.push(`dark: ${fault}`);
  await show(page, 'light');
  if (await page.evaluate(() => window.hit !== undefined)) problems.push('ran what it was to show');
  if (await page.locator('[onerror], [onload], img[src=x], iframe, object, a[href^="javascript:"]').count()) problems.push('has markup of others');
  return problems;
}

async function tour(open, language, problems) {
  const { views, whole, untranslated, entrances } = world;
  const { page } = await open({ language });
  const examine = async (name) => {
    await settled(page);
    await STEPS[name]?.(page);
    const locked = (await page.evaluate(() => document.querySelector('nav') === null)) && !(name in entrances);
    const found = await look(page, { language, whole, untranslated: untranslated.includes(name) });
    if (locked !== (name === 'lock')) found.push('is the lock screen, or is not');
    problems.push(...found.map((one) => `${language} ${name}: ${one}`));
    console.log([`${language} ${name}`, ...found].join('\n    '));
  };
  for (const [name, url] of Object.entries(entrances)) {
    await page.goto(url);
    await examine(name);
  }
  await signIn(page);
  for (const [name, path] of Object.entries(views)) {
    await page.goto(world.url + path);
    await examine(name);
  }
}

await journey(async (open) => {
  const problems = [];
  for (const language of world.languages) await tour(open, language, problems);
  expect(problems.length === 0, `no page has a fault:\n${problems.join('\n')}`);
});
