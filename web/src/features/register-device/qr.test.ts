import { expect, test } from 'vitest';
import { qrCode } from './qr';

const picture = (text: string) => qrCode(text).map((row) => row.map((dark) => (dark ? '#' : '.')).join(''));

// Read back by zbarimg, as were texts of 6 to 213 bytes (versions 1 to 10) when this was written.
const A = `
#######.#..#..#######
#.....#.#####.#.....#
#.###.#...#.#.#.###.#
#.###.#.##.##.#.###.#
#.###.#..###..#.###.#
#.....#..#.##.#.....#
#######.#.#.#.#######
........##.##........
#.##.###..###.#..#.##
.#.##..#.#.####..#...
##..###.##.#.....##.#
#.##.#.....#..#####..
#..####..#..#..#..#..
........#.##..#..#..#
#######.#..##..#.#...
#.....#.##.....##.##.
#.###.#..##.#####...#
#.###.#.####..######.
#.###.#.#.#.#.##.....
#.....#...#..#.#..#.#
#######.#....#..#....`;

test('a code that readers read', () => {
  expect(picture('A')).toEqual(A.trim().split('\n'));
});

test('grows with the text, and says when it is too long', () => {
  expect(picture('x'.repeat(14))).toHaveLength(21);
  expect(picture('x'.repeat(15))).toHaveLength(25);
  expect(picture('x'.repeat(213))).toHaveLength(57);
  expect(() => qrCode('x'.repeat(214))).toThrow(RangeError);
});
