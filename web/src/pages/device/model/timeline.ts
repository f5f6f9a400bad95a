import type { DeviceEventRow } from '@/entities/device/api/deviceParts';
import type { Answer } from '@/shared/api/client';

type Update = Answer<'getFirmwareHistory'>['history'][number];
type RolloutEnd = Answer<'listDeviceRollouts'>['items'][number];

export interface Moment {
  key: string;
  at: string;
  kind: 'update' | 'rollout' | 'event';
  /** Word of the interface: an outcome, a device's state in a rollout, a topic. */
  word: string;
  what: string; // "site/app 2"
  detail: string;
  rollout?: string;
  /** A message about what another moment tells already. */
  told?: boolean;
}

const TOLD = /^(update|firmware\/download)\/(request\/ack|progress|result|cancel\/ack)$/;
const LOGS = new Set(['log', 'status/error_log']);

/** One line for what a device said: its texts and numbers, whatever they are. */
export function bodyLine(body: unknown): string {
  if (typeof body !== 'object' || body === null) return '';
  return Object.entries(body)
    .filter(([key]) => key !== 'seq' && key !== 'time_ms' && key !== 'signature' && key !== 'report')
    .map(([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(' ');
}

/** Everything that happened to a device, newest first. Log lines have a place of their own. */
export function timeline(
  updates: readonly Update[],
  rollouts: readonly RolloutEnd[],
  events: readonly DeviceEventRow[],
): Moment[] {
  const moments: Moment[] = [
    ...updates.map((one, index) => ({
      key: `u${index}`,
      at: one.at,
      kind: 'update' as const,
      word: one.outcome,
      what: `${one.name} ${one.version}`,
      detail: one.reason,
    })),
    ...rollouts.map((one, index) => ({
      key: `r${index}`,
      at: one.ended_at,
      kind: 'rollout' as const,
      word: one.outcome,
      what: `${one.name} ${one.from_version ? `${one.from_version} → ` : ''}${one.version}`,
      detail: one.cause ?? '',
      rollout: one.rollout,
    })),
    ...events
      .filter((one) => !LOGS.has(one.kind))
      .map((one) => ({
        key: `e${one.id}`,
        at: one.received,
        kind: 'event' as const,
        word: one.kind,
        what: one.kind,
        detail: bodyLine(one.body),
        told: TOLD.test(one.kind),
      })),
  ];
  return moments.sort((a, b) => Date.parse(b.at) - Date.parse(a.at) || a.key.localeCompare(b.key));
}
