import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { fakeServer, renderPage } from '@/shared/testing/render';
import RolloutPage from '.';

const ID = '01JD3M7A8Q2Z5V9K4T6W8X0Y1B';
const zero = {
  waiting: 0,
  requested: 0,
  downloading: 0,
  installing: 0,
  cancelling: 0,
  returning: 0,
  success: 0,
  failed: 0,
  timeout: 0,
  cancelled: 0,
  rolled_back: 0,
  returned: 0,
};
const counts = (more: Partial<typeof zero>) => {
  const of = { ...zero, ...more };
  const total = Object.values(of).reduce((sum, one) => sum + one, 0);
  const open = of.waiting + of.requested + of.downloading + of.installing;
  return { ...of, total, open, closed: total - open };
};
const at = '2026-01-01T00:00:00Z';
const rollout = (more: object = {}) => ({
  id: ID,
  title: 'Kiosks 2.0',
  state: 'paused',
  cause: 'gate of wave 1: 2 of 10 devices failed (at most 10 % may, 90 % must succeed)',
  author: 'ann',
  wave: 1,
  waves_total: 2,
  percent: 5,
  counts: counts({ success: 3, failed: 2, waiting: 195 }),
  refusing: 0,
  contents: [{ name: 'site/app', version: '2', digest: 'sha256:00' }],
  revision: 4,
  created_at: at,
  changed_at: at,
  started_at: at,
  spec: {
    contents: [{ name: 'site/app', version: '2' }],
    targets: { all: true },
    waves: [{ count: 10, success_percent: 90, failure_percent: 10, soak_ms: 0 }, { percent: 100 }],
  },
  waves: [
    {
      number: 1,
      devices: 10,
      percent: 50,
      counts: counts({ success: 3, failed: 2, waiting: 5 }),
      accepted_failures: 0,
      opened_at: at,
    },
    { number: 2, devices: 190, percent: 0, counts: counts({ waiting: 190 }), accepted_failures: 0 },
  ],
  ...more,
});
const failures = {
  devices: 2,
  items: [
    {
      pattern: 'exit status …',
      example: 'exit status 7 <img src=x onerror=alert(1)>',
      content: { name: 'site/app', version: '2' },
      devices: 2,
      first_at: at,
      last_at: at,
      states: { failed: 2 },
      hardware: [{ hardware: 'board-a', devices: 2 }],
      sample: ['door-1', 'door-9'],
    },
  ],
};

function serve(more: Parameters<typeof fakeServer>[0] = {}) {
  return fakeServer({
    'GET /api/v1/me': {
      body: { kind: 'user', id: 'u', name: 'ann', roles: [], scopes: ['rollouts:read', 'rollouts:write'], csrf: 'x' },
    },
    [`GET /api/v1/rollouts/${ID}`]: { body: rollout() },
    [`GET /api/v1/rollouts/${ID}/tiles`]: {
      body: { rollout: ID, event: 'e-1', prefix: 'door-', devices: ['1', '2', '9'], states: 'FdS', percents: [42] },
    },
    [`GET /api/v1/rollouts/${ID}/failures`]: { body: failures },
    [`GET /api/v1/rollouts/${ID}/timeline`]: { body: { from: at, to: at, step_ms: 1000, total: 200, points: [] } },
    [`GET /api/v1/rollouts/${ID}/devices`]: { body: { items: [] } },
    'POST /api/v1/rollouts/dry-run': { status: 409, body: { code: 'conflict' } },
    ...more,
  });
}
const open = (options: object = {}) =>
  renderPage(<RolloutPage />, { url: `/rollouts/${ID}`, route: '/rollouts/:id', ...options });

