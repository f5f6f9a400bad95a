import type { Pixels } from './pixels';

/**
 * Walks the picture from the top left. `choose` gets the colour that is wanted at a pixel (with what the pixels before it
 * could not show, when `dither` is set) and writes what is shown instead into `shown`. Floyd and Steinberg's shares.
 */
export function diffuse(
  { width, height, data }: Pixels,
  dither: boolean,
  choose: (index: number, wanted: Uint8ClampedArray, shown: Uint8ClampedArray) => void,
): void {
  let here = new Float32Array((width + 2) * 4);
  let below = new Float32Array((width + 2) * 4);
  const wanted = new Uint8ClampedArray(4);
  const shown = new Uint8ClampedArray(4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 4;
      const slot = (x + 1) * 4;
      for (let c = 0; c < 4; c++) wanted[c] = data[at + c]! + (dither && c < 3 ? here[slot + c]! : 0);
      choose(y * width + x, wanted, shown);
      // An invisible pixel's colour is nobody's error.
      if (!dither || data[at + 3] === 0) continue;
      for (let c = 0; c < 3; c++) {
        const error = wanted[c]! - shown[c]!;
        here[slot + 4 + c] = here[slot + 4 + c]! + (error * 7) / 16;
        below[slot - 4 + c] = below[slot - 4 + c]! + (error * 3) / 16;
        below[slot + c] = below[slot + c]! + (error * 5) / 16;
        below[slot + 4 + c] = below[slot + 4 + c]! + error / 16;
      }
    }
    [here, below] = [below, here];
    below.fill(0);
  }
}
