import { Progress, Text, Tooltip } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useLanguage } from '../i18n';
import { formatAgo, formatBytes, formatNumber, formatPercent, formatTime, formatUtc, percentOf } from '../lib/format';
import { useUiTexts } from './i18n';

type Instant = string | number | undefined | null;

/** Local time; UTC (and the full time) on hover. `ago`: "3 minutes ago", which moves on by itself. */
export function TimeText({
  value,
  style = 'full',
  ago = false,
}: {
  value: Instant;
  style?: 'full' | 'short' | 'clock';
  ago?: boolean;
}) {
  useLanguage();
  const t = useUiTexts();
  const [, setTick] = useState(0);
  useEffect(() => {
    if (!ago) return;
    const timer = setInterval(() => setTick((tick) => tick + 1), 15_000);
    return () => clearInterval(timer);
  }, [ago]);
  if (value === undefined || value === null || value === '' || value === 0) return <span>{t('never')}</span>;
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return <span>{String(value)}</span>;
  const utc = formatUtc(date);
  return (
    <Tooltip label={ago ? `${formatTime(date)} · ${utc}` : utc}>
      <time dateTime={date.toISOString()} style={{ whiteSpace: 'nowrap' }}>
        {ago ? formatAgo(date) : formatTime(date, style)}
      </time>
    </Tooltip>
  );
}

export function Bytes({ value }: { value: number }) {
  useLanguage();
  return (
    <span title={`${formatNumber(value)} B`} style={{ whiteSpace: 'nowrap' }}>
      {formatBytes(value)}
    </span>
  );
}

export function Percent({ part, whole }: { part: number; whole: number }) {
  useLanguage();
  return <span>{formatPercent(percentOf(part, whole))}</span>;
}

export interface Share {
  value: number;
  color: string;
  label: string;
}

/** Parts of a whole, with words for readers. The number beside it is rounded down. */
export function ProgressBar({
  shares,
  total,
  label,
  size = 'md',
}: {
  shares: Share[];
  total: number;
  label: string;
  size?: string;
}) {
  useLanguage();
  return (
    // Without a transition: bars that follow a fleet would be painted sixty times a second for the sake of a pixel.
    <Progress.Root size={size} role="group" aria-label={label} transitionDuration={0}>
      {shares
        .filter((share) => share.value > 0)
        .map((share) => (
          <Tooltip key={share.label} label={`${share.label}: ${formatNumber(share.value)}`}>
            <Progress.Section
              value={total > 0 ? (share.value / total) * 100 : 0}
              color={share.color}
              aria-label={`${share.label}: ${formatNumber(share.value)}`}
            />
          </Tooltip>
        ))}
    </Progress.Root>
  );
}

/** A digest, short, whole on hover. */
export function Digest({ value }: { value: string }) {
  return (
    <Text span ff="monospace" size="sm" title={value} style={{ whiteSpace: 'nowrap' }}>
      {value.replace(/^sha256:/, '').slice(0, 12)}
    </Text>
  );
}