test('a halt names the gate, the cause and the three ways on; the answer is what the toast says', async () => {
  const orders: unknown[] = [];
  serve({
    [`POST /api/v1/rollouts/${ID}/resume`]: async (request) => {
      orders.push(await request.json());
      return { body: rollout({ state: 'scheduled', cause: undefined, revision: 5 }) };
    },
  });
  open();
  const banner = await screen.findByRole('alert');
  expect(within(banner).getByText('Halted by the gate of wave 1')).toBeVisible();
  expect(within(banner).getByText(/^2 of 10 devices had failed when it halted/)).toBeVisible();
  expect(within(banner).queryByText(/By now/)).toBeNull();
  expect(await within(banner).findByText(/Most frequent cause: exit status 7/)).toBeVisible();
  const user = userEvent.setup();
  await user.click(await within(banner).findByRole('button', { name: 'Resume' }));
  const dialog = await screen.findByRole('dialog');
  await user.type(within(dialog).getByRole('textbox', { name: 'Reason' }), 'known');
  expect(within(dialog).getByText(`stratus rollout resume ${ID} --reason known`)).toBeVisible();
  await user.click(within(dialog).getByRole('button', { name: 'Resume' }));
  expect(await screen.findByText('Kiosks 2.0: Scheduled')).toBeVisible();
  expect(orders).toEqual([{ reason: 'known' }]);
});

test.each(['paused', 'completed'])('one that is %s can be rolled back, if it updated anything', async (state) => {
  const orders: unknown[] = [];
  serve({
    [`GET /api/v1/rollouts/${ID}`]: { body: rollout({ state, cause: undefined }) },
    [`POST /api/v1/rollouts/${ID}/abort`]: async (request) => {
      orders.push(await request.json());
      return { body: rollout({ state: 'aborting', cause: 'aborted by ann', revision: 5 }) };
    },
  });
  open();
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'More' }));
  await user.click(await screen.findByRole('menuitem', { name: 'Roll back' }));
  const dialog = await screen.findByRole('dialog');
  expect(within(dialog).getByText(/the 3 updated devices go back/)).toBeVisible();
  expect(within(dialog).getByText(`stratus rollout abort ${ID} --return`)).toBeVisible();
  await user.click(within(dialog).getByRole('button', { name: 'Roll back' }));
  expect(await screen.findByText(/^Kiosks 2.0: /)).toBeVisible();
  expect(orders).toEqual([{ give_back: true }]);
});

test.each([
  ['Retry failed devices', 'retry', 'scheduled', '2 devices wait for another try.'],
  ['Abort', 'abort', 'aborting', 'Aborting'],
])('%s is an order of its own', async (name, word, state, toast) => {
  const orders: unknown[] = [];
  serve({
    [`POST /api/v1/rollouts/${ID}/${word}`]: async (request) => {
      orders.push(await request.json());
      const retried = word === 'retry' ? { devices: 2, left_out: 0 } : undefined;
      return { body: rollout({ state, cause: undefined, revision: 5, retried }) };
    },
  });
  open();
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'More' }));
  await user.click(await screen.findByRole('menuitem', { name }));
  const dialog = await screen.findByRole('dialog');
  expect(within(dialog).getByText(`stratus rollout ${word} ${ID}`)).toBeVisible();
  await user.click(within(dialog).getByRole('button', { name }));
  expect(await screen.findByText(`Kiosks 2.0: ${toast}`)).toBeVisible();
  expect(orders).toEqual([{}]);
});

async function openRetry(body: object) {
  serve({
    [`GET /api/v1/rollouts/${ID}`]: { body },
    [`POST /api/v1/rollouts/${ID}/retry`]: {
      body: rollout({ state: 'scheduled', cause: undefined, retried: { devices: 3, left_out: 2 } }),
    },
  });
  open();
  const user = userEvent.setup();
  await user.click(await screen.findByRole('button', { name: 'More' }));
  await user.click(await screen.findByRole('menuitem', { name: 'Retry failed devices' }));
  const dialog = within(await screen.findByRole('dialog'));
  return { user, dialog, give: dialog.getByRole('button', { name: 'Retry failed devices' }) };
}

test('a retry says whom it leaves out, whom it calls later, and what came of it', async () => {
  const { user, dialog, give } = await openRetry(
    rollout({ counts: counts({ success: 3, failed: 2, rolled_back: 3, waiting: 192 }), refusing: 2 }),
  );
  expect(dialog.getByText('3 failed devices wait for another try.')).toBeVisible();
  expect(dialog.getByText(/^2 devices are left out: they went back from this version and will not/)).toBeVisible();
  expect(dialog.getByText(/^1 device went back although .* within a day\.$/)).toBeVisible();
  await user.click(give);
  const toast = await screen.findByText(
    /^Kiosks 2\.0: 3 devices wait for another try\. 2 are left out: they went back/,
  );
  expect(toast).toBeVisible();
});

