/** Pixels as canvas has them: R, G, B, A bytes, rows from the top, colours not multiplied by alpha. */
export interface Pixels {
  width: number;
  height: number;
  data: Uint8ClampedArray<ArrayBuffer>;
}

export type Colour = readonly [red: number, green: number, blue: number];

export function makePixels(width: number, height: number): Pixels {
  return { width, height, data: new Uint8ClampedArray(width * height * 4) };
}

export function hasTransparency({ data }: Pixels): boolean {
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return true;
  return false;
}

/** The same picture without transparency, laid on one colour. */
export function flatten(pixels: Pixels, background: Colour): Pixels {
  const out = makePixels(pixels.width, pixels.height);
  for (let i = 0; i < out.data.length; i += 4) {
    const alpha = pixels.data[i + 3]!;
    for (let c = 0; c < 3; c++) {
      out.data[i + c] = Math.round((pixels.data[i + c]! * alpha + background[c]! * (255 - alpha)) / 255);
    }
    out.data[i + 3] = 255;
  }
  return out;
}

/** `#rrggbb` as a colour; black for anything else. */
export function parseColour(text: string): Colour {
  const number = /^#[0-9a-f]{6}$/i.test(text) ? Number.parseInt(text.slice(1), 16) : 0;
  return [number >> 16, (number >> 8) & 255, number & 255];
}
