// Every page, dialog and step: nobody is shut out (axe), nothing is left in another language, no text of a device or person becomes
// anything but text, nothing is pushed out of the window.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, journey, NOWHERE, settled, signIn, visit, world } from '../journey.mjs';
import { STEPS } from '../steps.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const COLOURS = ['color-contrast'];
const WORDS = ['button-name', 'link-name', 'label', 'aria-input-field-name', 'image-alt', 'svg-img-alt', 'html-has-lang', 'document-title'];

/** In the page: all that is wrong with what it shows, in the colours that are asked for. */
async function examine({ language, passes, untranslated }) {
  const problems = [];
  const say = (one) => problems.push(one);
  const keys = document.body.innerText.match(/\b[a-z]+(?:\.[a-z]+[A-Z]\w*)+\b|undefined|\[object|NaN/g);
  if (keys) say(`shows ${keys.join(', ')}`);
  if (document.documentElement.lang !== language) say(`says that its language is "${document.documentElement.lang}"`);
  const heading = document.querySelector('h1').innerText;
  if (language === 'ko' && !untranslated && !/[가-힣]/.test(heading)) say(`"${heading}" is not Korean`);
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) say(`is ${wide} px wider than the window`);
  if (window.hit !== undefined) say('ran what it was to show');
  if (document.querySelector('[onerror], [onload], img[src=x], iframe, object, a[href^="javascript:"]')) say('has markup of others');
  const before = document.documentElement.getAttribute('data-mantine-color-scheme');
  for (const [scheme, rules] of passes) {
    document.documentElement.setAttribute('data-mantine-color-scheme', scheme);
    // `preload` reads every style sheet again, for rules about sound and turning.
    const only = rules && { runOnly: { type: 'rule', values: rules } };
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'], preload: false, ...only });
    for (const { id, impact, nodes } of violations.filter((one) => one.impact === 'serious' || one.impact === 'critical')) {
      const where = nodes.slice(0, 3).map(({ target, failureSummary }) => `${target.join(' ')} ${failureSummary.replaceAll('\n', ' ')}`);
      say(`${scheme}: ${impact} ${id}: ${where.join(' | ')}`);
    }
  }
  document.documentElement.setAttribute('data-mantine-color-scheme', before);
  return problems;
}

/** What a tour looks at, once its steps are done. */
async function look(page, name, { language, theme, entrances }) {
  const { whole, untranslated } = world;
  await STEPS[name]?.(page);
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  const passes = whole ? [['light', null], ['dark', COLOURS]] : [[theme, [...COLOURS, ...WORDS]]];
  const found = await page.evaluate(examine, { language, passes, untranslated: untranslated.includes(name) });
  const locked = (await page.evaluate(() => document.querySelector('nav') === null)) && !(name in entrances);
  if (locked !== (name === 'lock')) found.push('is the lock screen, or is not');
  console.log([`${language} ${name}`, ...found].join('\n    '));
  return found.map((one) => `${language} ${name}: ${one}`);
}

/** The entrances, then the views that this tour has. */
async function tour(open, one, problems) {
  const { page } = await open(one);
  for (const [name, url] of Object.entries(one.entrances)) {
    if (name === 'first-password') await signIn(page, world.newcomer);
    await page.goto(url);
    await settled(page);
    problems.push(...(await look(page, name, one)));
  }
  await signIn(page);
  await page.goto(world.url + NOWHERE);
  await settled(page);
  for (const [name, path] of Object.entries(one.views)) {
    await visit(page, path);
    problems.push(...(await look(page, name, one)));
  }
}

await journey(async (open) => {
  const problems = [];
  const started = Date.now();
  for (const one of world.tours) await tour(open, one, problems);
  const count = world.tours.reduce((sum, { entrances, views }) => sum + Object.keys({ ...entrances, ...views }).length, 0);
  console.log(`${count} views in ${Math.round((Date.now() - started) / 1000)} s`);
  expect(problems.length === 0, `no page has a fault:\n${problems.join('\n')}`);
});
