import { sha256 } from '@noble/hashes/sha2.js';

const SLICE = 1 << 20; // bytes hashed before the page gets its turn

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** `sha256:…` of a file of any size, read piece by piece. `onProgress` gets the bytes done. */
export async function hashFile(
  file: Blob,
  signal?: AbortSignal,
  onProgress?: (bytes: number) => void,
): Promise<string> {
  const hash = sha256.create();
  for (let at = 0; at < file.size; at += SLICE) {
    signal?.throwIfAborted();
    hash.update(new Uint8Array(await file.slice(at, at + SLICE).arrayBuffer()));
    onProgress?.(Math.min(file.size, at + SLICE));
  }
  return `sha256:${hex(hash.digest())}`;
}
