// A role without a permission sees what it may not do, and why; the address alone helps nobody.
import { expect, go, journey, signIn, world } from '../journey.mjs';

await journey(async (open) => {
  const viewer = await open();
  await signIn(viewer.page, world.viewer);
  for (const [path, action] of [['/firmware', 'Register firmware'], ['/content', 'Register content']]) {
    await go(viewer.page, path);
    const button = viewer.page.getByRole('button', { name: action }).first();
    await button.waitFor();
    expect(await button.isDisabled(), `${action} is disabled for a viewer`);
    await viewer.page.locator('span:has(> button:disabled)').first().hover();
    await viewer.page.getByText(/Needs the permission|releases:write|rollouts:write/).first().waitFor();
  }
  const nobody = await open({ language: 'ko' });
  await signIn(nobody.page, world.nobody);
  for (const path of ['/firmware', '/content', '/images']) {
    await go(nobody.page, path);
    await nobody.page.getByText(/releases:read 권한이 필요합니다/).first().waitFor();
  }
});
