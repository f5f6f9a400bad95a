import { Text, useComputedColorScheme, useMantineTheme, VisuallyHidden } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { formatNumber } from '@/shared/lib/format';
import { useRolloutTexts } from '../i18n';
import { neighbour, pack, positionOf, tileAt, tilesIn, WAVE_HEAD, type Packing } from '../model/packing';
import { DEVICE_STATES } from '../model/states';
import type { Tiles, TileSection } from '../model/tiles';
import { tilePainter, type TileColors } from './paintTiles';
import { tileColors } from './tileColors';
import { pointOf, useLasso, type Lasso, type Point } from './useLasso';

interface Props {
  tiles: Tiles;
  sections: TileSection[];
  onOpen: (device: string) => void;
  /** Devices that a drag went over; without it dragging does nothing. */
  onSelect?: (devices: string[]) => void;
  /** Height that the squares should fit into. */
  most?: number;
}

const KEYS = new Set(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'PageUp', 'PageDown', 'Home', 'End']);
const MOST_SELECTED = 20_000; // as many as an order takes

/** One square per device. One canvas: a change costs the drawing of the squares that differ, whatever their number. */
export function TileMap({ tiles, sections, onOpen, onSelect, most = 420 }: Props) {
  const t = useRolloutTexts();
  const theme = useMantineTheme();
  const scheme = useComputedColorScheme('light');
  const { ref, width } = useElementSize();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [cursor, setCursor] = useState(-1);
  const [hover, setHover] = useState<{ index: number; x: number; y: number } | null>(null);

  const packing = useMemo(() => pack(sections, Math.max(width, 60), most), [sections, width, most]);
  const colors: TileColors = useMemo(() => tileColors(theme, scheme), [theme, scheme]);

  useEffect(() => {
    const painter = canvas.current && tilePainter(canvas.current, Math.max(width, 60), tiles, packing, colors);
    if (!painter) return;
    painter.all();
    let due: (readonly number[])[] = [];
    let frame = 0;
    const stop = tiles.listen((changed) => {
      due.push(changed);
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        due.forEach(painter.some);
        due = [];
      });
    });
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [tiles, packing, colors, width]);

  const describe = (index: number) => {
    const wave = sections.find(({ first, count }) => index < first + count)?.number ?? 0;
    const parts = [tiles.id(index), ...(wave ? [t('tiles.wave', { wave })] : []), t(`device.${tiles.state(index)}`)];
    if (tiles.state(index) === 'downloading') parts.push(`${tiles.percent(index)}%`);
    return parts.join(' · ');
  };
  const open = ({ x, y }: Point) => {
    const index = tileAt(packing, x, y);
    if (index >= 0) onOpen(tiles.id(index));
  };
  const choose = ({ from, to }: Lasso) => {
    const found = tilesIn(packing, from, to, MOST_SELECTED);
    if (found.length) onSelect?.(found.map(tiles.id));
  };
  const lasso = useLasso(open, onSelect && choose);
  const onMove = (event: PointerEvent<HTMLElement>) => {
    if (lasso.move(event)) return;
    const point = pointOf(event);
    const index = tileAt(packing, point.x, point.y);
    if (index !== (hover?.index ?? -1)) setHover(index < 0 ? null : { index, ...point });
  };
  const onKey = (event: KeyboardEvent) => {
    if (KEYS.has(event.key)) {
      event.preventDefault();
      setCursor((at) => neighbour(packing, Math.max(at, 0), at < 0 ? '' : event.key, tiles.size));
    } else if (event.key === 'Enter' && cursor >= 0) {
      event.preventDefault();
      onOpen(tiles.id(cursor));
    }
  };

  const parts = DEVICE_STATES.filter((state) => tiles.count(state) > 0)
    .map((state) => `${t(`device.${state}`)} ${formatNumber(tiles.count(state))}`)
    .join(', ');
  const mark = cursor >= 0 ? positionOf(packing, cursor) : null;
  return (
    <div ref={ref}>
      <div
        role="application"
        aria-roledescription={t('tiles.label')}
        aria-label={t('tiles.summary', { total: formatNumber(tiles.size), parts })}
        title=""
        tabIndex={0}
        style={{
          position: 'relative',
          height: packing.height,
          cursor: hover ? 'pointer' : 'default',
          touchAction: onSelect ? 'none' : undefined,
          userSelect: 'none',
        }}
        onKeyDown={onKey}
        onBlur={() => setCursor(-1)}
        {...lasso.handlers}
        onPointerMove={onMove}
        onPointerLeave={() => setHover(null)}
      >
        <canvas ref={canvas} aria-hidden style={{ display: 'block', width: '100%', height: packing.height }} />
        <WaveNames packing={packing} />
        {mark && <Frame {...mark} width={packing.pitch} height={packing.pitch} color="var(--mantine-color-text)" />}
        {lasso.frame && <Frame {...rectangle(lasso.frame)} color="var(--mantine-primary-color-filled)" />}
        {hover && !lasso.pressed && <Hint x={hover.x} y={hover.y} width={width} text={describe(hover.index)} />}
      </div>
      <Text size="xs" c="dimmed" mt={4}>
        {t(onSelect ? 'tiles.help' : 'tiles.helpOpen')}
      </Text>
      <VisuallyHidden aria-live="polite">{cursor >= 0 ? describe(cursor) : ''}</VisuallyHidden>
    </div>
  );
}

/** For the eye only: each square says its wave by itself. */
function WaveNames({ packing: { sections } }: { packing: Packing }) {
  const t = useRolloutTexts();
  if (sections.length < 2) return null;
  return sections.map(({ number, top }) => (
    <Text
      key={number}
      size="xs"
      c="dimmed"
      aria-hidden
      style={{ position: 'absolute', left: 0, top: top - WAVE_HEAD, pointerEvents: 'none' }}
    >
      {t('tiles.wave', { wave: number })}
    </Text>
  ));
}

function rectangle({ from, to }: Lasso) {
  return {
    x: Math.min(from.x, to.x),
    y: Math.min(from.y, to.y),
    width: Math.abs(to.x - from.x),
    height: Math.abs(to.y - from.y),
  };
}

function Frame({ x, y, width, height, color }: Point & { width: number; height: number; color: string }) {
  return (
    <div
      style={{
        position: 'absolute',
        left: x - 2,
        top: y - 2,
        width: width + 2,
        height: height + 2,
        border: `2px solid ${color}`,
        pointerEvents: 'none',
      }}
    />
  );
}

function Hint({ x, y, width, text }: Point & { width: number; text: string }) {
  const side = x > width / 2 ? { right: width - x + 8 } : { left: x + 12 };
  return (
    <Text
      size="xs"
      px={8}
      py={4}
      style={{
        position: 'absolute',
        ...side,
        top: y + 14,
        zIndex: 5,
        pointerEvents: 'none',
        maxWidth: 320,
        overflowWrap: 'anywhere',
        color: 'var(--mantine-color-body)',
        background: 'var(--mantine-color-text)',
        borderRadius: 4,
      }}
    >
      {text}
    </Text>
  );
}
