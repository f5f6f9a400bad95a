import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { en } from './problemTexts';

const SOURCES = join(import.meta.dirname, '../../../../src/stratus');
// Only devices and gateways are answered these.
const OF_DEVICES = [
  'certificate_expired',
  'certificate_revoked',
  'delta_pending',
  'grace_over',
  'id_taken',
  'signature_required',
  'wrong_model',
];

/** The third argument of `fail(ErrorCode::conflict, "…", "code")`. */
function codesOf(source: string): string[] {
  return [...source.matchAll(/fail\(\s*ErrorCode::\w+,[^;]*?,\s*"([a-z]+(?:_[a-z]+)*)"\)/g)].map((match) => match[1]!);
}

test('every code that the server gives a refusal is said in words', () => {
  const codes = new Set<string>();
  for (const module of ['server', 'db', 'crypto', 'rollout']) {
    for (const name of readdirSync(join(SOURCES, module))) {
      if (!name.endsWith('.cpp') || name.endsWith('_test.cpp')) continue;
      codesOf(readFileSync(join(SOURCES, module, name), 'utf8')).forEach((code) => codes.add(code));
    }
  }
  expect(codes.size).toBeGreaterThan(20);
  expect([...codes].filter((code) => !(code in en) && !OF_DEVICES.includes(code))).toEqual([]);
});
