import { expect, test } from 'vitest';

type Texts = { [key: string]: string | Texts };
const modules = import.meta.glob<{ en?: Texts; ko?: Texts }>(
  ['../**/i18n.ts', '../**/*Texts.ts', '../features/**/*.tsx', '!../shared/i18n/*'],
  { eager: true },
);

function flat(texts: Texts, prefix = ''): [string, string][] {
  return Object.entries(texts).flatMap(([key, text]) =>
    typeof text === 'string' ? [[prefix + key, text] as [string, string]] : flat(text, `${prefix}${key}.`),
  );
}
const placeholders = (text: string) => [...text.matchAll(/\{\{(\w+)/g)].map((match) => match[1]).sort();

const namespaces = Object.entries(modules).filter(([, module]) => module.en && module.ko);

test('there are texts to compare', () => {
  expect(namespaces.length).toBeGreaterThan(20);
});

test.each(namespaces)('%s: both languages name the same values and leave nothing empty', (_, module) => {
  const korean = new Map(flat(module.ko as Texts));
  for (const [key, english] of flat(module.en as Texts)) {
    const text = korean.get(key);
    expect(text, key).toBeTruthy();
    expect(english, key).toBeTruthy();
    // Plural forms may leave out the count ("one row").
    if (!/_(one|other)$/.test(key)) expect(placeholders(text as string), key).toEqual(placeholders(english));
  }
});
