// A role without a permission sees what it may not do, and why; the address alone helps nobody.
import { expect, go, journey, signIn, world } from '../journey.mjs';

await journey(async (open) => {
  const viewer = await open();
  await signIn(viewer.page, world.viewer);
  for (const [path, action] of [
    ['/firmware', 'Register firmware'],
    ['/content', 'Register content'],
    ['/rollouts', 'New rollout'],
    ['/devices', 'Register devices'],
    ['/groups', 'New region'],
    ['/gateways', 'Register a gateway'],
  ]) {
    await go(viewer.page, path);
    const button = viewer.page.getByRole('button', { name: action }).first();
    await button.waitFor();
    expect(await button.isDisabled(), `${action} is disabled for a viewer`);
    await viewer.page.locator('span:has(> button:disabled)').first().hover();
    await viewer.page.getByText(/Needs the permission|(releases|rollouts|devices):write/).first().waitFor();
  }
  await go(viewer.page, '/rollouts/new?what=site%2Fapp%3A1&all=1'); // a link from somebody who may
  await viewer.page.getByText(/rollouts:write/).first().waitFor();
  expect((await viewer.page.getByRole('button', { name: 'Start' }).count()) === 0, 'the form is not there at all');

  const nobody = await open({ language: 'ko' });
  await signIn(nobody.page, world.nobody);
  for (const [path, scope] of [
    ['/firmware', 'releases:read'],
    ['/content', 'releases:read'],
    ['/images', 'releases:read'],
    ['/devices', 'devices:read'],
    ['/groups', 'devices:read'],
    ['/gateways', 'devices:read'],
    ['/rollouts', 'rollouts:read'],
    ['/audit', 'audit:read'],
  ]) {
    await go(nobody.page, path);
    await nobody.page.getByText(new RegExp(`${scope} 권한이 필요합니다`)).first().waitFor();
  }
});
