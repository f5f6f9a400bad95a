// What every journey has: a browser at the real server, somebody signed in, and what must never happen watched for.
// Run by tests/console/browser.py, which answers `ask` (a device that enrols, a server that restarts).
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { LAUNCH } from './launch.mjs';

export const world = JSON.parse(process.env.STRATUS_WORLD);
const WAIT = Number(process.env.STRATUS_WAIT_MS ?? 60_000); // for a busy machine; nothing here measures time

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Has the test outside do something; answers what came of it. */
export async function ask(what, values = {}) {
  console.log(`ASK ${JSON.stringify({ what, ...values })}`);
  const { value } = await answers.next();
  return JSON.parse(value);
}

export function expect(truth, what) {
  if (!truth) throw new Error(`expected: ${what}`);
}

/** Until `check` says yes: for what a page shows one turn after what was waited for. `expect` is for what must hold at once. */
export async function until(check, what) {
  for (const begun = Date.now(); !(await check()); ) {
    expect(Date.now() - begun < WAIT, what);
    await new Promise((woken) => setTimeout(woken, 50));
  }
}

const waitsFor = new WeakMap(); // page: requests that have no answer yet, but for the stream of events, which never ends

/** A window of its own session, in a language and theme. What it must never do is collected in `faults`. */
export async function open(browser, { language = 'en', theme = 'light', storage = {} } = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1440, height: 900 }, locale: language, reducedMotion: 'reduce' });
  context.setDefaultTimeout(WAIT);
  await context.addInitScript(
    (kept) => {
      for (const [key, value] of Object.entries(kept)) if (localStorage.getItem(key) === null) localStorage.setItem(key, value);
    },
    { 'stratus.language': JSON.stringify(language), 'mantine-color-scheme-value': theme, ...storage },
  );
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) faults.push(`policy: ${message.text()}`);
  });
  const asked = new Set();
  waitsFor.set(page, asked);
  for (const over of ['requestfinished', 'requestfailed']) page.on(over, (request) => asked.delete(request));
  const failed = []; // printed when the journey fails; what a page that was left asked for ends so, too
  page.on('requestfailed', (request) => failed.push(`${request.failure()?.errorText} ${request.method()} ${request.url()}`));
  page.on('request', (request) => {
    const { origin, protocol, pathname } = new URL(request.url());
    if (protocol.startsWith('http') && pathname !== '/api/v1/events') asked.add(request);
    if (protocol.startsWith('http') && origin !== world.url && !world.foreign?.includes(origin)) faults.push(`foreign request: ${request.url()}`);
  });
  return { context, page, faults, failed };
}

/** Signs in without the page for it: what that page does is a journey of its own. */
export async function signIn(page, { name, password } = world.user) {
  const { status } = await page.request
    .post(`${world.url}/api/v1/session`, { data: { name, password }, headers: { Origin: world.url } })
    .then((answer) => ({ status: answer.status() }));
  expect(status === 200, `${name} is signed in, not ${status}`);
}

export async function go(page, path) {
  await page.goto(world.url + path);
  await page.getByRole('heading', { level: 1 }).first().waitFor();
}

/** Until the page has its heading, nothing is loading, no answer is outstanding, and what came is drawn. */
export async function settled(page) {
  const asked = waitsFor.get(page);
  for (const begun = Date.now(); ; ) {
    await page.locator('h1:not([data-old])').first().waitFor();
    await page.waitForFunction(() => !document.querySelector('.mantine-Skeleton-root'));
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    if (asked.size === 0) return;
    expect(Date.now() - begun < WAIT, `an answer to ${[...asked].map((request) => request.url())}`);
  }
}

/** Counts from now on what comes over the line for a page, as it was packed; answers a function that says the kilobytes so far. */
export function weigh(page) {
  const parts = [];
  page.on('requestfinished', (request) => parts.push(request.sizes()));
  return async () => (await Promise.all(parts)).reduce((sum, part) => sum + part.responseHeadersSize + part.responseBodySize, 0) / 1000;
}

export const NOWHERE = '/-';

/** As a link does, without loading the console again; the heading of before is marked, so that it is not taken for the new one. */
function follow(page, path) {
  return page.evaluate((address) => {
    if (location.pathname === address) return;
    document.querySelector('h1').setAttribute('data-old', '');
    history.pushState({}, '', address);
    dispatchEvent(new PopStateEvent('popstate', { state: {} }));
  }, path);
}

/** To another page of the console, by way of one that is nowhere: tabs of one page would keep its heading, as what
 * is nowhere does. */
export async function visit(page, path) {
  if (!(await page.evaluate(() => location.pathname)).startsWith('/nothing/')) await follow(page, NOWHERE);
  await settled(page);
  // What the shell laid over a page outlives it, and what is nowhere is there already.
  const stays = await page.evaluate(() => document.querySelector('[role=dialog], [role=menu]') !== null);
  if (stays || path.startsWith('/nothing/')) await page.goto(world.url + path);
  else await follow(page, path);
  await settled(page);
}

/** Runs a journey; whatever it must never do fails it in the end. */
export async function journey(body) {
  // A window of the run's browser has a session of its own; closing the connection closes its windows.
  const browser = world.browser
    ? await chromium.connect(world.browser)
    : await chromium.launch({ executablePath: world.chromium, ...LAUNCH });
  let code = 0;
  const pages = [];
  const openHere = async (options) => {
    const opened = await open(browser, options);
    pages.push(opened);
    return opened;
  };
  try {
    await body(openHere);
    const faults = pages.flatMap((one) => one.faults);
    expect(faults.length === 0, `nothing of this happens:\n${faults.join('\n')}`);
  } catch (error) {
    code = 1;
    console.log(error.stack ?? String(error));
    for (const [index, { page, failed }] of pages.entries()) {
      console.log(`window ${index}: ${page.url()}\n${failed.slice(-10).join('\n')}\n${await page.locator('body').innerText().catch(() => '')}`.slice(0, 4000));
      if (world.failures) await page.screenshot({ path: `${world.failures}-${index}.png` }).catch(() => undefined);
    }
  }
  await browser.close();
  process.exit(code);
}
