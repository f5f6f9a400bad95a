// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { choosePalette } from './palette';
import { makePixels, parseColour } from './pixels';
import { fitToScreen, placeOnScreen, scale } from './resize';

const SCREEN = { width: 800, height: 480 };

function filled(width: number, height: number, colour: number[]) {
  const pixels = makePixels(width, height);
  for (let i = 0; i < pixels.data.length; i += 4) pixels.data.set(colour, i);
  return pixels;
}

describe('where the picture lands on an 800 x 480 screen', () => {
  it.each([
    ['contain', { x: 80, y: 0, width: 640, height: 480 }],
    ['cover', { x: 0, y: -60, width: 800, height: 600 }],
    ['stretch', { x: 0, y: 0, width: 800, height: 480 }],
    ['none', { x: -400, y: -360, width: 1600, height: 1200 }],
  ] as const)('%s', (fit, place) => expect(placeOnScreen({ width: 1600, height: 1200 }, SCREEN, fit)).toEqual(place));
});

describe('scaling', () => {
  it('averages areas when shrinking', () => {
    const pixels = makePixels(4, 1);
    pixels.data.set([0, 0, 0, 255, 100, 0, 0, 255, 200, 0, 0, 255, 255, 0, 0, 255]);
    expect(Array.from(scale(pixels, 2, 1).data)).toEqual([50, 0, 0, 255, 228, 0, 0, 255]);
  });

  it('does not let invisible colours bleed', () => {
    const pixels = makePixels(2, 1);
    pixels.data.set([255, 0, 0, 255, 0, 255, 0, 0]);
    expect(Array.from(scale(pixels, 1, 1).data)).toEqual([255, 0, 0, 128]);
  });

  it('blends neighbours when growing', () => {
    const pixels = makePixels(2, 1);
    pixels.data.set([0, 0, 0, 255, 200, 200, 200, 255]);
    expect(Array.from(scale(pixels, 4, 2).data).filter((_, i) => i % 4 === 0)).toEqual([
      0, 50, 150, 200, 0, 50, 150, 200,
    ]);
  });

  it('leaves a plain colour plain at odd ratios', () => {
    const { data } = scale(filled(37, 23, [12, 200, 34, 255]), 16, 9);
    for (let i = 0; i < data.length; i += 4) expect(Array.from(data.subarray(i, i + 4))).toEqual([12, 200, 34, 255]);
  });
});

describe('fitting', () => {
  it('fills the edges with the background, or leaves them transparent', () => {
    const source = filled(2, 4, [255, 0, 0, 255]);
    expect(Array.from(fitToScreen(source, { width: 4, height: 2 }, 'contain', [0, 0, 9]).data.subarray(0, 8))).toEqual([
      0, 0, 9, 255, 255, 0, 0, 255,
    ]);
    expect(Array.from(fitToScreen(source, { width: 4, height: 2 }, 'contain', null).data.subarray(0, 4))).toEqual([
      0, 0, 0, 0,
    ]);
  });

  it('cuts what reaches beyond the screen', () => {
    const source = makePixels(4, 4);
    for (let i = 0; i < 16; i++) source.data.set([i, i, i, 255], i * 4);
    const shown = fitToScreen(source, { width: 2, height: 2 }, 'none', null);
    expect(Array.from(shown.data).filter((_, i) => i % 4 === 0)).toEqual([5, 6, 9, 10]);
  });
});

describe('palettes', () => {
  it('keep few colours exactly', () => {
    const pixels = makePixels(3, 1);
    pixels.data.set([1, 2, 3, 255, 9, 9, 9, 0, 200, 100, 50, 128]);
    expect(choosePalette(pixels, 4)).toEqual([
      [0, 0, 0, 0],
      [1, 2, 3, 255],
      [200, 100, 50, 128],
    ]);
  });

  it('stand for many colours with as many entries as there may be', () => {
    const pixels = makePixels(256, 100);
    for (let i = 0; i < 25_600; i++) pixels.data.set([i % 256, (i * 7) % 256, Math.floor(i / 100), 255], i * 4);
    const palette = choosePalette(pixels, 16);
    expect(palette).toHaveLength(16);
    expect(new Set(palette.map(String)).size).toBe(16);
    for (const [, , , alpha] of palette) expect(alpha).toBe(255);
  });
});

it('reads colours', () => {
  expect(parseColour('#0a141E')).toEqual([10, 20, 30]);
  expect(parseColour('red')).toEqual([0, 0, 0]);
});
