import { screen, within } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { renderPage } from '@/shared/testing/render';
import MonitoringPage from '.';
import { gauges, MOST_SAMPLES, parseMetrics, rates, withSample, type Sample } from './metrics';

const TEXT = `# HELP stratus_devices Devices known.
# TYPE stratus_devices gauge
stratus_devices 1234
stratus_next_answers_total{answer="up_to_date"} 7
stratus_store_bytes 1500000
nonsense
`;

test('reads the samples of a metrics page', () => {
  expect([...parseMetrics(TEXT)]).toEqual([
    ['stratus_devices', 1234],
    ['stratus_next_answers_total{answer="up_to_date"}', 7],
    ['stratus_store_bytes', 1_500_000],
  ]);
});

test('rates have gaps where the server began anew; old samples go', () => {
  const at = (time: number, value: number): Sample => ({ time, values: new Map([['n', value]]) });
  const samples = [at(0, 10), at(5, 20), at(10, 3), at(15, 3)];
  expect(rates(samples, 'n')).toEqual([null, 2, null, 0]);
  expect(rates(samples, 'other')).toEqual([null, null, null, null]);
  expect(gauges(samples, 'n')).toEqual([10, 20, 3, 3]);
  let many: Sample[] = [];
  for (let time = 0; time < MOST_SAMPLES + 5; time++) many = withSample(many, at(time, time));
  expect(many).toHaveLength(MOST_SAMPLES);
  expect(many[0]?.time).toBe(5);
});

const answerWith = (health: string, status = 200, alerts: unknown[] = []) =>
  vi.stubGlobal('fetch', async (asked: string | Request) => {
    if (typeof asked !== 'string') return Response.json({ alerts });
    return new Response(asked === '/metrics' ? TEXT : health, { status: asked === '/metrics' ? 200 : status });
  });

test('shows figures and says that the server is well, with its warnings', async () => {
  answerWith('ok\nwarning: the root key is online\n');
  renderPage(<MonitoringPage />);
  expect(await screen.findByText('1,234')).toBeInTheDocument();
  expect(screen.getByText('1.5 MB')).toBeInTheDocument();
  expect(await screen.findByText('The server is well')).toBeInTheDocument();
  expect(screen.getByText('warning: the root key is online')).toBeInTheDocument();
});

test('lists what raises an alert, and which are raised now', async () => {
  answerWith('ok\n', 200, [
    { code: 'gateways_away', severity: 'warning', count: 2, detail: '' },
    { code: 'rollout_halted', severity: 'error', count: 3, detail: '', object: 'rollout:01A' },
    { code: 'rollout_halted', severity: 'error', count: 4, detail: '', object: 'rollout:01B' },
  ]);
  renderPage(<MonitoringPage />);
  const row = async (name: RegExp) => within(await screen.findByRole('row', { name }));
  expect((await row(/^Gateways are away/)).getByText('raised (2)')).toBeInTheDocument();
  const halted = await row(/^A rollout was halted/);
  expect(halted.getByText('raised (2)')).toBeInTheDocument();
  expect(halted.getByRole('link', { name: 'Show' })).toHaveAttribute('href', '/rollouts/01A');
  expect((await row(/^The database takes no writes/)).getByText('quiet')).toBeInTheDocument();
});

test('a server without its database is not well, in Korean', async () => {
  answerWith('the database takes no writes\n', 503);
  renderPage(<MonitoringPage />, { language: 'ko' });
  expect(await screen.findByText('서버에 문제가 있습니다')).toBeInTheDocument();
  expect(screen.getByText('the database takes no writes')).toBeInTheDocument();
});
