import { en } from '../i18n';
import { formatTime, formatUtc } from '@/shared/lib/format';

type Key = keyof typeof en.why.detail;
export interface WhyDetail {
  key: Key;
  values: Record<string, string>;
  /** UTC of the times in it, for those who point at it. */
  utc: string;
}

/** Sentences that say what the headline says already. */
const SILENT = new Set([
  'it is registered',
  'updates are given to it',
  'it has an identity',
  'it is online',
  'it can run the release',
  'its maintenance window is open',
  'no other rollout is updating it',
]);

/** The server's sentences (src/stratus/server/device_why.cpp) by what they say. */
const SENTENCES: [RegExp, Key][] = [
  [/^no such device is registered$/, 'unknown'],
  [/^it is set inactive/, 'inactive'],
  [/^it was shut out/, 'shutOut'],
  [/^it is not enrolled/, 'notEnrolled'],
  [/^its certificate is good until (?<time>\S+)$/, 'certificateGood'],
  [/^its certificate ended on (?<time>\S+)$/, 'certificateEnded'],
  [/^heard last at (?<time>\S+)$/, 'heard'],
  [/^it has never been heard of$/, 'neverHeard'],
  [/^it is offline;/, 'offline'],
  [/^it has not said which image it follows$/, 'noImage'],
  [/^it follows (?<name>.+)$/, 'follows'],
  [/^(?<name>.+) has no target, and no rollout covers the device$/, 'noTarget'],
  [/^a rollout wants (?<release>.+) of it$/, 'rolloutWants'],
  [/^the target of (?<name>.+) is (?<release>.+)$/, 'targetIs'],
  [/^differences to older versions/, 'deltas'],
  [/^it is in wave (?<wave>\d+), no wave is open$/, 'noWave'],
  [/^it is in wave (?<wave>\d+), wave (?<open>\d+) is open$/, 'wave'],
  [/^outside the maintenance window/, 'window'],
  [/^another rollout is updating it$/, 'busy'],
  [/^it is \w+ after (?<made>\d+) of (?<all>\d+) attempts$/, 'attemptsOver'],
  [/^its next attempt is at (?<time>\S+)$/, 'nextAttempt'],
  [/^attempt (?<made>\d+) of (?<all>\d+)$/, 'attempt'],
  [/^its turn comes by/, 'rate'],
  [/^it may have the release; it has not asked yet$/, 'mayHave'],
  [/^it said \w+: (?<reason>.*) about this release$/s, 'said'],
  [/^it has committed no version yet .*, (?<release>.+) is wanted$/, 'noneCommitted'],
  [/^it runs (?<runs>.+), (?<release>.+) is wanted$/, 'runs'],
];

/** In parts that can be said in any language; null: nothing to add, or words that this console does not know. */
export function whyDetail(detail: string): WhyDetail | 'silent' | null {
  if (SILENT.has(detail)) return 'silent';
  for (const [pattern, key] of SENTENCES) {
    const found = pattern.exec(detail);
    if (!found) continue;
    const values: Record<string, string> = { ...found.groups };
    const time = values['time'];
    if (time) values['time'] = formatTime(time);
    return { key, values, utc: time ? formatUtc(time) : '' };
  }
  return null;
}
