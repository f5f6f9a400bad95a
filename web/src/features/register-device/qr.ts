/**
 * QR codes (ISO/IEC 18004), as much of them as an address with a code needs: bytes, error correction M, versions 1 to 10
 * (213 bytes). Answers rows of dark modules; throws when the text is longer.
 */
export function qrCode(text: string): boolean[][] {
  const bytes = new TextEncoder().encode(text);
  const version =
    TABLE.findIndex(([blocks, data, , longer], at) => bytes.length + (at < 9 ? 2 : 3) <= blocks * data + longer) + 1;
  if (version === 0) throw new RangeError('too long for a QR code');
  const words = interleave(dataWords(bytes, version), version);
  let best: Matrix | null = null;
  let least = Infinity;
  for (let mask = 0; mask < 8; mask++) {
    const matrix = build(version, words, mask);
    const cost = penalty(matrix.dark);
    if (cost < least) [best, least] = [matrix, cost];
  }
  return best!.dark;
}

// Level M: blocks, data words of a short block, correction words of each, blocks with one data word more.
const TABLE: readonly (readonly [number, number, number, number])[] = [
  [1, 16, 10, 0],
  [1, 28, 16, 0],
  [1, 44, 26, 0],
  [2, 32, 18, 0],
  [2, 43, 24, 0],
  [4, 27, 16, 0],
  [4, 31, 18, 0],
  [4, 38, 22, 2],
  [5, 36, 22, 2],
  [5, 43, 26, 1],
];
const ALIGNMENT = [[], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]];

function dataWords(bytes: Uint8Array, version: number): number[] {
  const [blocks, data, , longer] = TABLE[version - 1]!;
  const capacity = blocks * data + longer;
  const bits: number[] = [];
  const push = (value: number, length: number) => {
    for (let bit = length - 1; bit >= 0; bit--) bits.push((value >> bit) & 1);
  };
  push(0b0100, 4);
  push(bytes.length, version < 10 ? 8 : 16);
  bytes.forEach((byte) => push(byte, 8));
  push(0, Math.min(4, capacity * 8 - bits.length));
  while (bits.length % 8) bits.push(0);
  const words: number[] = [];
  for (let at = 0; at < bits.length; at += 8)
    words.push(bits.slice(at, at + 8).reduce((word, bit) => word * 2 + bit, 0));
  for (let pad = 0xec; words.length < capacity; pad ^= 0xec ^ 0x11) words.push(pad);
  return words;
}

// GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1.
const EXP = new Uint8Array(512);
const LOG = new Uint8Array(256);
for (let power = 0, value = 1; power < 255; power++) {
  EXP[power] = EXP[power + 255] = value;
  LOG[value] = power;
  value = (value << 1) ^ (value & 0x80 ? 0x11d : 0);
}
const multiply = (a: number, b: number) => (a && b ? EXP[LOG[a]! + LOG[b]!]! : 0);

function correction(data: number[], count: number): number[] {
  let generator = [1];
  for (let root = 0; root < count; root++) {
    const next = [...generator, 0];
    generator.forEach((factor, at) => (next[at + 1]! ^= multiply(factor, EXP[root]!)));
    generator = next;
  }
  const rest = [...data, ...new Array<number>(count).fill(0)];
  for (let at = 0; at < data.length; at++) {
    const factor = rest[at]!;
    if (factor) generator.forEach((one, offset) => (rest[at + offset]! ^= multiply(one, factor)));
  }
  return rest.slice(data.length);
}

function interleave(data: number[], version: number): number[] {
  const [blocks, size, corrections, longer] = TABLE[version - 1]!;
  const parts: number[][] = [];
  for (let block = 0, at = 0; block < blocks; block++) {
    const length = size + (block >= blocks - longer ? 1 : 0);
    parts.push(data.slice(at, at + length));
    at += length;
  }
  const checks = parts.map((part) => correction(part, corrections));
  const words: number[] = [];
  for (let at = 0; at <= size; at++) for (const part of parts) if (at < part.length) words.push(part[at]!);
  for (let at = 0; at < corrections; at++) for (const check of checks) words.push(check[at]!);
  return words;
}

interface Matrix {
  dark: boolean[][];
  fixed: boolean[][]; // modules that are no data
}

