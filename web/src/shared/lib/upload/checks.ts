import type { FirmwareFacts } from './firmwareHeader';

/** Something wrong with a chosen file, said before it is sent. `block`: sending it makes no sense. */
export interface Finding {
  code:
    | 'extension'
    | 'empty'
    | 'slot'
    | 'chip'
    | 'merged'
    | 'cut_short'
    | 'version_taken'
    | 'same_bytes'
    | 'version_differs';
  values: Record<string, string | number>;
  block: boolean;
}

export const FIRMWARE_EXTENSIONS = [
  '.bin',
  '.hex',
  '.img',
  '.elf',
  '.uf2',
  '.swu',
  '.raucb',
  '.mender',
  '.zip',
  '.gz',
  '.xz',
  '.zst',
] as const;
export const PICTURE_EXTENSIONS = ['.png', '.jpg', '.jpeg', '.gif', '.webp', '.bmp'] as const;

export function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot).toLowerCase() : '';
}

export function checkExtension(name: string, allowed: readonly string[]): Finding[] {
  if (allowed.includes(extensionOf(name))) return [];
  return [{ code: 'extension', values: { name, allowed: allowed.join(' ') }, block: true }];
}

interface Known {
  name: string;
  version: string;
  digest: string;
}

interface Candidate {
  name: string;
  version: string;
  size: number;
  /** Bytes of the smallest slot that it goes into; 0: not known. */
  slot: number;
  classes: readonly string[];
  facts?: FirmwareFacts;
  digest?: string;
}

const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

const bare = (version: string) => plain(version.replace(/^v/i, ''));

/** What is wrong with a firmware, of what is known so far. `known`: versions of the same name that exist. */
export function checkFirmware(one: Candidate, known: readonly Known[]): Finding[] {
  const found: Finding[] = [];
  const add = (code: Finding['code'], block: boolean, values: Finding['values'] = {}) =>
    found.push({ code, values, block });
  if (one.size === 0) add('empty', true);
  if (one.slot > 0 && one.size > one.slot) add('slot', true, { size: one.size, slot: one.slot });
  const taken = known.find(({ name, version }) => name === one.name && version === one.version);
  if (taken) add('version_taken', true, { name: one.name, version: one.version });
  const same = one.digest && known.find(({ digest }) => digest === one.digest);
  if (same && same !== taken) add('same_bytes', false, { name: same.name, version: same.version });
  const { facts } = one;
  if (facts?.expected && one.size < facts.expected)
    add('cut_short', true, { size: one.size, expected: facts.expected });
  if (facts?.kind === 'esp-merged') add('merged', false);
  const chip = facts?.chip;
  const families = one.classes.filter((name) => plain(name).includes('esp32'));
  // A class that names another chip of the family; classes that name none say nothing of it.
  if (chip && families.length > 0 && !families.some((name) => chipOf(name) === plain(chip))) {
    add('chip', true, { chip, classes: families.join(', ') });
  }
  if (facts?.version && one.version && bare(facts.version) !== bare(one.version)) {
    add('version_differs', false, { file: facts.version, version: one.version });
  }
  return found;
}

function chipOf(name: string): string {
  return /esp32(?:s[23]|c(?:61|[2356])|h2|p4)?/.exec(plain(name))?.[0] ?? '';
}
