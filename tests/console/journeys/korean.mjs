// Every page in Korean, over a fleet that lives: no English is left but names, codes and commands; times are written as Korea writes them.
import { expect, journey, NOWHERE, settled, signIn, visit, world } from '../journey.mjs';
import { STEPS } from '../steps.mjs';

// Written alike in both languages.
const COMMON = new Set(
  (
    'Stratus SHA UTC HTTPS OIDC curl CPU GPU RAM ID IP PEM CA API LVGL QR CLI MQTT URL JSON CSV TLS LTS Prometheus VictoriaMetrics Grafana Linux Ctrl Enter ' +
    'kB MB GB TB KiB MiB podman Markdown RGB PNG JPEG GIF WebP BMP linux amd'
  ).split(' '),
);

/** In the page: what is not Korean in it. `names`: what people and programs are called here, the longest first. */
function foreign({ names, common }) {
  const found = [];
  // Digests and ids, addresses, paths, terms of a filter, permissions and principals, codes of actions, endings of files.
  const codes = /\b(?=\w*\d)[0-9A-Za-z]{8,}\b|https?:\S+|[\w.-]*\/[\w./-]+|-?\b[\w.]+(?:[=<>]\S*|:[a-z]\S*)|\b[a-z_]+\.(?:[a-z_]+)?|\.\w+/g;
  const without = (text, some) => some.reduce((rest, name) => rest.replaceAll(name, ' '), text);
  const phrases = names.filter((name) => /[^A-Za-z]/.test(name)); // before what is in them can be taken for a code
  const words = (text, least) =>
    (without(without(text, phrases).replace(codes, ' '), names).match(/[A-Za-z]{2,}/g) ?? []).filter(
      (word) => word.length >= least && !common.includes(word),
    );
  const say = (text, least) => words(text, least).length > 0 && found.push(`"${text.trim().slice(0, 120)}"`);
  if (document.documentElement.lang !== 'ko') found.push(`the language is said to be "${document.documentElement.lang}"`);
  say(document.title, 2);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!element || element.closest('code, pre, script, style, kbd, [role=log]') || !element.checkVisibility()) continue;
    say(walker.currentNode.textContent, 2);
  }
  for (const element of document.body.querySelectorAll('[aria-label], [placeholder], img[alt]')) {
    if (!element.checkVisibility() || element.closest('[aria-hidden=true]')) continue;
    for (const name of ['aria-label', 'placeholder', 'alt']) say(element.getAttribute(name) ?? '', 3);
  }
  // Intl says how a time is written; the page's own code is not asked.
  const relative = new Intl.RelativeTimeFormat('ko', { numeric: 'auto' });
  for (const time of document.querySelectorAll('time')) {
    const [text, date] = [time.textContent.trim(), new Date(time.dateTime)];
    const number = Number(text.match(/\d+/)?.[0] ?? 1);
    const ago = ['second', 'minute', 'hour', 'day'].flatMap((unit) => [0, number, -number].map((value) => relative.format(value, unit)));
    const day = new Intl.DateTimeFormat('ko', { month: 'short', day: 'numeric' }).format(date);
    const clock = new Intl.DateTimeFormat('ko', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(date);
    if (!ago.includes(text) && !(text.includes(day) && text.includes(clock)) && !text.startsWith(clock)) found.push(`the time ${time.dateTime} as "${text}"`);
  }
  return found;
}

await journey(async (open) => {
  const { page } = await open({ language: 'ko' });
  const problems = [];
  let times = 0;
  const commands = new Set();
  const look = async (name) => {
    await STEPS[name]?.(page);
    const found = await page.evaluate(foreign, { names: world.names, common: [...COMMON] });
    times += await page.locator('time').count();
    for (const line of await page.locator('pre').allInnerTexts()) if (/^stratus /.test(line)) commands.add(line);
    problems.push(...found.map((one) => `${name}: ${one}`));
  };
  await page.goto(`${world.url}/login`);
  await settled(page);
  await look('login');
  await signIn(page);
  await page.goto(world.url + NOWHERE);
  await settled(page);
  for (const [name, path] of Object.entries(world.views)) {
    await visit(page, path);
    await look(name);
  }
  for (const line of commands) console.log(`COMMAND ${JSON.stringify(line)}`); // the test tries them
  expect(times > 50, `times were looked at, not only ${times}`);
  expect(problems.length === 0, `no English is left:\n${problems.join('\n')}`);
});
