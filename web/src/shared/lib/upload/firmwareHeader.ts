// What a firmware file says of itself: the boot loader's format of docs/formats/mcu-image.md, and what Espressif's tools make.

export interface FirmwareFacts {
  kind: 'mcuboot' | 'esp' | 'esp-merged' | 'hex' | 'unknown';
  chip?: string;
  version?: string;
  project?: string;
  /** Bytes that the header promises, where it does. */
  expected?: number;
}

const MCUBOOT_MAGIC = 0x96f3b83d;
const ESP_MAGIC = 0xe9;
const ESP_APP_MAGIC = 0xabcd5432;
const ESP_APP_AT = 32; // after the image and the first segment header
const ESP_CHIPS: Record<number, string> = {
  0: 'esp32',
  2: 'esp32-s2',
  5: 'esp32-c3',
  9: 'esp32-s3',
  12: 'esp32-c2',
  13: 'esp32-c6',
  16: 'esp32-h2',
  18: 'esp32-p4',
  20: 'esp32-c61',
  23: 'esp32-c5',
};

/** As many bytes from the beginning as any of the formats needs. */
export const HEADER_PEEK = 256;

export function readFirmwareHeader(bytes: Uint8Array): FirmwareFacts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at: number, length: number) => {
    const end = bytes.subarray(at, at + length).indexOf(0);
    return new TextDecoder().decode(bytes.subarray(at, at + (end < 0 ? length : end)));
  };
  if (bytes.length >= 32 && view.getUint32(0, true) === MCUBOOT_MAGIC) {
    const version = `${bytes[20]}.${bytes[21]}.${view.getUint16(22, true)}`;
    const build = view.getUint32(24, true);
    const least = view.getUint16(8, true) + view.getUint32(12, true) + view.getUint16(10, true);
    return { kind: 'mcuboot', version: build ? `${version}+${build}` : version, expected: least };
  }
  if (bytes.length >= 24 && bytes[0] === ESP_MAGIC && bytes[1]! > 0 && bytes[1]! <= 16) {
    const chip = ESP_CHIPS[view.getUint16(12, true)] ?? `esp chip ${view.getUint16(12, true)}`;
    if (bytes.length >= ESP_APP_AT + 112 && view.getUint32(ESP_APP_AT, true) === ESP_APP_MAGIC) {
      return { kind: 'esp', chip, version: text(ESP_APP_AT + 16, 32), project: text(ESP_APP_AT + 48, 32) };
    }
    // A boot loader in front: the whole flash in one file, which no update slot takes.
    return { kind: 'esp-merged', chip };
  }
  if (bytes.length >= 11 && /^:[0-9A-Fa-f]{10}/.test(text(0, 11))) return { kind: 'hex' };
  return { kind: 'unknown' };
}

export async function peekFirmware(file: Blob): Promise<FirmwareFacts> {
  return readFirmwareHeader(new Uint8Array(await file.slice(0, HEADER_PEEK).arrayBuffer()));
}
