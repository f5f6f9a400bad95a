import { expect, test, vi } from 'vitest';
import { pack } from '../model/packing';
import { Tiles } from '../model/tiles';
import { pixelOf, tilePainter } from './paintTiles';

const COLORS = {
  states: Array.from({ length: 12 }, (_, code) => `#0000${code.toString(16).padStart(2, '0')}`),
  track: '#111111',
  mark: '#fff',
  text: '#000000',
};

/** A canvas that remembers pictures and calls, as far as painters use one. */
function canvas() {
  const put = vi.fn();
  const fillRect = vi.fn();
  const element = {
    width: 0,
    height: 0,
    getContext: () => ({
      canvas: element,
      setTransform: vi.fn(),
      createImageData: (width: number, height: number) => ({ data: new Uint8ClampedArray(width * height * 4) }),
      putImageData: put,
      fillRect,
      fillText: vi.fn(),
      beginPath: vi.fn(),
      moveTo: vi.fn(),
      lineTo: vi.fn(),
      stroke: vi.fn(),
    }),
  };
  return { element: element as unknown as HTMLCanvasElement, put, fillRect };
}

function fleet(size: number) {
  return new Tiles({
    prefix: '',
    devices: Array.from({ length: size }, (_, at) => String(at)),
    states: 'd'.repeat(size),
    percents: new Array<number>(size).fill(0),
  });
}

test('of many small squares only rows that differ are handed over, and percents cost nothing', () => {
  const tiles = fleet(20_000);
  const packing = pack([{ number: 0, first: 0, count: tiles.size }], 900, 300);
  expect(packing.side).toBeLessThan(6);
  const { element, put } = canvas();
  const painter = tilePainter(element, 900, tiles, packing, COLORS)!;
  painter.all();
  expect(put).toHaveBeenCalledTimes(1);
  const image = put.mock.calls[0]![0] as ImageData;
  const pixel = (x: number, y: number) => new Uint32Array(image.data.buffer)[y * 900 + x];
  expect(pixel(0, 0)).toBe(pixelOf(COLORS.states[2]!));
  tiles.listen(painter.some);
  tiles.apply([[5, 'd', 50]]);
  expect(put).toHaveBeenCalledTimes(1);
  tiles.apply([[packing.columns + 1, 'S', 0]]);
  expect(pixel(packing.pitch, packing.pitch)).toBe(pixelOf(COLORS.states[6]!));
  expect(put.mock.calls[1]!.slice(3)).toEqual([0, packing.pitch, 900, packing.side]);
});

test('a large square is drawn anew when it looks different', () => {
  const tiles = fleet(3);
  const packing = pack([{ number: 0, first: 0, count: 3 }], 900, 300);
  const { element, fillRect } = canvas();
  const painter = tilePainter(element, 900, tiles, packing, COLORS)!;
  painter.all();
  const before = fillRect.mock.calls.length;
  painter.all();
  expect(fillRect).toHaveBeenCalledTimes(before);
  tiles.listen(painter.some);
  tiles.apply([[1, 'd', 40]]);
  expect(fillRect).toHaveBeenCalledTimes(before + 2);
});

test('colours are kept as the canvas has them', () => {
  expect(pixelOf('#ff8001')).toBe(0xff0180ff);
});
