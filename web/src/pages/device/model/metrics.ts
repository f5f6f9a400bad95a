import type { MetricPoint } from '@/entities/device/api/deviceParts';

export interface MetricSeries {
  name: string;
  times: number[]; // seconds
  values: number[];
  last: number;
  /** What there is in all, of a series that says how much is used. */
  whole?: number;
  unit: 'bytes' | 'percent' | 'celsius' | 'seconds' | 'dbm' | 'number';
}

const UNITS: [RegExp, MetricSeries['unit']][] = [
  [/bytes|_b$|^(memory|disk)_(total|used|free)$|^network_(received|sent)$/, 'bytes'],
  [/percent|_pct$|ratio/, 'percent'],
  [/temp|celsius|_c$/, 'celsius'],
  [/uptime|_s$|seconds/, 'seconds'],
  [/rssi|dbm/, 'dbm'],
];
/** What an operator looks at first (B38); the rest by name. */
const FIRST = ['cpu', 'mem', 'disk', 'temp', 'net', 'rssi'];
const MOST_POINTS = 600;

export function unitOf(name: string): MetricSeries['unit'] {
  return UNITS.find(([pattern]) => pattern.test(name))?.[1] ?? 'number';
}

const rank = (name: string) => {
  const at = FIRST.findIndex((word) => name.includes(word));
  return at < 0 ? FIRST.length : at;
};

/** One series for every number that the device sends. Of many points the largest of each stretch is kept: peaks stay. */
export function metricSeries(points: readonly MetricPoint[]): MetricSeries[] {
  const series = new Map<string, MetricSeries>();
  for (const { time_ms, values } of points) {
    for (const [name, value] of Object.entries(values)) {
      let one = series.get(name);
      if (!one) series.set(name, (one = { name, times: [], values: [], last: 0, unit: unitOf(name) }));
      const seconds = time_ms / 1000;
      if (one.times.length && seconds <= one.times[one.times.length - 1]!) continue; // uPlot needs growing times
      one.times.push(seconds);
      one.values.push(value);
      one.last = value;
    }
  }
  for (const [name, one] of series) {
    const total = series.get(name.replace(/_used$/, '_total'));
    if (!total || total === one) continue;
    one.whole = total.last;
    series.delete(total.name);
  }
  return [...series.values()].map(thin).sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name));
}

function thin(series: MetricSeries): MetricSeries {
  const step = Math.ceil(series.times.length / MOST_POINTS);
  if (step <= 1) return series;
  const times: number[] = [];
  const values: number[] = [];
  for (let at = 0; at < series.times.length; at += step) {
    times.push(series.times[at]!);
    values.push(Math.max(...series.values.slice(at, at + step)));
  }
  return { ...series, times, values };
}
