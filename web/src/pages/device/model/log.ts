import type { DeviceEventRow } from '@/entities/device/api/deviceParts';
import { bodyLine } from './timeline';

export interface LogLine {
  key: string;
  at: string | number;
  level: string;
  component: string;
  message: string;
}

const text = (value: unknown) => (typeof value === 'string' ? value : '');

/** A message may hold one entry or many (docs/formats/mqtt.md). Newest first, within a message too. */
export function logLines(rows: readonly DeviceEventRow[]): LogLine[] {
  return rows.flatMap((row) => {
    const body = row.body as Record<string, unknown>;
    const entries = Array.isArray(body['entries']) ? (body['entries'] as unknown[]) : [body];
    return entries
      .map((entry, index): LogLine => {
        const one = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, unknown>;
        return {
          key: `${row.id}.${index}`,
          at: typeof one['time_ms'] === 'number' ? one['time_ms'] : row.time,
          level: text(one['level']) || (row.kind === 'status/error_log' ? 'error' : 'info'),
          component: text(one['component']),
          message: text(one['message']) || bodyLine(one),
        };
      })
      .reverse();
  });
}
