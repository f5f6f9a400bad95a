// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { decodeLvgl, readLvglHeader } from './decode';
import { encodeLvgl } from './encode';
import { formatsOf, LvglError } from './formats';
import { makePixels } from './pixels';

/** Sixteen colours that every format but A8 holds exactly, some of them transparent when asked. */
function sample(width: number, height: number) {
  const pixels = makePixels(width, height);
  for (let i = 0; i < width * height; i++)
    pixels.data.set([i & 1 ? 255 : 0, i & 2 ? 255 : 0, i & 4 ? 255 : 0, 255], i * 4);
  return pixels;
}

describe('reading back what was written', () => {
  for (const version of [8, 9] as const) {
    for (const format of formatsOf(version)) {
      it(`LVGL ${version} ${format}`, () => {
        const limits = format === 'I1' ? 2 : format === 'I2' ? 4 : 8;
        const pixels = makePixels(7, 3);
        const source = sample(7, 3);
        for (let i = 0; i < 21; i++)
          pixels.data.set(source.data.subarray((i % limits) * 4, (i % limits) * 4 + 4), i * 4);
        const file = encodeLvgl(pixels, { version, format });
        const read = decodeLvgl(file, format === 'RGB565_SWAPPED');
        expect(read).toMatchObject({ version, format, width: 7, height: 3 });
        if (format !== 'A8') expect(read.pixels.data).toEqual(pixels.data);
        else expect(read.pixels.data[7]).toBe(54); // red is that bright
      });
    }
  }

  it('honours rows that are longer than their pixels', () => {
    const file = Uint8Array.from([0x19, 0x12, 0, 0, 1, 0, 2, 0, 4, 0, 0, 0, 0x00, 0xf8, 9, 9, 0x1f, 0x00, 9, 9]);
    expect(Array.from(decodeLvgl(file).pixels.data)).toEqual([255, 0, 0, 255, 0, 0, 255, 255]);
  });
});

describe('files that are something else', () => {
  const good = encodeLvgl(sample(4, 4), { version: 9, format: 'RGB565' });
  const changed = (at: number, value: number) => Uint8Array.from(good, (byte, i) => (i === at ? value : byte));
  it.each<[string, Uint8Array, LvglError]>([
    ['nothing', new Uint8Array(0), new LvglError('not_lvgl', { bytes: 0 })],
    ['a PNG', Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10]), new LvglError('not_lvgl', { bytes: 6 })],
    ['a text', new TextEncoder().encode('hello there'), new LvglError('not_lvgl', { bytes: 11 })],
    ['half a header', good.subarray(0, 11), new LvglError('not_lvgl', { bytes: 11 })],
    ['an unknown format', changed(1, 0x55), new LvglError('format_unsupported', { format: '0x55', version: 9 })],
    [
      'raw data of LVGL 8',
      Uint8Array.from([2, 4, 32, 0]),
      new LvglError('format_unsupported', { format: '0x02', version: 8 }),
    ],
    ['compressed', changed(2, 8), new LvglError('compressed', { format: 'RGB565' })],
    [
      'cut short',
      good.subarray(0, 40),
      new LvglError('length_mismatch', { format: 'RGB565', width: 4, height: 4, bytes: 40, expected: 44 }),
    ],
    [
      'too long',
      Uint8Array.from([...good, 0]),
      new LvglError('length_mismatch', { format: 'RGB565', width: 4, height: 4, bytes: 45, expected: 44 }),
    ],
    [
      'too short a stride',
      changed(8, 2),
      new LvglError('length_mismatch', { format: 'RGB565', width: 4, height: 4, bytes: 44, expected: 20 }),
    ],
    [
      'no width',
      changed(4, 0),
      new LvglError('length_mismatch', { format: 'RGB565', width: 0, height: 4, bytes: 44, expected: 44 }),
    ],
    [
      'LVGL 8 of no depth',
      Uint8Array.from([4, 4, 32, 0, 1]),
      new LvglError('length_mismatch', { format: 'RGB565 / RGB565_SWAPPED / XRGB8888', width: 1, height: 1, bytes: 5 }),
    ],
  ])('%s', (_, file, error) => expect(() => readLvglHeader(file)).toThrow(error));
});
