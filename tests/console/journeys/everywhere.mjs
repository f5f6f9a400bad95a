// The pages that it is given, in both languages and themes: nobody is shut out (axe), nothing is left in another language, no text of a
// device or person becomes anything but text.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, go, journey, signIn, world } from '../journey.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function serious(page, rules) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  const found = await page.evaluate(
    (only) => window.axe.run(document, { resultTypes: ['violations'], ...(only ? { runOnly: { type: 'rule', values: only } } : {}) }),
    rules,
  );
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target.join(' ')} ${failureSummary.replaceAll('\n', ' ')}`).slice(0, 3).join(' | ')}`);
}

const settled = async (page) => {
  await page.waitForLoadState('load');
  await page.waitForFunction(() => !document.querySelector('main [role=status] .mantine-Skeleton-root, main .mantine-Skeleton-root'));
};

await journey(async (open) => {
  const problems = [];
  const { language } = world;
  {
    const { page } = await open({ language });
    await signIn(page);
    for (const path of world.pages) {
      console.log(`${language} ${path}`);
      await go(page, path);
      await settled(page);
      const text = await page.locator('body').innerText();
      const keys = text.match(/\b[a-z]+(?:\.[a-z]+[A-Z]\w*)+\b|\{\{|undefined|\[object|NaN/g);
      if (keys) problems.push(`${language} ${path}: shows ${keys.join(', ')}`);
      if (language === 'ko') {
        expect((await page.locator('html').getAttribute('lang')) === 'ko', 'the page says that it is Korean');
        const heading = await page.getByRole('heading', { level: 1 }).first().innerText();
        const names = await page.locator('nav').first().innerText();
        if (!/[가-힣]/.test(names) || (!world.named.includes(path) && !/[가-힣]/.test(heading))) problems.push(`${path}: "${heading}" is not Korean`);
      }
      // The structure is the same in both languages; colours are looked at in every theme.
      for (const fault of await serious(page, language === 'en' ? undefined : ['color-contrast', 'button-name', 'link-name', 'label'])) problems.push(`${language} light ${path}: ${fault}`);
      await page.evaluate(() => document.documentElement.setAttribute('data-mantine-color-scheme', 'dark'));
      for (const fault of await serious(page, ['color-contrast'])) problems.push(`${language} dark ${path}: ${fault}`);
      expect(await page.evaluate(() => window.hit === undefined), `nothing runs on ${path}`);
      expect((await page.locator('[onerror], [onload], img[src=x], iframe, object').count()) === 0, `no markup of others on ${path}`);
    }
  }
  expect(problems.length === 0, `no serious finding:\n${problems.join('\n')}`);
});