test('a retry that would reach nobody is not offered, and says why', async () => {
  const { dialog, give } = await openRetry(rollout({ counts: counts({ rolled_back: 1 }), refusing: 1 }));
  expect(dialog.getByText(/^1 device is left out: .* It needs a new version\.$/)).toBeVisible();
  expect(give).toBeDisabled();
});

test('a retry of devices that only failed has nothing to explain', async () => {
  const { dialog } = await openRetry(rollout());
  expect(dialog.queryByText(/went back/)).toBeNull();
});

test('what the gate saw stays what it saw; what came after is told beside it', async () => {
  const [first, ...others] = rollout().waves;
  const waves = [{ ...first, counts: counts({ success: 3, failed: 7 }) }, ...others];
  serve({ [`GET /api/v1/rollouts/${ID}`]: { body: rollout({ waves }) } });
  open();
  const banner = await screen.findByRole('alert');
  expect(within(banner).getByText(/^2 of 10 devices had failed when it halted.* By now it is 7 of 10\./)).toBeVisible();
});

test('waves, gates and every device as a square with words for readers', async () => {
  serve();
  open();
  const waves = await screen.findByRole('region', { name: 'Waves and gates' });
  expect(within(waves).getByText('Halted')).toBeVisible();
  expect(within(waves).getByText('Not open yet')).toBeVisible();
  expect(
    await screen.findByRole('application', { name: /^3 devices: Downloading 1, Updated 1, Failed 1$/ }),
  ).toBeVisible();
});

test('a frame drawn over squares chooses their devices', async () => {
  serve();
  open();
  const squares = await screen.findByRole('application', { name: /^3 devices: / });
  fireEvent.pointerDown(squares, { button: 0, clientX: 1, clientY: 1 });
  fireEvent.pointerMove(squares, { buttons: 1, clientX: 30, clientY: 200 });
  fireEvent.pointerUp(squares, { clientX: 59, clientY: 400 });
  const chosen = await screen.findByRole('region', { name: '3 devices chosen' });
  expect(within(chosen).getByRole('button', { name: 'Take devices out' })).toBeVisible();
  await userEvent.click(within(chosen).getByRole('button', { name: 'Choose none' }));
  expect(screen.queryByRole('region', { name: /chosen$/ })).toBeNull();
});

test.each([
  [
    'nobody heard that it was let go',
    () => fireEvent.pointerMove(squares(), { buttons: 0, clientX: 30, clientY: 200 }),
  ],
  ['the browser took the pointer', () => fireEvent.lostPointerCapture(squares())],
])('a frame ends when %s', async (_, end) => {
  serve();
  open();
  await screen.findByRole('application', { name: /^3 devices: / });
  fireEvent.pointerDown(squares(), { button: 0, clientX: 1, clientY: 1 });
  end();
  fireEvent.pointerUp(squares(), { clientX: 59, clientY: 400 });
  expect(screen.queryByRole('region', { name: /chosen$/ })).toBeNull();
});

const squares = () => screen.getByRole('application', { name: /^3 devices: / });
const minute = (number: number) => Date.parse(at) + number * 60_000;
const replay = (more: object = {}) => ({
  [`GET /api/v1/rollouts/${ID}/replay`]: {
    body: { rollout: ID, from: at, step_ms: 60_000, steps: 10, begun: [0, 4, 6], ended: [5, -1, 10], ...more },
  },
});

test('the squares as they were, at the time of the address and of a hand on the slider', async () => {
  serve(replay());
  const { router } = open({ url: `/rollouts/${ID}?replay=${minute(4)}` });
  expect(await screen.findByRole('application', { name: /^3 devices: Waiting 1, Its turn 2$/ })).toBeVisible();
  expect(screen.getByText(/^The last attempt of each device/)).toBeVisible();
  const slider = screen.getByRole('slider', { name: 'Time' });
  expect(screen.getByText(/^as it was at .*:04:00$/)).toBeVisible();
  const written: string[] = [];
  router.subscribe(({ location }) => written.push(location.search));
  slider.focus();
  await userEvent.keyboard('{ArrowLeft}{ArrowLeft}{ArrowRight}{ArrowRight}{ArrowRight}');
  expect(
    await screen.findByRole('application', { name: /^3 devices: Waiting 1, Its turn 1, Failed 1$/ }),
  ).toBeVisible();
  await waitFor(() => expect(router.state.location.search).toBe(`?replay=${minute(5)}`));
  expect(new Set(written)).toEqual(new Set([`?replay=${minute(5)}`]));
  await userEvent.click(screen.getByRole('button', { name: 'Look back' }));
  expect(await screen.findByRole('application', { name: /Downloading 1, Updated 1, Failed 1$/ })).toBeVisible();
  expect(router.state.location.search).toBe('');
});

