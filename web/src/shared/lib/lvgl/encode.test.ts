// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { encodeLvgl } from './encode';
import { FACTS, fileBytes, type Format, formatsOf, LvglError, type Version } from './formats';
import { makePixels, type Pixels } from './pixels';

// Sources of the layouts: LVGL 9 lv_image_header_t and lv_color_format_t; LVGL 8 lv_img_header_t and lv_img_cf_t.
type Rgba = [number, number, number, number];
const RED: Rgba = [255, 0, 0, 255];
const GREEN: Rgba = [0, 255, 0, 255];
const BLUE: Rgba = [0, 0, 255, 255];
const HALF_WHITE: Rgba = [255, 255, 255, 128];

function picture(width: number, ...colours: Rgba[]): Pixels {
  const pixels = makePixels(width, colours.length / width);
  colours.forEach((colour, i) => pixels.data.set(colour, i * 4));
  return pixels;
}

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
const encode = (pixels: Pixels, version: Version, format: Format) => hex(encodeLvgl(pixels, { version, format }));

describe('LVGL 9, byte by byte', () => {
  // magic 19, format, flags (2), width (2), height (2), bytes of a row (2), reserved (2)
  const three = picture(3, RED, GREEN, BLUE);
  it.each<[Format, string]>([
    ['RGB565', '19 12 00 00 03 00 01 00 06 00 00 00 00 f8 e0 07 1f 00'],
    ['RGB565_SWAPPED', '19 1b 00 00 03 00 01 00 06 00 00 00 f8 00 07 e0 00 1f'],
    ['RGB565A8', '19 14 00 00 03 00 01 00 06 00 00 00 00 f8 e0 07 1f 00 ff ff ff'],
    ['ARGB8565', '19 13 00 00 03 00 01 00 09 00 00 00 00 f8 ff e0 07 ff 1f 00 ff'],
    ['RGB888', '19 0f 00 00 03 00 01 00 09 00 00 00 00 00 ff 00 ff 00 ff 00 00'],
    ['XRGB8888', '19 11 00 00 03 00 01 00 0c 00 00 00 00 00 ff ff 00 ff 00 ff ff 00 00 ff'],
    ['ARGB8888', '19 10 00 00 03 00 01 00 0c 00 00 00 00 00 ff ff 00 ff 00 ff ff 00 00 ff'],
    // the palette is blue, green, red, alpha; here in the order blue, green, red, unused
    ['I2', '19 08 00 00 03 00 01 00 01 00 00 00 ff 00 00 ff 00 ff 00 ff 00 00 ff ff ff ff ff 00 90'],
  ])('%s', (format, bytes) => expect(encode(three, 9, format)).toBe(bytes));

  it('I1 fills rows up to whole bytes, the leftmost pixel in the highest bit', () => {
    const white: Rgba = [255, 255, 255, 255];
    const black: Rgba = [0, 0, 0, 255];
    const row = [white, black, black, white, black, black, black, black, white];
    expect(encode(picture(9, ...row, ...row.slice().reverse()), 9, 'I1')).toBe(
      '19 07 00 00 09 00 02 00 02 00 00 00 00 00 00 ff ff ff ff ff 90 80 84 80',
    );
  });

  it('I4 packs two pixels a byte', () => {
    expect(
      encode(picture(3, BLUE, RED, GREEN), 9, 'I4')
        .split(' ')
        .slice(-2),
    ).toEqual(['02', '10']);
  });

  it('I8 has 256 colours and a byte a pixel', () => {
    const bytes = encodeLvgl(picture(3, BLUE, RED, BLUE), { version: 9, format: 'I8' });
    expect(bytes).toHaveLength(12 + 1024 + 3);
    expect(hex(bytes.subarray(12 + 1024))).toBe('00 01 00');
  });

  it('A8 holds the transparency, or the brightness where nothing is transparent', () => {
    expect(encode(picture(2, HALF_WHITE, RED), 9, 'A8')).toBe('19 0e 00 00 02 00 01 00 02 00 00 00 80 ff');
    expect(encode(picture(2, [255, 255, 255, 255], [0, 0, 0, 255]), 9, 'A8')).toBe(
      '19 0e 00 00 02 00 01 00 02 00 00 00 ff 00',
    );
  });

  it('keeps the order of the alpha plane of RGB565A8 after all rows', () => {
    expect(encode(picture(1, RED, HALF_WHITE), 9, 'RGB565A8')).toBe(
      '19 14 00 00 01 00 02 00 02 00 00 00 00 f8 ff ff ff 80',
    );
  });
});

