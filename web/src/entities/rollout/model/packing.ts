import type { TileSection } from './tiles';

/** Where each square lies: waves one below the other, several with room for their names, rows filled from the left. All in CSS pixels. */
export interface Packing {
  pitch: number; // of a square with the gap behind it
  side: number;
  columns: number;
  sections: (TileSection & { top: number; rows: number })[];
  height: number;
}

const PITCHES = [34, 28, 22, 18, 15, 12, 10, 8, 7, 6, 5, 4, 3];
const WAVE_GAP = 6;
/** Height of a wave's name above its squares. */
export const WAVE_HEAD = 18;

const headOf = (waves: readonly TileSection[]) => (waves.length > 1 ? WAVE_HEAD : 0);

function place(waves: readonly TileSection[], width: number, pitch: number): Packing {
  const columns = Math.max(1, Math.floor(width / pitch));
  const head = headOf(waves);
  let top = head;
  const sections = waves.map((wave) => {
    const rows = Math.ceil(wave.count / columns);
    const section = { ...wave, top, rows };
    top += rows * pitch + WAVE_GAP + head;
    return section;
  });
  const side = pitch >= 8 ? pitch - 2 : pitch >= 4 ? pitch - 1 : pitch;
  return { pitch, side, columns, sections, height: Math.max(0, top - WAVE_GAP - head) };
}

/** The largest squares that fit into `most` of height, names not counted; the smallest when none do. */
export function pack(waves: readonly TileSection[], width: number, most: number): Packing {
  for (const pitch of PITCHES) {
    const packing = place(waves, width, pitch);
    if (packing.height - headOf(waves) * waves.length <= most) return packing;
  }
  return place(waves, width, PITCHES[PITCHES.length - 1]!);
}

export function positionOf(packing: Packing, index: number): { x: number; y: number } {
  const section = packing.sections.find(({ first, count }) => index < first + count) ?? packing.sections[0]!;
  const within = index - section.first;
  return {
    x: (within % packing.columns) * packing.pitch,
    y: section.top + Math.floor(within / packing.columns) * packing.pitch,
  };
}

/** The square at a point, or -1 between and beside them. */
export function tileAt(packing: Packing, x: number, y: number): number {
  const column = Math.floor(x / packing.pitch);
  if (x < 0 || column >= packing.columns) return -1;
  for (const { first, count, top, rows } of packing.sections) {
    if (y < top || y >= top + rows * packing.pitch) continue;
    const within = Math.floor((y - top) / packing.pitch) * packing.columns + column;
    return within < count ? first + within : -1;
  }
  return -1;
}

/** All squares that a rectangle touches (lasso); `most` bounds the answer. */
export function tilesIn(
  packing: Packing,
  from: { x: number; y: number },
  to: { x: number; y: number },
  most: number,
): number[] {
  const [left, right] = from.x < to.x ? [from.x, to.x] : [to.x, from.x];
  const [upper, lower] = from.y < to.y ? [from.y, to.y] : [to.y, from.y];
  const firstColumn = Math.max(0, Math.floor(left / packing.pitch));
  const lastColumn = Math.min(packing.columns - 1, Math.floor(right / packing.pitch));
  const found: number[] = [];
  for (const { first, count, top, rows } of packing.sections) {
    const firstRow = Math.max(0, Math.floor((upper - top) / packing.pitch));
    const lastRow = Math.min(rows - 1, Math.floor((lower - top) / packing.pitch));
    for (let row = firstRow; row <= lastRow; row++) {
      for (let column = firstColumn; column <= lastColumn; column++) {
        const within = row * packing.columns + column;
        if (within >= count) break;
        if (found.length === most) return found;
        found.push(first + within);
      }
    }
  }
  return found;
}

/** The square that an arrow key leads to from `index`. */
export function neighbour(packing: Packing, index: number, key: string, size: number): number {
  const steps: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -packing.columns,
    ArrowDown: packing.columns,
    PageUp: -packing.columns * 10,
    PageDown: packing.columns * 10,
    Home: -size,
    End: size,
  };
  return Math.max(0, Math.min(size - 1, index + (steps[key] ?? 0)));
}