const MASKS: ((row: number, column: number) => boolean)[] = [
  (r, c) => (r + c) % 2 === 0,
  (r) => r % 2 === 0,
  (_, c) => c % 3 === 0,
  (r, c) => (r + c) % 3 === 0,
  (r, c) => (Math.floor(r / 2) + Math.floor(c / 3)) % 2 === 0,
  (r, c) => ((r * c) % 2) + ((r * c) % 3) === 0,
  (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2 === 0,
  (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2 === 0,
];

function build(version: number, words: number[], mask: number): Matrix {
  const size = version * 4 + 17;
  const grid = () => Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
  const matrix: Matrix = { dark: grid(), fixed: grid() };
  const set = (row: number, column: number, dark: boolean) => {
    if (row < 0 || column < 0 || row >= size || column >= size) return;
    matrix.dark[row]![column] = dark;
    matrix.fixed[row]![column] = true;
  };
  const square = (row: number, column: number, radius: number, rings: ReadonlySet<number>) => {
    for (let y = -radius; y <= radius; y++)
      for (let x = -radius; x <= radius; x++) set(row + y, column + x, rings.has(Math.max(Math.abs(x), Math.abs(y))));
  };
  for (let at = 0; at < size; at++) {
    set(6, at, at % 2 === 0);
    set(at, 6, at % 2 === 0);
  }
  const finder = new Set([0, 1, 3]);
  for (const [row, column] of [
    [3, 3],
    [3, size - 4],
    [size - 4, 3],
  ] as const)
    square(row, column, 4, finder);
  const lines = ALIGNMENT[version - 1]!;
  for (const row of lines) {
    for (const column of lines) {
      const corner =
        (row === 6 && column === 6) || (row === 6 && column === size - 7) || (row === size - 7 && column === 6);
      if (!corner) square(row, column, 2, new Set([0, 2]));
    }
  }
  putFormat(set, size, mask);
  if (version >= 7) putVersion(set, size, version);
  putData(matrix, words, mask);
  return matrix;
}

type Set2 = (row: number, column: number, dark: boolean) => void;

function remainder(value: number, bits: number, polynomial: number): number {
  let rest = value << bits;
  const top = 31 - Math.clz32(polynomial);
  for (let bit = 31; bit >= top; bit--) if ((rest >>> bit) & 1) rest ^= polynomial << (bit - top);
  return rest;
}

function putFormat(set: Set2, size: number, mask: number) {
  // Level M has the bits 00.
  const format = ((mask << 10) | remainder(mask, 10, 0x537)) ^ 0x5412;
  for (let bit = 0; bit < 15; bit++) {
    const dark = ((format >> bit) & 1) === 1;
    // Beside the upper left finder, and once more split between the two others.
    if (bit < 6) set(bit, 8, dark);
    else if (bit < 8) set(bit + 1, 8, dark);
    else if (bit === 8) set(8, 7, dark);
    else set(8, 14 - bit, dark);
    if (bit < 8) set(8, size - 1 - bit, dark);
    else set(size - 15 + bit, 8, dark);
  }
  set(size - 8, 8, true);
}

function putVersion(set: Set2, size: number, version: number) {
  const bits = (version << 12) | remainder(version, 12, 0x1f25);
  for (let bit = 0; bit < 18; bit++) {
    const dark = ((bits >> bit) & 1) === 1;
    const far = size - 11 + (bit % 3);
    const near = Math.floor(bit / 3);
    set(far, near, dark);
    set(near, far, dark);
  }
}

function putData({ dark, fixed }: Matrix, words: number[], mask: number) {
  const size = dark.length;
  let bit = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    const up = ((right + 1) & 2) === 0;
    for (let step = 0; step < size; step++) {
      const row = up ? size - 1 - step : step;
      for (const column of [right, right - 1]) {
        if (fixed[row]![column]) continue;
        const word = words[bit >> 3] ?? 0;
        const value = ((word >> (7 - (bit & 7))) & 1) === 1;
        dark[row]![column] = value !== MASKS[mask]!(row, column);
        bit++;
      }
    }
  }
}

function penalty(dark: boolean[][]): number {
  const size = dark.length;
  let cost = 0;
  let count = 0;
  for (let line = 0; line < size; line++) {
    for (const at of [(i: number) => dark[line]![i]!, (i: number) => dark[i]![line]!]) {
      let text = '';
      for (let i = 0; i < size; i++) text += at(i) ? '1' : '0';
      for (const run of text.match(/0+|1+/g) ?? []) if (run.length >= 5) cost += run.length - 2;
      for (let i = 0; i + 11 <= size; i++) {
        const part = text.slice(i, i + 11);
        if (part === '10111010000' || part === '00001011101') cost += 40;
      }
    }
    for (let column = 0; column < size; column++) {
      if (dark[line]![column]) count++;
      if (line + 1 < size && column + 1 < size) {
        const one = dark[line]![column];
        if (one === dark[line]![column + 1] && one === dark[line + 1]![column] && one === dark[line + 1]![column + 1])
          cost += 3;
      }
    }
  }
  return cost + Math.floor(Math.abs((count * 20) / (size * size) - 10)) * 10;
}
