import { currentLanguage } from '../i18n';

const cache = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>();
function kept<T extends Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>(
  key: string,
  make: (language: string) => T,
): T {
  const language = currentLanguage();
  const name = `${language} ${key}`;
  if (!cache.has(name)) cache.set(name, make(language));
  return cache.get(name) as T;
}

export function formatNumber(value: number, digits = 0): string {
  return kept(`n${digits}`, (language) => new Intl.NumberFormat(language, { maximumFractionDigits: digits })).format(
    value,
  );
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** 1 kB is 1,000 bytes. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.96 MB would read "1,000.0 MB".
  while (Math.abs(value) >= (unit === 0 ? 1000 : 999.95) && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${formatNumber(value, unit === 0 || Math.abs(value) >= 100 ? 0 : 1)} ${UNITS[unit]}`;
}

/** Whole percent, rounded down: 100 only when all are done; and never 0 when there is something is not promised. */
export function percentOf(part: number, whole: number): number {
  if (whole <= 0) return 0;
  return Math.max(0, Math.min(100, Math.floor((part * 100) / whole)));
}

export function formatPercent(percent: number): string {
  return `${formatNumber(Math.floor(percent))}%`;
}

const DAY: Intl.DateTimeFormatOptions = { month: 'short', day: 'numeric' };
const MINUTE: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' };
const TIME_STYLES = {
  full: { year: 'numeric', ...DAY, ...MINUTE, second: '2-digit' },
  year: { year: 'numeric', ...DAY, ...MINUTE },
  short: { ...DAY, ...MINUTE },
  clock: { ...MINUTE, second: '2-digit' },
  minute: MINUTE,
} satisfies Record<string, Intl.DateTimeFormatOptions>;

/** `short` has no seconds, and the year only when it is another than now: what ends next year must not read as this one. */
export function formatTime(
  time: string | number | Date,
  style: 'full' | 'short' | 'clock' | 'minute' = 'full',
  now = new Date(),
): string {
  const date = new Date(time);
  const name = style === 'short' && date.getFullYear() !== now.getFullYear() ? 'year' : style;
  const options: Intl.DateTimeFormatOptions = { ...TIME_STYLES[name], hourCycle: 'h23' };
  return kept(`t${name}`, (language) => new Intl.DateTimeFormat(language, options)).format(date);
}

export function formatUtc(time: string | number | Date): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime())
    ? ''
    : date
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, ' UTC');
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** "3 minutes ago", "in 2 days". */
export function formatAgo(time: string | number | Date, now = Date.now()): string {
  const seconds = Math.round((new Date(time).getTime() - now) / 1000);
  const [unit, size] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1];
  return kept('r', (language) => new Intl.RelativeTimeFormat(language, { numeric: 'auto' })).format(
    Math.trunc(seconds / size),
    unit,
  );
}

/** "2 d 3 h", "4 min 10 s": the two largest units. */
export function formatDuration(milliseconds: number): string {
  const labels = currentLanguage() === 'ko' ? ['일', '시간', '분', '초'] : [' d', ' h', ' min', ' s'];
  let rest = Math.max(0, Math.floor(milliseconds / 1000));
  const parts: string[] = [];
  STEPS.forEach(([, size], index) => {
    const amount = Math.floor(rest / size);
    rest %= size;
    if (amount > 0) parts.push(`${formatNumber(amount)}${labels[index]}`);
  });
  return parts.slice(0, 2).join(' ') || `0${labels[3]}`;
}