describe('LVGL 8, byte by byte', () => {
  // one word: format in bits 0-4, width in bits 10-20, height in bits 21-31; 3 x 1: 3 << 10 | 1 << 21 = 0x200c00
  const three = picture(3, RED, GREEN, BLUE);
  it.each<[Format, string]>([
    ['RGB565', '04 0c 20 00 00 f8 e0 07 1f 00'],
    ['RGB565_SWAPPED', '04 0c 20 00 f8 00 07 e0 00 1f'],
    ['RGB565A8', '14 0c 20 00 00 f8 e0 07 1f 00 ff ff ff'],
    ['ARGB8565', '05 0c 20 00 00 f8 ff e0 07 ff 1f 00 ff'],
    ['XRGB8888', '04 0c 20 00 00 00 ff ff 00 ff 00 ff ff 00 00 ff'],
    ['ARGB8888', '05 0c 20 00 00 00 ff ff 00 ff 00 ff ff 00 00 ff'],
    ['I2', '08 0c 20 00 ff 00 00 ff 00 ff 00 ff 00 00 ff ff ff ff ff 00 90'],
    ['A8', '0e 0c 20 00 36 b6 12'],
  ])('%s', (format, bytes) => expect(encode(three, 8, format)).toBe(bytes));

  it('puts 800 and 480 into eleven bits each', () => {
    expect(hex(encodeLvgl(makePixels(800, 480), { version: 8, format: 'RGB565' }).subarray(0, 4))).toBe('04 80 0c 3c');
  });
});

describe('what cannot be written', () => {
  it('names the format that a version does not know', () => {
    expect(() => encode(picture(1, RED), 8, 'RGB888')).toThrow(
      new LvglError('format_unsupported', { format: 'RGB888', version: 8 }),
    );
    expect(formatsOf(8)).not.toContain('RGB888');
  });

  it('names the size that the header cannot hold', () => {
    const wide = makePixels(2048, 1);
    expect(() => encode(wide, 8, 'A8')).toThrow('size_unsupported: format=A8 version=8 width=2048 height=1 most=2047');
    expect(encodeLvgl(wide, { version: 9, format: 'A8' })).toHaveLength(12 + 2048);
    expect(() => encode(makePixels(40000, 1), 9, 'RGB565')).toThrow('size_unsupported');
    expect(() => encode(makePixels(0, 5), 9, 'A8')).toThrow('size_unsupported');
  });
});

describe('transparency', () => {
  it('is laid on the background where the format has none', () => {
    const bytes = encodeLvgl(picture(2, HALF_WHITE, [9, 9, 9, 0]), {
      version: 9,
      format: 'RGB888',
      background: [0, 0, 255],
    });
    expect(hex(bytes.subarray(12))).toBe('ff 80 80 ff 00 00');
  });

  it('survives in the palette', () => {
    const bytes = encodeLvgl(picture(2, [7, 7, 7, 0], RED), { version: 9, format: 'I1' });
    expect(hex(bytes.subarray(12))).toBe('00 00 00 00 00 00 ff ff 40');
  });
});

it('knows every size beforehand', () => {
  for (const version of [8, 9] as const) {
    for (const format of formatsOf(version)) {
      expect(encodeLvgl(makePixels(13, 5), { version, format })).toHaveLength(fileBytes(format, version, 13, 5));
      expect(FACTS[format].v9).toBeGreaterThan(0);
    }
  }
  expect(fileBytes('RGB565', 9, 800, 480)).toBe(768_012);
});

describe('dithering', () => {
  const grey = makePixels(16, 16);
  for (let i = 0; i < grey.data.length; i += 4) grey.data.set([100, 100, 100, 255], i);
  const mean = (bytes: Uint8Array) => {
    const green: number[] = [];
    for (let i = 12; i < bytes.length; i += 2) green.push(((bytes[i + 1]! << 8) | bytes[i]!) >> 11);
    return green.reduce((sum, value) => sum + ((value << 3) | (value >> 2)), 0) / green.length;
  };

  it('keeps the brightness that cutting bits off loses', () => {
    expect(mean(encodeLvgl(grey, { version: 9, format: 'RGB565' }))).toBe(99);
    expect(mean(encodeLvgl(grey, { version: 9, format: 'RGB565', dither: true }))).toBeCloseTo(100, 0);
  });

  it('mixes the colours of a small palette', () => {
    const ramp = makePixels(64, 8);
    for (let i = 0; i < 64 * 8; i++) ramp.data.set([(i % 64) * 4, (i % 64) * 4, (i % 64) * 4, 255], i * 4);
    const switches = (dither: boolean) => {
      const row = encodeLvgl(ramp, { version: 9, format: 'I1', dither }).subarray(20, 28);
      const bits = Array.from(row, (byte) => byte.toString(2).padStart(8, '0')).join('');
      return [...bits].filter((bit, i) => i > 0 && bit !== bits[i - 1]).length;
    };
    expect(switches(false)).toBe(1);
    expect(switches(true)).toBeGreaterThan(5);
  });
});
