// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { checkExtension, checkFirmware, FIRMWARE_EXTENSIONS } from './checks';
import { readFirmwareHeader } from './firmwareHeader';
import { hashFile } from './hash';

const esp = (chip: number, withApp = true) => {
  const bytes = new Uint8Array(256);
  const view = new DataView(bytes.buffer);
  bytes.set([0xe9, 6], 0);
  view.setUint16(12, chip, true);
  if (withApp) {
    view.setUint32(32, 0xabcd5432, true);
    bytes.set(new TextEncoder().encode('v1.2.3'), 48);
    bytes.set(new TextEncoder().encode('kiosk'), 80);
  }
  return bytes;
};

const mcuboot = () => {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x96f3b83d, true);
  view.setUint16(8, 32, true);
  view.setUint32(12, 100_000, true);
  bytes.set([1, 4, 7, 0, 9], 20);
  return bytes;
};

describe('headers of firmware', () => {
  it('of Espressif: chip, version, project', () =>
    expect(readFirmwareHeader(esp(9))).toEqual({ kind: 'esp', chip: 'esp32-s3', version: 'v1.2.3', project: 'kiosk' }));
  it('of a whole flash', () =>
    expect(readFirmwareHeader(esp(0, false))).toEqual({ kind: 'esp-merged', chip: 'esp32' }));
  it('of the boot loader', () =>
    expect(readFirmwareHeader(mcuboot())).toEqual({ kind: 'mcuboot', version: '1.4.7+9', expected: 100_032 }));
  it('of Intel HEX', () =>
    expect(readFirmwareHeader(new TextEncoder().encode(':10010000214601360121'))).toEqual({ kind: 'hex' }));
  it.each([0, 1, 23, 31, 100])('cut off at %i bytes says nothing wrong', (length) => {
    expect(readFirmwareHeader(esp(9).subarray(0, length)).version).toBeUndefined();
    if (length < 32) expect(readFirmwareHeader(mcuboot().subarray(0, length)).kind).toBe('unknown');
  });
});

describe('what is said before a file is sent', () => {
  const good = { name: 'kiosk', version: '1.2.3', size: 1000, slot: 0, classes: [] };
  const codes = (found: { code: string; block: boolean }[]) =>
    found.map(({ code, block }) => `${code}${block ? '!' : ''}`);
  const known = [
    { name: 'kiosk', version: '1.2.2', digest: 'sha256:aa' },
    { name: 'other', version: '1.2.3', digest: 'sha256:bb' },
  ];

  it('nothing about a good one', () =>
    expect(checkFirmware({ ...good, facts: readFirmwareHeader(esp(9)) }, known)).toEqual([]));
  it('a taken version', () =>
    expect(codes(checkFirmware({ ...good, version: '1.2.2' }, known))).toEqual(['version_taken!']));
  it('bytes that exist under another version', () =>
    expect(checkFirmware({ ...good, digest: 'sha256:aa' }, known)).toEqual([
      { code: 'same_bytes', values: { name: 'kiosk', version: '1.2.2' }, block: false },
    ]));
  it('an empty file', () => expect(codes(checkFirmware({ ...good, size: 0 }, known))).toEqual(['empty!']));
  it('more than the slot holds', () => {
    expect(codes(checkFirmware({ ...good, slot: 999 }, known))).toEqual(['slot!']);
    expect(checkFirmware({ ...good, slot: 1000 }, known)).toEqual([]);
  });
  it.each([
    [['esp32-s3-panel'], []],
    [['panel'], []],
    [['esp32-c3'], ['chip!']],
    [['esp32'], ['chip!']],
    [['esp32', 'ESP32S3'], []],
  ])('the chip of %j', (classes, expected) =>
    expect(codes(checkFirmware({ ...good, classes, facts: readFirmwareHeader(esp(9)) }, known))).toEqual(expected),
  );
  it('a file that ends before its header says', () =>
    expect(codes(checkFirmware({ ...good, version: '1.4.7-9', facts: readFirmwareHeader(mcuboot()) }, known))).toEqual([
      'cut_short!',
    ]));
  it('another version inside', () =>
    expect(codes(checkFirmware({ ...good, version: '2.0.0', facts: readFirmwareHeader(esp(9)) }, known))).toEqual([
      'version_differs',
    ]));
  it('a whole flash', () =>
    expect(codes(checkFirmware({ ...good, facts: readFirmwareHeader(esp(9, false)) }, known))).toEqual(['merged']));
  it('extensions', () => {
    expect(checkExtension('a.BIN', FIRMWARE_EXTENSIONS)).toEqual([]);
    expect(codes(checkExtension('a.exe', FIRMWARE_EXTENSIONS))).toEqual(['extension!']);
    expect(codes(checkExtension('.bin', FIRMWARE_EXTENSIONS))).toEqual(['extension!']);
  });
});

describe('hashing', () => {
  it('is SHA-256 of the whole, across pieces', async () => {
    const bytes = new Uint8Array(2_500_000).map((_, i) => i % 251);
    const known = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const seen: number[] = [];
    const digest = await hashFile(new Blob([bytes]), undefined, (done) => seen.push(done));
    expect(digest).toBe(`sha256:${Array.from(known, (byte) => byte.toString(16).padStart(2, '0')).join('')}`);
    expect(seen.at(-1)).toBe(2_500_000);
    expect(seen.length).toBe(3);
  });
  it('stops when asked', async () => {
    const stop = new AbortController();
    const wait = hashFile(new Blob([new Uint8Array(3_000_000)]), stop.signal, () => stop.abort(new Error('enough')));
    await expect(wait).rejects.toThrow('enough');
  });
});
