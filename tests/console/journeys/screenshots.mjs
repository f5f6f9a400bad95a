// Pictures of the main pages for the READMEs and docs/console.md: English in light, Korean in dark colours.
import { mkdirSync } from 'node:fs';
import { journey, NOWHERE, settled, signIn, visit, world } from '../journey.mjs';

const WIDTH = 1280;
const { halted, next, failed, healthy, firmware } = world;
const image = `/images/${encodeURIComponent(next.split(':')[0])}`;
const dialog = (page) => page.getByRole('dialog');

/** A picture as a shop shows it, drawn by the browser. */
async function poster(open, [title, line, from, to]) {
  const { page, context } = await open();
  await page.setViewportSize({ width: 800, height: 480 });
  await page.setContent('<canvas width="800" height="480"></canvas>');
  await page.locator('canvas').evaluate(
    (canvas, [big, small, first, last]) => {
      const paint = canvas.getContext('2d');
      const sky = paint.createLinearGradient(0, 0, 800, 480);
      sky.addColorStop(0, first);
      sky.addColorStop(1, last);
      paint.fillStyle = sky;
      paint.fillRect(0, 0, 800, 480);
      paint.fillStyle = 'rgba(255,255,255,0.25)';
      for (const [x, y, size] of [[660, 110, 150], [720, 330, 110], [90, 430, 130]]) {
        paint.beginPath();
        paint.arc(x, y, size, 0, 7);
        paint.fill();
      }
      paint.fillStyle = '#fff';
      paint.font = 'bold 84px sans-serif';
      paint.fillText(big, 60, 230);
      paint.font = '40px sans-serif';
      paint.fillText(small, 64, 310);
    },
    [title, line, from, to],
  );
  const buffer = await page.locator('canvas').screenshot();
  await context.close();
  return { name: `${title}.png`, mimeType: 'image/png', buffer };
}

const POSTERS = {
  en: ['Spring sale', 'Everything 30 % off', '#2b8a3e', '#a9e34b'],
  ko: ['여름 세일', '전 품목 30% · 8월까지', '#0b7285', '#3bc9db'],
};

/** name: [path, what is done there, height]. */
const PICTURES = {
  overview: ['/', undefined, 860],
  rollouts: ['/rollouts', undefined, 420],
  rollout: [`/rollouts/${halted}`, (page) => page.getByRole('application').waitFor(), 1180],
  replay: [
    `/rollouts/${halted}?replay=1`,
    async (page) => {
      const time = page.locator('.mantine-Slider-root');
      await time.click({ position: { x: (await time.boundingBox()).width * 0.45, y: 8 } });
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    },
    680,
  ],
  calendar: ['/rollouts?tab=scheduled', undefined, 900],
  failures: [`/rollouts/${halted}?tab=failures`, undefined, 640],
  review: [`/rollouts/new?what=${encodeURIComponent(next)}&all=1&step=review`, undefined, 900],
  devices: ['/devices?filter=state%3Dfailed%2Crolled_back&columns=state,reason,wanted,seen', undefined, 640],
  register: [
    '/devices?register=1',
    async (page) => {
      await dialog(page).getByRole('button', { name: /Make the code|코드.*만들기/ }).click();
      await dialog(page).getByRole('img').first().waitFor();
    },
    640,
  ],
  device: [`/devices/${failed}`, undefined, 900],
  metrics: [`/devices/${healthy}?tab=metrics`, undefined, 760],
  images: [image, undefined, 700],
  layers: [`${image}/${next.split(':')[1]}`, undefined, 560],
  firmware: [`/firmware/${firmware}`, undefined, 960],
  content: [
    '/content?dialog=register',
    async (page, poster) => {
      await dialog(page).locator('input[type=file]').first().setInputFiles(poster);
      await dialog(page).locator('canvas').waitFor();
    },
    1080,
  ],
  gateways: ['/gateways', undefined, 780],
  monitoring: ['/monitoring', (page) => page.waitForTimeout(20_000), 1480] /* a few points of each chart */,
  certificates: ['/settings/certificates', undefined, 820],
};

async function shoot(open, language, theme, wanted) {
  const picture = await poster(open, POSTERS[language]);
  const { page } = await open({ language, theme });
  await signIn(page);
  await page.goto(world.url + NOWHERE);
  await settled(page);
  for (const [name, [path, prepare, height]] of Object.entries(PICTURES)) {
    if (wanted.length && !wanted.includes(name)) continue;
    await page.setViewportSize({ width: WIDTH, height });
    await visit(page, path);
    await prepare?.(page, picture);
    await page.getByRole('status').getByText(/^(Live|실시간)$/).waitFor();
    await page.waitForTimeout(500); // pictures only: let what moves come to rest
    await settled(page);
    await page.screenshot({ path: `${world.pictures}/${name}.${language}.png` });
    console.log(`${name}.${language}`);
  }
}

await journey(async (open) => {
  mkdirSync(world.pictures, { recursive: true });
  const wanted = (process.env.STRATUS_VIEWS ?? '').split(' ').filter(Boolean); // names, for work on a page
  for (const [language, theme] of [['en', 'light'], ['ko', 'dark']]) await shoot(open, language, theme, wanted);
});
