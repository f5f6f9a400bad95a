// The colour formats that LVGL's own binary decoder reads (LVGL 9: lv_color.h, lv_image_dsc.h; LVGL 8: lv_img_buf.h).
// LVGL 8 has no number for a byte order or a depth: LV_IMG_CF_TRUE_COLOR(_ALPHA) means what its build was configured for.

export const FORMATS = [
  'RGB565',
  'RGB565_SWAPPED',
  'RGB565A8',
  'ARGB8565',
  'RGB888',
  'XRGB8888',
  'ARGB8888',
  'I1',
  'I2',
  'I4',
  'I8',
  'A8',
] as const;
export type Format = (typeof FORMATS)[number];

export const VERSIONS = [8, 9] as const;
export type Version = (typeof VERSIONS)[number];

export interface FormatFacts {
  /** Bits of one pixel in its row; a plane of alpha after the rows is extra. */
  bits: number;
  /** Colours of the palette in front of the rows; 0 without one. */
  colours: number;
  /** Whether transparency survives. Without it the picture is laid on a background first. */
  alpha: boolean;
  /** Number in the header. LVGL 8 cannot show a format whose `v8` is missing. */
  v9: number;
  v8?: number;
}

export const FACTS: Record<Format, FormatFacts> = {
  RGB565: { bits: 16, colours: 0, alpha: false, v9: 0x12, v8: 4 },
  RGB565_SWAPPED: { bits: 16, colours: 0, alpha: false, v9: 0x1b, v8: 4 },
  RGB565A8: { bits: 16, colours: 0, alpha: true, v9: 0x14, v8: 20 },
  ARGB8565: { bits: 24, colours: 0, alpha: true, v9: 0x13, v8: 5 },
  RGB888: { bits: 24, colours: 0, alpha: false, v9: 0x0f },
  XRGB8888: { bits: 32, colours: 0, alpha: false, v9: 0x11, v8: 4 },
  ARGB8888: { bits: 32, colours: 0, alpha: true, v9: 0x10, v8: 5 },
  I1: { bits: 1, colours: 2, alpha: true, v9: 0x07, v8: 7 },
  I2: { bits: 2, colours: 4, alpha: true, v9: 0x08, v8: 8 },
  I4: { bits: 4, colours: 16, alpha: true, v9: 0x09, v8: 9 },
  I8: { bits: 8, colours: 256, alpha: true, v9: 0x0a, v8: 10 },
  A8: { bits: 8, colours: 0, alpha: true, v9: 0x0e, v8: 14 },
};

export const V9_MAGIC = 0x19;
export const HEADER_BYTES: Record<Version, number> = { 8: 4, 9: 12 };
/** Widths and heights have 11 bits in the header of LVGL 8, 16 in that of LVGL 9. */
export const MAX_SIDE: Record<Version, number> = { 8: 2047, 9: 65535 };

export function formatsOf(version: Version): Format[] {
  return FORMATS.filter((format) => version === 9 || FACTS[format].v8 !== undefined);
}

/** Bytes of one row; rows of few bits are padded to whole bytes. */
export function rowBytes(format: Format, width: number): number {
  return Math.ceil((width * FACTS[format].bits) / 8);
}

/** Bytes of the whole file, known before anything is converted. */
export function fileBytes(format: Format, version: Version, width: number, height: number): number {
  const alphaPlane = format === 'RGB565A8' ? width * height : 0;
  return HEADER_BYTES[version] + FACTS[format].colours * 4 + rowBytes(format, width) * height + alphaPlane;
}

export type LvglErrorCode = 'format_unsupported' | 'size_unsupported' | 'not_lvgl' | 'compressed' | 'length_mismatch';

/** Why a picture cannot be written or a file cannot be read; `values` go into the sentence of each language. */
export class LvglError extends Error {
  constructor(
    readonly code: LvglErrorCode,
    readonly values: Record<string, string | number>,
  ) {
    super(
      `${code}: ${Object.entries(values)
        .map(([key, value]) => `${key}=${value}`)
        .join(' ')}`,
    );
    this.name = 'LvglError';
  }
}
