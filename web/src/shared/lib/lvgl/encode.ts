import { diffuse } from './dither';
import {
  FACTS,
  fileBytes,
  type Format,
  HEADER_BYTES,
  LvglError,
  MAX_SIDE,
  rowBytes,
  V9_MAGIC,
  type Version,
} from './formats';
import { choosePalette, nearestIn } from './palette';
import { type Colour, flatten, hasTransparency, type Pixels } from './pixels';

export interface EncodeOptions {
  version: Version;
  format: Format;
  /** Spreads what the format cannot show over neighbouring pixels; for RGB565 and palettes. */
  dither?: boolean;
  /** Below transparent parts in formats without alpha. */
  background?: Colour;
}

type Bytes = Uint8Array<ArrayBuffer>;

function writeHeader(out: Bytes, version: Version, format: Format, width: number, height: number): void {
  const view = new DataView(out.buffer);
  if (version === 8) {
    // cf:5, always zero:3, reserved:2, width:11, height:11, from the lowest bit
    view.setUint32(0, (FACTS[format].v8! | (width << 10) | (height << 21)) >>> 0, true);
    return;
  }
  view.setUint8(0, V9_MAGIC);
  view.setUint8(1, FACTS[format].v9);
  view.setUint16(2, 0, true); // neither premultiplied nor compressed
  view.setUint16(4, width, true);
  view.setUint16(6, height, true);
  view.setUint16(8, rowBytes(format, width), true);
}

// As LVGL's own converter: the low bits are cut off, not rounded.
const to565 = (red: number, green: number, blue: number) => ((red >> 3) << 11) | ((green >> 2) << 5) | (blue >> 3);
export const from5 = (value: number) => (value << 3) | (value >> 2);
export const from6 = (value: number) => (value << 2) | (value >> 4);

function write565(out: Bytes, pixels: Pixels, format: Format, dither: boolean): void {
  const size = FACTS[format].bits / 8;
  const [low, high] = format === 'RGB565_SWAPPED' ? [1, 0] : [0, 1];
  const alphaPlane = pixels.width * pixels.height * 2;
  diffuse(pixels, dither, (index, wanted, shown) => {
    const value = to565(wanted[0]!, wanted[1]!, wanted[2]!);
    shown[0] = from5(value >> 11);
    shown[1] = from6((value >> 5) & 63);
    shown[2] = from5(value & 31);
    out[index * size + low] = value & 255;
    out[index * size + high] = value >> 8;
    if (format === 'ARGB8565') out[index * size + 2] = wanted[3]!;
    if (format === 'RGB565A8') out[alphaPlane + index] = wanted[3]!;
  });
}

function write888(out: Bytes, { data }: Pixels, format: Format): void {
  const size = FACTS[format].bits / 8;
  for (let i = 0, at = 0; i < data.length; i += 4, at += size) {
    out[at] = data[i + 2]!;
    out[at + 1] = data[i + 1]!;
    out[at + 2] = data[i]!;
    if (size === 4) out[at + 3] = format === 'XRGB8888' ? 255 : data[i + 3]!;
  }
}

function writeIndexed(out: Bytes, pixels: Pixels, format: Format, dither: boolean): void {
  const { bits, colours } = FACTS[format];
  const palette = choosePalette(pixels, colours);
  for (let i = 0; i < colours; i++) {
    // Entries that nothing uses are invisible white, as LVGL's own converter leaves them.
    const [red, green, blue, alpha] = palette[i] ?? [255, 255, 255, 0];
    out.set([blue, green, red, alpha], i * 4);
  }
  const rows = out.subarray(colours * 4);
  const stride = rowBytes(format, pixels.width);
  // A palette with room to spare holds every colour as it is.
  const nearest = nearestIn(palette, palette.length < colours);
  diffuse(pixels, dither, (index, wanted, shown) => {
    const visible = wanted[3] === 0 ? 0 : 1;
    const entry = nearest(wanted[0]! * visible, wanted[1]! * visible, wanted[2]! * visible, wanted[3]!);
    shown.set(palette[entry]!);
    const y = Math.floor(index / pixels.width);
    const bit = (index - y * pixels.width) * bits;
    const at = y * stride + (bit >> 3);
    rows[at] = rows[at]! | (entry << (8 - bits - (bit & 7))); // the leftmost pixel in the highest bits
  });
}

// The transparency, or, where there is none, the brightness: light shows.
function writeAlpha(out: Bytes, pixels: Pixels): void {
  const transparent = hasTransparency(pixels);
  const { data } = pixels;
  for (let i = 0; i < data.length; i += 4) {
    out[i / 4] = transparent
      ? data[i + 3]!
      : Math.round(0.2126 * data[i]! + 0.7152 * data[i + 1]! + 0.0722 * data[i + 2]!);
  }
}

/** The file that LVGL opens. Throws LvglError for what the version or format cannot hold. */
export function encodeLvgl(
  pixels: Pixels,
  { version, format, dither = false, background = [0, 0, 0] }: EncodeOptions,
): Bytes {
  const { width, height } = pixels;
  if (version === 8 && FACTS[format].v8 === undefined) throw new LvglError('format_unsupported', { format, version });
  const most = MAX_SIDE[version];
  // The header of LVGL 9 has 16 bits for the bytes of a row.
  const fits =
    Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0 && width <= most && height <= most;
  if (!fits || rowBytes(format, width) > 65535)
    throw new LvglError('size_unsupported', { format, version, width, height, most });
  const out = new Uint8Array(fileBytes(format, version, width, height));
  writeHeader(out, version, format, width, height);
  const body = out.subarray(HEADER_BYTES[version]);
  const shown = FACTS[format].alpha ? pixels : flatten(pixels, background);
  if (FACTS[format].colours > 0) writeIndexed(body, shown, format, dither);
  else if (format === 'A8') writeAlpha(body, shown);
  else if (format === 'RGB888' || format === 'XRGB8888' || format === 'ARGB8888') write888(body, shown, format);
  else write565(body, shown, format, dither);
  return out;
}
