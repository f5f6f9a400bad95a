import { type Colour, makePixels, type Pixels } from './pixels';

export const FITS = ['contain', 'cover', 'stretch', 'none'] as const;
/** contain: all of it, edges filled; cover: the whole screen, edges cut; stretch: out of shape; none: no scaling, centred. */
export type Fit = (typeof FITS)[number];

interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Where the source lands on the screen; may reach beyond it (cover, none). */
export function placeOnScreen(
  source: { width: number; height: number },
  screen: { width: number; height: number },
  fit: Fit,
): Rectangle {
  const ratios = [screen.width / source.width, screen.height / source.height] as const;
  const scale = fit === 'contain' ? Math.min(...ratios) : fit === 'cover' ? Math.max(...ratios) : 1;
  const width = fit === 'stretch' ? screen.width : Math.max(1, Math.round(source.width * scale));
  const height = fit === 'stretch' ? screen.height : Math.max(1, Math.round(source.height * scale));
  return { x: Math.floor((screen.width - width) / 2), y: Math.floor((screen.height - height) / 2), width, height };
}

interface Tap {
  first: number;
  weights: number[];
}

/** For each target pixel the source pixels below it and their shares: an area when shrinking, two neighbours when growing. */
function taps(source: number, target: number): Tap[] {
  const ratio = source / target;
  return Array.from({ length: target }, (_, i): Tap => {
    if (ratio > 1) {
      const from = i * ratio;
      const to = Math.min(source, from + ratio);
      const first = Math.floor(from);
      const weights: number[] = [];
      for (let s = first; s < to; s++) weights.push((Math.min(to, s + 1) - Math.max(from, s)) / ratio);
      return { first, weights };
    }
    const centre = Math.min(source - 1, Math.max(0, (i + 0.5) * ratio - 0.5));
    const first = Math.floor(centre);
    const rest = centre - first;
    return { first, weights: rest > 0 ? [1 - rest, rest] : [1] };
  });
}

/** Scales by areas. Colours count by their alpha, so that what is invisible does not bleed into edges. */
export function scale(source: Pixels, width: number, height: number): Pixels {
  if (source.width === width && source.height === height) return source;
  const columns = taps(source.width, width);
  const rows = taps(source.height, height);
  const lines = new Float32Array(width * source.height * 4);
  for (let y = 0; y < source.height; y++) {
    for (let x = 0; x < width; x++) {
      const { first, weights } = columns[x]!;
      const to = (y * width + x) * 4;
      for (let k = 0; k < weights.length; k++) {
        const from = (y * source.width + first + k) * 4;
        const share = weights[k]! * source.data[from + 3]!;
        lines[to] = lines[to]! + source.data[from]! * share;
        lines[to + 1] = lines[to + 1]! + source.data[from + 1]! * share;
        lines[to + 2] = lines[to + 2]! + source.data[from + 2]! * share;
        lines[to + 3] = lines[to + 3]! + share;
      }
    }
  }
  const out = makePixels(width, height);
  const sums = new Float64Array(4);
  for (let y = 0; y < height; y++) {
    const { first, weights } = rows[y]!;
    for (let x = 0; x < width; x++) {
      sums.fill(0);
      for (let k = 0; k < weights.length; k++) {
        const from = ((first + k) * width + x) * 4;
        for (let c = 0; c < 4; c++) sums[c] = sums[c]! + lines[from + c]! * weights[k]!;
      }
      const to = (y * width + x) * 4;
      const alpha = sums[3]!;
      if (alpha > 0) for (let c = 0; c < 3; c++) out.data[to + c] = Math.round(sums[c]! / alpha);
      out.data[to + 3] = Math.round(alpha);
    }
  }
  return out;
}

/** The picture as the screen would hold it. Where nothing lands the background shows, transparent when it is null. */
export function fitToScreen(
  source: Pixels,
  screen: { width: number; height: number },
  fit: Fit,
  background: Colour | null,
): Pixels {
  const place = placeOnScreen(source, screen, fit);
  const scaled = scale(source, place.width, place.height);
  const out = makePixels(screen.width, screen.height);
  if (background) for (let i = 0; i < out.data.length; i += 4) out.data.set([...background, 255], i);
  const fromX = Math.max(0, -place.x);
  const toX = Math.max(0, place.x);
  const count = Math.min(place.width - fromX, screen.width - toX);
  for (let y = Math.max(0, place.y); y < Math.min(screen.height, place.y + place.height); y++) {
    const from = ((y - place.y) * place.width + fromX) * 4;
    out.data.set(scaled.data.subarray(from, from + count * 4), (y * screen.width + toX) * 4);
  }
  return out;
}
