import { describe, expect, test } from 'vitest';
import { neighbour, pack, positionOf, tileAt, tilesIn, WAVE_HEAD } from './packing';
import { Tiles, tileSections } from './tiles';

const some = () => new Tiles({ prefix: 'door-', devices: ['1', '12', '2'], states: 'wdS', percents: [42] });

describe('tiles', () => {
  test('ids, states and the percent of who is under way', () => {
    const tiles = some();
    expect([0, 1, 2].map(tiles.id)).toEqual(['door-1', 'door-12', 'door-2']);
    expect([0, 1, 2].map(tiles.state)).toEqual(['waiting', 'downloading', 'success']);
    expect([0, 1, 2].map(tiles.percent)).toEqual([0, 42, 0]);
  });
  test('tell which differ, once, and keep the sums', () => {
    const tiles = some();
    const changes: number[][] = [];
    tiles.listen((changed) => changes.push([...changed]));
    expect(
      tiles.apply([
        [1, 'd', 42.9],
        [0, 'F', 0],
      ]),
    ).toBe(true);
    expect(changes).toEqual([[0]]);
    expect([tiles.count('failed'), tiles.count('waiting'), tiles.count('downloading')]).toEqual([1, 0, 1]);
  });
  test('say when a place is new, and take the rest', () => {
    const tiles = some();
    expect(
      tiles.apply([
        [3, 'w', 0],
        [0, 'd', 99.99],
      ]),
    ).toBe(false);
    expect(tiles.percent(0)).toBe(99);
  });
  test('a letter that is none is no state', () => expect(some().apply([[0, '?', 0]])).toBe(false));
  test('lie by wave while nobody may join', () => {
    const waves = [
      { number: 1, devices: 2 },
      { number: 2, devices: 0 },
      { number: 3, devices: 1 },
    ];
    expect(tileSections(3, waves, 'no')).toEqual([
      { number: 1, first: 0, count: 2 },
      { number: 3, first: 2, count: 1 },
    ]);
    expect(tileSections(3, waves, 'while_running')).toEqual([{ number: 0, first: 0, count: 3 }]);
    expect(tileSections(4, waves, 'no')).toEqual([{ number: 0, first: 0, count: 4 }]);
  });
});

describe('packing', () => {
  const waves = [
    { number: 1, first: 0, count: 5 },
    { number: 2, first: 5, count: 100 },
  ];
  test('takes the largest squares that fit', () => {
    expect(pack(waves, 400, 1000).pitch).toBe(34);
    expect(pack(waves, 400, 200).pitch).toBeLessThan(34);
    expect(pack([{ number: 1, first: 0, count: 100_000 }], 1200, 400).pitch).toBe(3);
  });
  test('a square is found where it lies', () => {
    const packing = pack(waves, 400, 200);
    for (const index of [0, 4, 5, 42, 104]) {
      const { x, y } = positionOf(packing, index);
      expect(tileAt(packing, x + 1, y + 1)).toBe(index);
    }
    expect(tileAt(packing, -1, 0)).toBe(-1);
    const row = packing.sections[0]!.top + 1;
    expect(tileAt(packing, packing.pitch * 4 + 1, row)).toBe(4);
    expect(tileAt(packing, packing.pitch * 5 + 1, row)).toBe(-1); // beside the last of wave 1
  });
  test('several waves have room for their names, one needs none', () => {
    const [first, second] = pack(waves, 400, 200).sections;
    expect(first!.top).toBe(WAVE_HEAD);
    expect(second!.top).toBeGreaterThan(first!.top + WAVE_HEAD);
    expect(tileAt(pack(waves, 400, 200), 1, WAVE_HEAD - 1)).toBe(-1);
    expect(pack(waves.slice(0, 1), 400, 200).sections[0]!.top).toBe(0);
  });
  test('a lasso catches what it touches, in every wave', () => {
    const packing = pack(waves, 400, 1000);
    const caught = tilesIn(packing, { x: 0, y: 0 }, { x: packing.pitch * 2 - 1, y: packing.height }, 1000);
    expect(caught.slice(0, 4)).toEqual([0, 1, 5, 6]);
    expect(tilesIn(packing, { x: 0, y: 0 }, { x: 400, y: 999 }, 3)).toHaveLength(3);
  });
  test('arrow keys', () => {
    const packing = pack(waves, 400, 1000);
    expect(neighbour(packing, 0, 'ArrowLeft', 105)).toBe(0);
    expect(neighbour(packing, 7, 'ArrowDown', 105)).toBe(7 + packing.columns);
    expect(neighbour(packing, 7, 'End', 105)).toBe(104);
  });
});
