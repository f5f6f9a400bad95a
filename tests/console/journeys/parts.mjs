// Parts of the console that cannot be fetched: once, for a while, and because the server has a newer console by now.
import { expect, journey, signIn, world } from '../journey.mjs';

await journey(async (open) => {
  const { page } = await open();
  await signIn(page);
  const loads = []; // of whole pages
  page.on('request', (request) => request.isNavigationRequest() && loads.push(new URL(request.url()).pathname));
  await page.goto(world.url);
  const follow = (name) => page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
  const heading = (name) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  /** The first `times` requests for a part fail. */
  const failing = async (part, times, fail = (route) => route.abort()) => {
    const asked = [];
    await page.route(part, (route) => (asked.push(route.request().url()), asked.length > times ? route.fallback() : fail(route)));
    return asked;
  };
  await heading('Overview');

  // A style that could not be fetched once: nobody notices, and the page has it.
  const style = await failing(/\/assets\/rollouts-[^/]*\.css$/, 1);
  await follow('Rollouts');
  await heading('Rollouts');
  expect(style.length === 2, `the style is asked for again, not ${style.length} times`);
  expect(await page.evaluate((url) => [...document.styleSheets].some(({ href }) => href === url), style[0]), 'the style is there');

  // Nor of a script.
  const script = await failing(/\/assets\/audit-[^/]*\.js$/, 2);
  await follow('Audit log');
  await heading('Audit log');
  expect(script.length > 2, 'the script is asked for again');

  // The server stays away: the page says so, and comes at its address once it is back.
  await failing(/\/assets\/groups-[^/]*\.js$/, Infinity);
  await follow('Groups and regions');
  await heading('This page could not be loaded');
  await page.getByText('The server did not answer').waitFor();
  expect(loads.length === 1, 'nothing is reloaded as long as nothing is newer');
  await page.unroute(/\/assets\/groups-[^/]*\.js$/);
  await page.getByRole('button', { name: 'Reload' }).click();
  await heading('Groups and regions');

  // A newer console: its index names another script, and the parts of this one are gone. It is reloaded once, at the wanted address.
  const gone = (route) => route.fulfill({ status: 404, body: '' });
  await page.route(`${world.url}/`, async (route) => {
    const answer = await route.fetch();
    const body = (await answer.text()).replace('/assets/index-', '/assets/index-newer-');
    await route.fulfill({ response: answer, body });
  });
  loads.length = 0;
  await failing(/\/assets\/gateways-[^/]*\.js$/, Infinity, (route) => (loads.length === 0 ? gone(route) : route.fallback()));
  await follow('Gateways');
  await heading('Gateways');
  expect(loads.join() === '/gateways', `one reload, at the wanted address, not ${loads}`);

  // This very one was reloaded before: it would never end.
  await failing(/\/assets\/monitoring-[^/]*\.js$/, Infinity, gone);
  await follow('Monitoring');
  await heading('The console was updated. Reload to go on.');
  expect(loads.length === 1, 'no further reload');
});
