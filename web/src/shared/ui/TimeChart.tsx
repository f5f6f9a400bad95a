import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useLanguage } from '../i18n';
import { formatTime } from '../lib/format';
import { useUiTexts } from './i18n';

export interface Series {
  label: string;
  color: string; // a CSS colour
  fill?: string;
  values: (number | null)[];
}

interface Props {
  /** Seconds since 1970, ascending. */
  times: number[];
  series: Series[];
  format: (value: number) => string;
  label: string;
  height?: number;
  /** A fixed scale, for percentages; otherwise it follows the values. */
  range?: [number, number];
  /** Values that come in whole numbers only: no marks between them. */
  whole?: boolean;
}

const INK = { light: { text: '#42484f', grid: '#e3e6ea' }, dark: { text: '#c1c7cd', grid: '#3a3d42' } };
const DAY_S = 86_400;
const WHOLE = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

/** Values over time. uPlot keeps colours and language of its beginning, so it is made anew when either changes. */
export function TimeChart({ times, series, format, label, height = 160, range, whole = false }: Props) {
  const scheme = useComputedColorScheme('light');
  const language = useLanguage();
  const t = useUiTexts();
  const { ref, width } = useElementSize();
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const look = `${scheme} ${language} ${series.map((one) => one.label + one.color).join()} ${range?.join()} ${height}`;
  const newest = useRef({ times, series, format });
  useEffect(() => {
    newest.current = { times, series, format };
  });

  useEffect(() => {
    if (!place.current || width === 0) return;
    const { text, grid } = INK[scheme];
    const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
    const long = (ticks: number[]) => (ticks.at(-1) ?? 0) - (ticks[0] ?? 0) > DAY_S;
    // The legend has the newest values as long as nobody points at others.
    const showNewest = (plot: uPlot) => {
      const last = plot.data[0].length - 1;
      if ((plot.cursor.idx ?? null) === null && last >= 0) plot.setLegend({ idx: last });
    };
    const made = new uPlot(
      {
        width,
        height,
        legend: { show: series.length > 1 },
        padding: [8, 28, 0, 0], // the last time of the axis is as wide as two thirds of it
        cursor: { y: false },
        hooks: { ready: [showNewest], draw: [showNewest], setCursor: [showNewest] },
        scales: { y: { range: range ?? ((_, low, high) => [Math.min(0, low), high > low ? high * 1.1 : high + 1]) } },
        axes: [
          {
            ...axis,
            space: 80,
            values: (_, ticks) => ticks.map((tick) => formatTime(tick * 1000, long(ticks) ? 'short' : 'clock')),
          },
          {
            ...axis,
            size: 70,
            ...(whole && { incrs: WHOLE }),
            values: (_, ticks) => ticks.map((tick) => newest.current.format(tick)),
          },
        ],
        series: [
          {
            label: t('time'),
            value: (plot, value) =>
              value ? formatTime(value * 1000, long([...plot.data[0]]) ? 'short' : 'clock') : '',
          },
          ...series.map((one) => ({
            label: one.label,
            stroke: one.color,
            fill: one.fill,
            width: 2,
            points: { show: false },
            value: (_: uPlot, value: number | null) =>
              value === null || value === undefined ? '–' : newest.current.format(value),
          })),
        ],
      },
      [newest.current.times, ...newest.current.series.map((one) => one.values)],
      place.current,
    );
    chart.current = made;
    return () => {
      chart.current = null;
      made.destroy();
    };
    // Series enter by their looks only: their values are put in below.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [look, width]);

  useEffect(() => {
    chart.current?.setData([times, ...series.map((one) => one.values)]);
  }, [times, series]);

  return (
    <div ref={ref}>
      <div ref={place} role="img" aria-label={label} style={{ minHeight: height }} />
    </div>
  );
}
