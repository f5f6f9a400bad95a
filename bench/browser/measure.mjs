// Measures the console in Chromium; run by bench/console.py. Prints one JSON object. Work: BENCH_WORLD.
import { createRequire } from 'node:module';
import { Rollout, serve } from './server.mjs';

const world = JSON.parse(process.env.BENCH_WORLD);
const { chromium } = createRequire(world.playwright)('playwright-core');
const browser = await chromium.launch({ executablePath: world.chromium, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] });
const system = await browser.newBrowserCDPSession();

/** Seconds of CPU by process: {"renderer 123": 1.2}. */
async function processes() {
  const { processInfo } = await system.send('SystemInfo.getProcessInfo');
  return new Map(processInfo.map(({ type, id, cpuTime }) => [`${type} ${id}`, cpuTime]));
}

async function open(url) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1440, height: 900 }, locale: 'en' });
  const page = await context.newPage();
  page.on('pageerror', (error) => {
    throw error;
  });
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable');
  const metrics = async () => Object.fromEntries((await session.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]));
  return { context, page, session, metrics, url };
}

/** Shares of one core while a rollout's page is open and `perFlush` of its devices change four times a second. */
async function live({ devices, perFlush, seconds, profile }) {
  const server = await serve(world.dist, new Rollout(devices, perFlush));
  const { context, page, session, metrics } = await open(server.url);
  const begun = performance.now();
  await page.goto(server.url + server.path);
  const map = page.getByRole('application');
  await map.waitFor();
  await map.locator('canvas').waitFor();
  const shown = performance.now() - begun;
  await map.scrollIntoViewIfNeeded();
  await page.waitForTimeout(3000); // what the page does once, at its beginning, is over
  if (profile) {
    await session.send('Profiler.enable');
    await session.send('Profiler.start');
  }
  const before = { processes: await processes(), metrics: await metrics(), sent: server.sent(), at: performance.now() };
  await page.waitForTimeout(seconds * 1000);
  const after = { processes: await processes(), metrics: await metrics(), sent: server.sent(), at: performance.now() };
  const wall = (after.at - before.at) / 1000;
  const share = (kind) => {
    const spent = [...after.processes].filter(([name]) => name.startsWith(kind)).map(([name, cpu]) => cpu - (before.processes.get(name) ?? 0));
    return Math.max(0, ...spent) / wall;
  };
  const found = {
    devices,
    changes_per_s: Math.round((perFlush * (after.sent.events - before.sent.events)) / (Math.ceil(perFlush / 600) + 1) / wall),
    kb_per_s: Math.round((after.sent.bytes - before.sent.bytes) / wall / 1000),
    renderer: share('renderer'),
    main_thread: (after.metrics.TaskDuration - before.metrics.TaskDuration) / wall,
    script: (after.metrics.ScriptDuration - before.metrics.ScriptDuration) / wall,
    layout_style: (after.metrics.LayoutDuration + after.metrics.RecalcStyleDuration - before.metrics.LayoutDuration - before.metrics.RecalcStyleDuration) / wall,
    gpu_process: share('GPU'),
    heap_mb: after.metrics.JSHeapUsedSize / 1e6,
    shown_ms: Math.round(shown),
    // From the pointer's word to the frame that answers it.
    hover_ms: await hover(map),
  };
  if (profile) {
    const { profile: told } = await session.send('Profiler.stop');
    found.top = hottest(told);
  }
  await context.close();
  server.close();
  return found;
}

async function hover(map) {
  const times = [];
  for (let at = 0; at < 20; at++) {
    times.push(
      await map.evaluate(async (element, step) => {
        const box = element.getBoundingClientRect();
        const begun = performance.now();
        const where = { clientX: box.left + 20 + step * 31, clientY: box.top + 12 + (step % 5) * 7, bubbles: true };
        element.dispatchEvent(new PointerEvent('pointermove', where));
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        return performance.now() - begun;
      }, at),
    );
  }
  return Math.round(times.sort((a, b) => a - b)[Math.floor(times.length * 0.9)]);
}

function hottest({ nodes, samples, timeDeltas }) {
  const self = new Map();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  samples.forEach((id, at) => {
    const { functionName, url, lineNumber, columnNumber } = byId.get(id).callFrame;
    const name = `${functionName || '(anonymous)'} ${url.split('/').pop()}:${lineNumber + 1}:${columnNumber}`;
    self.set(name, (self.get(name) ?? 0) + timeDeltas[at]);
  });
  return [...self].sort((a, b) => b[1] - a[1]).slice(0, 15).map(([name, us]) => `${Math.round(us / 1000)} ms ${name}`);
}

/** What a browser that was never here fetches, as it came over the line, until the page stands. */
async function weight(url, path, prepare) {
  const { context, page, session } = await open(url);
  await session.send('Network.enable');
  if (prepare) await prepare(page);
  const parts = new Map();
  session.on('Network.responseReceived', ({ requestId, response }) => parts.set(requestId, { url: new URL(response.url).pathname, bytes: 0 }));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const part = parts.get(requestId);
    if (part) part.bytes = encodedDataLength;
  });
  await page.goto(url + path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForTimeout(1500);
  await context.close();
  const all = [...parts.values()];
  return { kb: all.reduce((sum, { bytes }) => sum + bytes, 0) / 1000, requests: all.length };
}

const result = { live: [], weight: {} };
for (const one of world.live) result.live.push(await live({ ...one, seconds: world.seconds, profile: world.profile }));
if (world.server) {
  const signIn = async (page) => {
    const { name, password } = world.user;
    const answer = await page.request.post(`${world.server}/api/v1/session`, { data: { name, password }, headers: { Origin: world.server } });
    if (answer.status() !== 200) throw new Error(`sign-in: ${answer.status()}`);
  };
  result.weight['sign-in'] = await weight(world.server, '/login');
  result.weight.overview = await weight(world.server, '/', signIn);
  result.weight.devices = await weight(world.server, '/devices', signIn);
}
await browser.close();
console.log(JSON.stringify(result));
process.exit(0);
