// The main pages over a living fleet: what they say agrees with what the server answers; with STRATUS_SCREENSHOTS=1 pictures of them.
import { mkdirSync } from 'node:fs';
import { ask, expect, go, journey, signIn, world } from '../journey.mjs';

const tile = (page) => page.getByRole('application');

/** Pages whose pictures the READMEs show; what is waited for before each. */
const PICTURES = {
  overview: ['/'],
  rollout: [`/rollouts/${world.halted}`, (page) => tile(page).waitFor()],
  failures: [`/rollouts/${world.halted}?tab=failures`],
  devices: ['/devices?filter=state%3Dfailed%2Crolled_back'],
  why: [`/devices/${world.failed}`],
  metrics: [`/devices/${world.healthy}?tab=metrics`],
  gateways: ['/gateways'],
  review: [`/rollouts/new?what=${encodeURIComponent(world.next)}&all=1&step=review`],
  audit: ['/audit'],
};

async function shoot(open) {
  mkdirSync(world.pictures, { recursive: true });
  for (const [language, theme] of [['en', 'light'], ['ko', 'dark']]) {
    const { page } = await open({ language, theme });
    await signIn(page);
    for (const [name, [path, prepare]] of Object.entries(PICTURES)) {
      await page.setViewportSize({ width: 1200, height: 780 });
      await go(page, path);
      await page.waitForFunction(() => !document.querySelector('.mantine-Skeleton-root'));
      await prepare?.(page);
      await page.waitForTimeout(2000); // pictures only: let charts and late answers come
      await page.screenshot({ path: `${world.pictures}/console-${name}-${language}.png` });
    }
  }
}

await journey(async (open) => {
  const { page } = await open();
  await signIn(page);
  await go(page, '/');
  const { compliance, bytes } = await ask('overview');
  const link = (name) => page.getByRole('link', { name: new RegExp(`^${name}: `) });
  for (const [name, count] of [['On target', compliance.on_target], ['Failing', compliance.failing], ['Behind', compliance.behind]]) {
    await page.getByRole('link', { name: `${name}: ${count}`, exact: true }).waitFor();
  }
  expect(compliance.failing === world.wentBack, `devices that went back count as failing, not ${compliance.failing}`);
  expect((await link('On target').count()) === 1, 'the number leads to the devices');
  const saved = Math.floor(((bytes.full_images - bytes.moved + bytes.moved_in_vain) * 100) / bytes.full_images);
  await page.getByRole('region', { name: 'Bytes moved' }).getByText(`${saved}%`).waitFor();
  await page.getByText(/^Gate of wave 3: /).first().waitFor(); // not in the server's words

  await go(page, `/rollouts/${world.halted}`);
  await tile(page).waitFor();
  expect((await tile(page).getAttribute('aria-label')).startsWith(`${world.devices} devices: `), 'one square for each device');
  await page.getByRole('alert').getByText(/devices did not make it/).waitFor();

  await go(page, `/devices/${world.failed}`);
  await page.getByText(/This holds it up/).waitFor();
  expect(!/T\d\d:\d\d:\d\d\.\d+Z/.test(await page.locator('main').innerText()), 'no time is shown as programs write it');

  await go(page, '/gateways');
  await page.locator('svg text', { hasText: `${world.direct} devices` }).waitFor();
  if (world.pictures) await shoot(open);
});
