import { Text } from '@mantine/core';
import { formatBytes, formatNumber } from '@/shared/lib/format';
import { useTexts } from '../i18n';
import type { Gateway } from '../model';

const ROW = 64;
const MOST = 12;
const WIDTH = 860;

/** Server → gateways → devices; the lines are as thick as the bytes that went over them. The cards below say it in words. */
export function Topology({ gateways, direct }: { gateways: readonly Gateway[]; direct?: number }) {
  const t = useTexts();
  const shown = gateways.slice(0, MOST);
  const rows = shown.length + (direct ? 1 : 0);
  const height = Math.max(1, rows) * ROW + 16;
  const most = Math.max(1, ...shown.map(({ bytes }) => Math.max(bytes.received, bytes.sent)));
  const thick = (bytes: number) => 1 + 11 * Math.sqrt(bytes / most);
  const middle = height / 2;
  const directY = shown.length * ROW + ROW / 2 + 8;
  return (
    <div style={{ overflowX: 'auto' }} tabIndex={0} role="region" aria-label={t('topology')}>
      <svg
        width={WIDTH}
        height={height}
        viewBox={`0 0 ${WIDTH} ${height}`}
        role="img"
        aria-label={`${t('topology')}: ${shown.map((one) => `${one.id} ${formatNumber(one.devices)}`).join(', ')}`}
      >
        {shown.map((one, index) => {
          const y = index * ROW + ROW / 2 + 8;
          const color = one.online ? 'var(--mantine-color-blue-5)' : 'var(--mantine-color-gray-5)';
          const dash = one.online ? undefined : '6 5';
          return (
            <g key={one.id}>
              <path
                d={`M150 ${middle} C 230 ${middle}, 230 ${y}, 310 ${y}`}
                fill="none"
                stroke={color}
                strokeWidth={thick(one.bytes.received)}
                strokeDasharray={dash}
                opacity={0.7}
              />
              <path
                d={`M510 ${y} H 690`}
                stroke={color}
                strokeWidth={thick(one.bytes.sent)}
                strokeDasharray={dash}
                opacity={0.7}
              />
              <text x={600} y={y - 10} textAnchor="middle" fontSize={11} fill="var(--mantine-color-dimmed)">
                {formatBytes(one.bytes.sent)}
              </text>
              <text x={268} y={y - 10} textAnchor="middle" fontSize={11} fill="var(--mantine-color-dimmed)">
                {formatBytes(one.bytes.received)}
              </text>
              <Box x={310} y={y - 20} width={200} text={one.id} />
              <Box x={690} y={y - 20} width={150} text={t('devices', { count: one.devices })} />
            </g>
          );
        })}
        {direct !== undefined && direct > 0 && (
          <g>
            <path
              d={`M150 ${middle} C 230 ${middle}, 230 ${directY}, 310 ${directY} H 690`}
              fill="none"
              stroke="var(--mantine-color-gray-5)"
            />
            <text x={600} y={directY - 10} textAnchor="middle" fontSize={11} fill="var(--mantine-color-dimmed)">
              {t('direct')}
            </text>
            <Box x={690} y={directY - 20} width={150} text={t('devices', { count: direct })} />
          </g>
        )}
        <Box x={10} y={middle - 20} width={140} text={t('server')} />
      </svg>
      {gateways.length > MOST && (
        <Text size="xs" c="dimmed">
          +{formatNumber(gateways.length - MOST)}
        </Text>
      )}
    </div>
  );
}

function Box({ x, y, width, text }: { x: number; y: number; width: number; text: string }) {
  const most = Math.floor(width / 8);
  const short = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  return (
    <g>
      <rect
        x={x}
        y={y}
        width={width}
        height={40}
        rx={6}
        fill="var(--mantine-color-body)"
        stroke="var(--mantine-color-default-border)"
      />
      <text
        x={x + width / 2}
        y={y + 25}
        textAnchor="middle"
        fontSize={13}
        fontWeight={600}
        fill="var(--mantine-color-text)"
      >
        <title>{text}</title>
        {short}
      </text>
    </g>
  );
}
