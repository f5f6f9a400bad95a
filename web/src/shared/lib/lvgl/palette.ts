import type { Pixels } from './pixels';

/** Red, green, blue, alpha. */
export type Entry = [number, number, number, number];

interface Box {
  colours: number[];
  counts: Map<number, number>;
  /** Channel (shift) with the widest spread and that spread, weighted by how many pixels it stands for. */
  shift: number;
  worth: number;
}

const SHIFTS = [24, 16, 8, 0] as const;

function boxOf(colours: number[], counts: Map<number, number>): Box {
  let shift = 24;
  let spread = -1;
  let pixels = 0;
  for (const colour of colours) pixels += counts.get(colour)!;
  for (const candidate of SHIFTS) {
    let low = 255;
    let high = 0;
    for (const colour of colours) {
      const value = (colour >>> candidate) & 255;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (high - low > spread) {
      spread = high - low;
      shift = candidate;
    }
  }
  return { colours, counts, shift, worth: spread * Math.sqrt(pixels) };
}

function split(box: Box): [Box, Box] {
  const value = (colour: number) => (colour >>> box.shift) & 255;
  box.colours.sort((a, b) => value(a) - value(b) || a - b);
  const half = box.colours.reduce((sum, colour) => sum + box.counts.get(colour)!, 0) / 2;
  let seen = 0;
  let cut = 0;
  while (cut < box.colours.length - 1 && seen + box.counts.get(box.colours[cut]!)! <= half)
    seen += box.counts.get(box.colours[cut++]!)!;
  cut = Math.max(1, cut);
  return [boxOf(box.colours.slice(0, cut), box.counts), boxOf(box.colours.slice(cut), box.counts)];
}

function average(box: Box): Entry {
  const sums = [0, 0, 0, 0];
  let total = 0;
  for (const colour of box.colours) {
    const count = box.counts.get(colour)!;
    total += count;
    for (let c = 0; c < 4; c++) sums[c] = sums[c]! + ((colour >>> SHIFTS[c]!) & 255) * count;
  }
  return sums.map((sum) => Math.round(sum / total)) as Entry;
}

const MANY = 16384;

/** Photographs: colours that differ in the lowest three bits only count as one, or cutting takes seconds. */
function merge(counts: Map<number, number>): void {
  const fine = [...counts];
  counts.clear();
  for (const [colour, count] of fine) {
    const coarse = ((colour & 0xf8f8f8ff) | 0x04040400) >>> 0;
    counts.set(coarse, (counts.get(coarse) ?? 0) + count);
  }
}

/** At most `size` colours that stand for the picture (median cut). A picture with no more colours than that keeps them exactly. */
export function choosePalette({ data }: Pixels, size: number): Entry[] {
  const counts = new Map<number, number>();
  for (let i = 0; i < data.length; i += 4) {
    // What is invisible is one colour.
    const colour =
      data[i + 3] === 0 ? 0 : ((data[i]! << 24) | (data[i + 1]! << 16) | (data[i + 2]! << 8) | data[i + 3]!) >>> 0;
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  if (counts.size > MANY) merge(counts);
  let boxes = [
    boxOf(
      [...counts.keys()].sort((a, b) => a - b),
      counts,
    ),
  ];
  if (counts.size <= size) boxes = [...counts.keys()].sort((a, b) => a - b).map((colour) => boxOf([colour], counts));
  while (boxes.length < Math.min(size, counts.size)) {
    let widest = -1;
    for (let i = 0; i < boxes.length; i++) {
      if (boxes[i]!.colours.length > 1 && (widest < 0 || boxes[i]!.worth > boxes[widest]!.worth)) widest = i;
    }
    if (widest < 0) break;
    boxes.splice(widest, 1, ...split(boxes[widest]!));
  }
  return boxes.map(average);
}

/** Finds the nearest entry; remembers what it was asked. Not `exact`: the lowest two bits of a colour do not decide. */
export function nearestIn(
  palette: Entry[],
  exact: boolean,
): (red: number, green: number, blue: number, alpha: number) => number {
  const known = new Map<number, number>();
  const mask = exact ? ~0 : ~0x03030300;
  return (red, green, blue, alpha) => {
    const key = (((red << 24) | (green << 16) | (blue << 8) | alpha) & mask) >>> 0;
    const before = known.get(key);
    if (before !== undefined) return before;
    let best = 0;
    let distance = Infinity;
    for (let i = 0; i < palette.length; i++) {
      const [r, g, b, a] = palette[i]!;
      // Invisible entries are equally far whatever their colour.
      const weight = Math.min(alpha, a) / 255;
      const found = weight * (2 * (red - r) ** 2 + 4 * (green - g) ** 2 + 3 * (blue - b) ** 2) + 9 * (alpha - a) ** 2;
      if (found < distance) [best, distance] = [i, found];
    }
    known.set(key, best);
    return best;
  };
}
