import type { Device } from '@/entities/device/api/listDevices';

const COLUMNS: [string, (device: Device) => string][] = [
  ['id', (device) => device.id],
  ['label', (device) => device.label],
  ['state', (device) => device.state],
  ['reason', (device) => device.reason ?? ''],
  ['image', (device) => device.name],
  ['running_version', (device) => device.running_version ?? ''],
  ['target_version', (device) => device.target_version ?? ''],
  ['region', (device) => device.region?.code ?? ''],
  ['group', (device) => device.group?.code ?? ''],
  ['kind', (device) => device.kind],
  ['hardware', (device) => device.hardware ?? ''],
  ['active', (device) => (device.active ? 'yes' : 'no')],
  ['last_seen', (device) => (device.last_seen_ms ? new Date(device.last_seen_ms).toISOString() : '')],
  [
    'tags',
    (device) =>
      Object.entries(device.tags)
        .map(([key, value]) => `${key}=${value}`)
        .join(' '),
  ],
];

/** A cell as RFC 4180 has it. Devices choose their texts: one that a spreadsheet would calculate gets a quote before it. */
export function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function devicesCsv(devices: readonly Device[]): string {
  const lines = [
    COLUMNS.map(([name]) => name),
    ...devices.map((device) => COLUMNS.map(([, cell]) => csvCell(cell(device)))),
  ];
  // The byte order mark lets spreadsheets read Korean.
  return `\ufeff${lines.map((line) => line.join(',')).join('\r\n')}\r\n`;
}
