// After `vite build`: beside each file of dist that shrinks by it, FILE.br and FILE.gz, for the server to send as they are.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = resolve(import.meta.dirname, '../dist');
for (const name of readdirSync(dist, { recursive: true })) {
  const file = join(dist, name);
  // index.html gets another nonce in every answer.
  if (!statSync(file).isFile() || !/\.(js|css|svg|json)$/.test(name)) continue;
  const data = readFileSync(file);
  const options = { params: { [constants.BROTLI_PARAM_SIZE_HINT]: data.length } };
  for (const [ending, packed] of [
    ['.br', brotliCompressSync(data, options)],
    ['.gz', gzipSync(data, { level: 9 })],
  ]) {
    if (packed.length < data.length * 0.9) writeFileSync(file + ending, packed);
  }
}