test.each([
  ['99999999999999999999', '10', /Downloading 1, Updated 1, Failed 1$/],
  ['-5', '0', /^3 devices: Waiting 2, Its turn 1$/],
])('looking back at %s is looking at the nearest moment', async (time, value, name) => {
  serve(replay());
  open({ url: `/rollouts/${ID}?replay=${time}` });
  expect(await screen.findByRole('application', { name })).toBeVisible();
  const slider = screen.getByRole('slider', { name: 'Time' });
  expect(slider).toHaveAttribute('aria-valuenow', value);
  expect(screen.getByText(`as it was at ${slider.getAttribute('aria-valuetext')}`)).toBeVisible();
});

test('a drag over squares of the past opens no device', async () => {
  serve(replay());
  const { router } = open({ url: `/rollouts/${ID}?replay=0` });
  await screen.findByRole('application', { name: /Its turn/ });
  fireEvent.pointerDown(squares(), { button: 0, clientX: 30, clientY: 30 });
  fireEvent.pointerUp(squares(), { clientX: 1, clientY: 1 });
  await act(async () => {}); // the router takes a moment
  expect(router.state.location.pathname).toBe(`/rollouts/${ID}`);
});

test('there is nothing to look back at, and a way out', async () => {
  serve({
    [`GET /api/v1/rollouts/${ID}`]: { body: rollout({ started_at: undefined }) },
    ...replay({ from: '1970-01-01T00:00:00Z', step_ms: 1, steps: 0, begun: [-1, -1, -1], ended: [-1, -1, -1] }),
  });
  open({ url: `/rollouts/${ID}?replay=0` });
  expect(await screen.findByText(/^Nothing has begun/)).toBeVisible();
  expect(screen.queryByText(/1970/)).toBeNull();
  await userEvent.click(screen.getByRole('button', { name: 'Look back' }));
  expect(await screen.findByRole('application', { name: /Downloading 1, Updated 1, Failed 1$/ })).toBeVisible();
});

test('failures grouped by cause; what devices say is only text', async () => {
  serve();
  open({ url: `/rollouts/${ID}?tab=failures` });
  const group = await screen.findByRole('region', { name: 'exit status …' });
  expect(within(group).getByText('2 devices')).toBeVisible();
  expect(within(group).getByRole('link', { name: 'door-9' })).toHaveAttribute('href', '/devices/door-9');
  expect(within(group).getByText(/<img src=x/)).toBeVisible();
  expect(document.querySelector('img')).toBeNull();
});

test('the address has the tab, and the state that its devices are in', async () => {
  const requests = serve();
  open({ url: `/rollouts/${ID}?tab=devices&state=failed` });
  const asked = () => requests.map(({ url }) => new URL(url)).filter(({ pathname }) => pathname.endsWith('/devices'));
  await waitFor(() => expect(asked().map(({ searchParams }) => searchParams.get('state'))).toContain('failed'));
});

test('in Korean', async () => {
  serve();
  open({ language: 'ko' });
  expect(await screen.findByText('1단계 기준에 걸려 멈췄습니다')).toBeVisible();
  expect(screen.getAllByText('일시 중지').length).toBeGreaterThan(0);
});

test('who may only read sees why the orders are not possible', async () => {
  serve({
    'GET /api/v1/me': { body: { kind: 'user', id: 'u', name: 'eve', roles: [], scopes: ['rollouts:read'], csrf: 'x' } },
  });
  open();
  const banner = await screen.findByRole('alert');
  expect(await within(banner).findByRole('button', { name: 'Resume' })).toBeDisabled();
});

test('one that does not exist', async () => {
  serve({ [`GET /api/v1/rollouts/${ID}`]: { status: 404, body: { code: 'not_found', detail: 'no rollout' } } });
  open();
  expect(await screen.findByText('This does not exist (any more)')).toBeVisible();
});
