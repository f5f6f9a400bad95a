import { from5, from6 } from './encode';
import { FACTS, type Format, FORMATS, HEADER_BYTES, LvglError, rowBytes, V9_MAGIC, type Version } from './formats';
import { makePixels, type Pixels } from './pixels';

export interface LvglImage {
  version: Version;
  format: Format;
  width: number;
  height: number;
  /** Bytes from one row to the next. */
  stride: number;
}

const COMPRESSED = 0x08;

const hex = (value: number) => `0x${value.toString(16).padStart(2, '0')}`;

function dataBytes({ format, height, stride }: Omit<LvglImage, 'version'>): number {
  return FACTS[format].colours * 4 + stride * height + (format === 'RGB565A8' ? (stride >> 1) * height : 0);
}

function headerV9(file: DataView): LvglImage {
  const number = file.getUint8(1);
  const format = FORMATS.find((candidate) => FACTS[candidate].v9 === number);
  if (!format) throw new LvglError('format_unsupported', { format: hex(number), version: 9 });
  if (file.getUint16(2, true) & COMPRESSED) throw new LvglError('compressed', { format });
  const width = file.getUint16(4, true);
  // Files of LVGL 9.0 and 9.1 converters may leave the stride out.
  const stride = file.getUint16(8, true) || rowBytes(format, width);
  return { version: 9, format, width, height: file.getUint16(6, true), stride };
}

/** LVGL 8 says "true colour" whatever its depth: the length of the file tells. Nothing tells the byte order. */
function headerV8(file: DataView, swapped: boolean): LvglImage {
  const word = file.getUint32(0, true);
  const number = word & 31;
  const [width, height] = [(word >>> 10) & 2047, word >>> 21];
  const pixel = (file.byteLength - HEADER_BYTES[8]) / (width * height);
  const candidates = FORMATS.filter((candidate) => FACTS[candidate].v8 === number);
  const format =
    candidates.length < 2
      ? candidates[0]
      : candidates.find((f) => FACTS[f].bits / 8 === pixel && (f === 'RGB565_SWAPPED') === (swapped && pixel === 2));
  if (candidates.length === 0) throw new LvglError('format_unsupported', { format: hex(number), version: 8 });
  if (!format)
    throw new LvglError('length_mismatch', { format: candidates.join(' / '), width, height, bytes: file.byteLength });
  return { version: 8, format, width, height, stride: rowBytes(format, width) };
}

/** What a file says it is, with its length checked. `swapped`: how to take the 16-bit pixels of LVGL 8. */
export function readLvglHeader(file: Uint8Array, swapped = false): LvglImage {
  if (file.byteLength < 4) throw new LvglError('not_lvgl', { bytes: file.byteLength });
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const v9 = view.getUint8(0) === V9_MAGIC;
  if (v9 && file.byteLength < HEADER_BYTES[9]) throw new LvglError('not_lvgl', { bytes: file.byteLength });
  // The upper three bits are zero in every file of LVGL 8, so that no text or picture file passes for one.
  if (!v9 && (view.getUint8(0) & 0xe0) !== 0) throw new LvglError('not_lvgl', { bytes: file.byteLength });
  const image = v9 ? headerV9(view) : headerV8(view, swapped);
  const expected = HEADER_BYTES[image.version] + dataBytes(image);
  const { format, width, height, stride } = image;
  if (width === 0 || height === 0 || stride < rowBytes(format, width) || file.byteLength !== expected) {
    throw new LvglError('length_mismatch', { format, width, height, bytes: file.byteLength, expected });
  }
  return image;
}

/** The pixels that a screen would show. */
export function decodeLvgl(file: Uint8Array, swapped = false): LvglImage & { pixels: Pixels } {
  const image = readLvglHeader(file, swapped);
  const { format, width, height, stride } = image;
  const { bits, colours } = FACTS[format];
  const palette = file.subarray(HEADER_BYTES[image.version], HEADER_BYTES[image.version] + colours * 4);
  const rows = file.subarray(HEADER_BYTES[image.version] + colours * 4);
  const pixels = makePixels(width, height);
  const put = (to: number, red: number, green: number, blue: number, alpha: number) => {
    pixels.data[to] = red;
    pixels.data[to + 1] = green;
    pixels.data[to + 2] = blue;
    pixels.data[to + 3] = alpha;
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const to = (y * width + x) * 4;
      const at = y * stride + ((x * bits) >> 3);
      if (colours > 0) {
        const entry = (rows[at]! >> (8 - bits - ((x * bits) & 7))) & (colours - 1);
        put(to, palette[entry * 4 + 2]!, palette[entry * 4 + 1]!, palette[entry * 4]!, palette[entry * 4 + 3]!);
      } else if (format === 'A8') {
        put(to, 255, 255, 255, rows[at]!);
      } else if (format === 'RGB888' || format === 'XRGB8888' || format === 'ARGB8888') {
        put(to, rows[at + 2]!, rows[at + 1]!, rows[at]!, format === 'ARGB8888' ? rows[at + 3]! : 255);
      } else {
        const value = format === 'RGB565_SWAPPED' ? (rows[at]! << 8) | rows[at + 1]! : (rows[at + 1]! << 8) | rows[at]!;
        const alpha =
          format === 'ARGB8565'
            ? rows[at + 2]!
            : format === 'RGB565A8'
              ? rows[stride * height + y * (stride >> 1) + x]!
              : 255;
        put(to, from5(value >> 11), from6((value >> 5) & 63), from5(value & 31), alpha);
      }
    }
  }
  return { ...image, pixels };
}
