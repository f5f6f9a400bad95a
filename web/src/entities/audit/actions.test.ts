import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ACTIONS_EN } from './actions';

const SERVER = `${import.meta.dirname}/../../../../src/stratus/server`;

// An action that is added there fails here.
test('every action that the server writes into the audit log by its name has words', () => {
  const sources = readdirSync(SERVER).filter((name) => name.endsWith('.cpp') && !name.endsWith('_test.cpp'));
  const text = sources.map((name) => readFileSync(`${SERVER}/${name}`, 'utf8')).join('\n');
  const written = [...text.matchAll(/\brecord\([^;]*?"([a-z_]+\.[a-z_]+)"/g)].map((match) => match[1]!);
  expect(written.length).toBeGreaterThan(15);
  expect(written.filter((action) => !(action.replace('.', '_') in ACTIONS_EN))).toEqual([]);
});
