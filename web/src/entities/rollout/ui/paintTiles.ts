import { positionOf, type Packing } from '../model/packing';
import { DEVICE_STATES } from '../model/states';
import type { Tiles } from '../model/tiles';

export interface TileColors {
  states: readonly string[]; // by code of the state
  track: string; // behind a download that is under way
  mark: string;
  text: string;
}

const DOWNLOADING = DEVICE_STATES.indexOf('downloading');
/** States that a colour-blind eye must find too: a stroke through the square. */
const STRUCK = new Set(['failed', 'timeout', 'rolled_back'].map((state) => DEVICE_STATES.indexOf(state as 'failed')));

/** Makes the canvas as fine as the screen. Null where there is none (tests without a canvas). */
export function sharpen(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.max(1, Math.round(height * ratio));
  const context = canvas.getContext('2d', { alpha: true });
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

function drawOne(
  context: CanvasRenderingContext2D,
  tiles: Tiles,
  { side }: Packing,
  colors: TileColors,
  index: number,
  x: number,
  y: number,
) {
  const code = tiles.code(index);
  if (code === DOWNLOADING && side >= 6) {
    const filled = Math.floor((side * tiles.percent(index)) / 100);
    context.fillStyle = colors.track;
    context.fillRect(x, y, side, side);
    context.fillStyle = colors.states[code]!;
    context.fillRect(x, y + side - filled, side, filled);
    if (side >= 26) {
      context.fillStyle = colors.text;
      context.font = `${Math.round(side / 2.8)}px sans-serif`;
      context.textAlign = 'center';
      context.textBaseline = 'middle';
      context.fillText(String(tiles.percent(index)), x + side / 2, y + side / 2 + 1);
    }
    return;
  }
  context.fillStyle = colors.states[code]!;
  context.fillRect(x, y, side, side);
  if (side >= 6 && STRUCK.has(code)) {
    context.strokeStyle = colors.mark;
    context.lineWidth = Math.max(1, side / 10);
    context.beginPath();
    context.moveTo(x + side * 0.22, y + side * 0.78);
    context.lineTo(x + side * 0.78, y + side * 0.22);
    context.stroke();
  }
}

export function drawSome(
  context: CanvasRenderingContext2D,
  tiles: Tiles,
  packing: Packing,
  colors: TileColors,
  changed: readonly number[],
) {
  for (const index of changed) {
    const { x, y } = positionOf(packing, index);
    context.clearRect(x, y, packing.side, packing.side);
    drawOne(context, tiles, packing, colors, index, x, y);
  }
}

export function drawAll(context: CanvasRenderingContext2D, tiles: Tiles, packing: Packing, colors: TileColors) {
  const { columns, pitch, side } = packing;
  context.clearRect(0, 0, columns * pitch + pitch, packing.height);
  for (const { first, count, top } of packing.sections) {
    if (side < 6) {
      drawByState(context, tiles, packing, colors, first, count, top);
      continue;
    }
    for (let within = 0; within < count; within++) {
      const x = (within % columns) * pitch;
      const y = top + Math.floor(within / columns) * pitch;
      drawOne(context, tiles, packing, colors, first + within, x, y);
    }
  }
}

function drawByState(
  context: CanvasRenderingContext2D,
  tiles: Tiles,
  packing: Packing,
  colors: TileColors,
  first: number,
  count: number,
  top: number,
) {
  const { columns, pitch, side } = packing;
  // By state, so that the colour is set twelve times and not 100,000 times.
  for (let code = 0; code < colors.states.length; code++) {
    context.fillStyle = colors.states[code]!;
    for (let within = 0; within < count; within++) {
      if (tiles.code(first + within) !== code) continue;
      context.fillRect((within % columns) * pitch, top + Math.floor(within / columns) * pitch, side, side);
    }
  }
}
