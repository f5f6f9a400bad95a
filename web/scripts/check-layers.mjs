// Feature-Sliced 2.1, checked: app > pages > features > entities > shared. A file imports only from layers below
// its own, and never from another slice of its layer (folders of `app` and `shared` are no slices).
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const LAYERS = ['shared', 'entities', 'features', 'pages', 'app'];
const SLICED = new Set(['entities', 'features', 'pages']);
const source = resolve(import.meta.dirname, '../src');

const place = (file) => {
  const [layer, slice] = relative(source, file).split('/');
  return { layer, slice: slice?.replace(/\.tsx?$/, ''), rank: LAYERS.indexOf(layer) };
};

const findings = [];
for (const name of readdirSync(source, { recursive: true })) {
  if (!/\.tsx?$/.test(name)) continue;
  const file = join(source, name);
  const from = place(file);
  if (from.rank < 0) continue; // main.tsx
  const text = readFileSync(file, 'utf8');
  for (const match of text.matchAll(/(?:from\s+|import\s*\(?\s*)['"]([^'"]+)['"]/g)) {
    const path = match[1];
    const target = path.startsWith('@/')
      ? join(source, path.slice(2))
      : path.startsWith('.')
        ? resolve(dirname(file), path)
        : null;
    if (!target) continue;
    const to = place(target);
    if (to.rank > from.rank) findings.push(`${name}: ${from.layer} must not import ${to.layer} (${path})`);
    else if (to.rank === from.rank && SLICED.has(to.layer) && to.slice !== from.slice)
      findings.push(`${name}: ${from.layer}/${from.slice} must not import its neighbour ${to.slice} (${path})`);
  }
}
if (findings.length) {
  console.error(findings.join('\n'));
  process.exit(1);
}
