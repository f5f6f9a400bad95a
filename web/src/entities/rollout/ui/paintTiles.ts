import type { Packing } from '../model/packing';
import { positionOf } from '../model/packing';
import { DEVICE_STATES } from '../model/states';
import type { Tiles } from '../model/tiles';

export interface TileColors {
  states: readonly string[]; // by code of the state, as #rrggbb
  track: string; // behind a download that is under way
  mark: string;
  text: string;
}

/** Draws squares; a square that looks as before costs a comparison. */
export interface TilePainter {
  all(): void;
  some(changed: readonly number[]): void;
}

const DOWNLOADING = DEVICE_STATES.indexOf('downloading');
/** States that a colour-blind eye must find too: a stroke through the square. */
const STRUCK = new Set(['failed', 'timeout', 'rolled_back'].map((state) => DEVICE_STATES.indexOf(state as 'failed')));
/** Smaller squares are one colour each, and are written as pixels. */
const MIN_DRAWN = 6;
const UNSEEN = 0xffff;

/** A painter for this canvas, as fine as the screen. Null where nothing can be drawn (tests without a canvas). */
export function tilePainter(
  canvas: HTMLCanvasElement,
  width: number,
  tiles: Tiles,
  packing: Packing,
  colors: TileColors,
): TilePainter | null {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(packing.height * ratio));
  const context = canvas.getContext('2d');
  if (!context) return null;
  if (packing.side < MIN_DRAWN) return pixelPainter(context, tiles, packing, colors, ratio);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return shapePainter(context, tiles, packing, colors);
}

function shapePainter(
  context: CanvasRenderingContext2D,
  tiles: Tiles,
  packing: Packing,
  colors: TileColors,
): TilePainter {
  const { side } = packing;
  const shown = new Uint16Array(tiles.size).fill(UNSEEN);
  const draw = (index: number) => {
    const code = tiles.code(index);
    const percent = code === DOWNLOADING ? tiles.percent(index) : 0;
    // The number is written in large squares only; in others a few percent are less than a pixel.
    const filled = Math.floor((side * percent) / 100);
    const look = (code << 8) | (side >= 26 ? percent : filled);
    if (shown[index] === look) return;
    shown[index] = look;
    const { x, y } = positionOf(packing, index);
    context.fillStyle = code === DOWNLOADING ? colors.track : colors.states[code]!;
    context.fillRect(x, y, side, side);
    if (code === DOWNLOADING) {
      context.fillStyle = colors.states[code]!;
      context.fillRect(x, y + side - filled, side, filled);
      if (side >= 26) write(context, String(percent), x + side / 2, y + side / 2 + 1, side, colors.text);
    } else if (STRUCK.has(code)) {
      strike(context, x, y, side, colors.mark);
    }
  };
  const some = (changed: readonly number[]) => changed.forEach(draw);
  return {
    some,
    all: () => {
      for (let index = 0; index < tiles.size; index++) draw(index);
    },
  };
}

function write(context: CanvasRenderingContext2D, text: string, x: number, y: number, side: number, color: string) {
  context.fillStyle = color;
  context.font = `${Math.round(side / 2.8)}px sans-serif`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(text, x, y);
}

function strike(context: CanvasRenderingContext2D, x: number, y: number, side: number, color: string) {
  context.strokeStyle = color;
  context.lineWidth = Math.max(1, side / 10);
  context.beginPath();
  context.moveTo(x + side * 0.22, y + side * 0.78);
  context.lineTo(x + side * 0.78, y + side * 0.22);
  context.stroke();
}

/**
 * Thousands of small squares: each change writes a few pixels into one picture, and each frame hands over the rows
 * between the first and the last that differ. Ten thousand calls of the canvas cost a hundred times as much.
 */
function pixelPainter(
  context: CanvasRenderingContext2D,
  tiles: Tiles,
  packing: Packing,
  colors: TileColors,
  ratio: number,
): TilePainter {
  const { width, height } = context.canvas;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const inks = colors.states.map(pixelOf);
  const shown = new Uint8Array(tiles.size).fill(0xff);
  const side = Math.max(1, Math.round(packing.side * ratio));
  let top = height;
  let bottom = 0;
  const put = (index: number, section: Packing['sections'][number]) => {
    const code = tiles.code(index);
    if (shown[index] === code) return;
    shown[index] = code;
    const within = index - section.first;
    const row = Math.floor(within / packing.columns);
    const left = Math.round((within - row * packing.columns) * packing.pitch * ratio);
    const from = Math.round((section.top + row * packing.pitch) * ratio);
    const to = Math.min(height, from + side);
    for (let y = from; y < to; y++)
      pixels.fill(inks[code]!, y * width + left, y * width + Math.min(left + side, width));
    if (from < top) top = from;
    if (to > bottom) bottom = to;
  };
  const show = () => {
    if (bottom > top) context.putImageData(image, 0, 0, 0, top, width, bottom - top);
    top = height;
    bottom = 0;
  };
  return {
    all: () => {
      for (const section of packing.sections) {
        for (let index = section.first; index < section.first + section.count; index++) put(index, section);
      }
      show();
    },
    some: (changed) => {
      let section = packing.sections[0]!;
      for (const index of changed) {
        if (index < section.first || index >= section.first + section.count) {
          section = packing.sections.find(({ first, count }) => index < first + count) ?? section;
        }
        put(index, section);
      }
      show();
    },
  };
}

/** "#rrggbb" as the canvas keeps it: bytes red, green, blue, opaque, read as one little-endian number. */
export function pixelOf(color: string): number {
  const found = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color);
  const [red, green, blue] = found ? found.slice(1).map((digits) => parseInt(digits, 16)) : [0x88, 0x88, 0x88];
  return ((0xff << 24) | (blue! << 16) | (green! << 8) | red!) >>> 0;
}
