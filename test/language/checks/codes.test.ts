// docs/errors.md explains every code of the language layer, and none that no longer exists.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const source = new URL('../../../src/language/', import.meta.url);
const reported =
  /(?:\b(?:drop|error|warning|unsupported|incomplete|reserved)|new ProductError)\(\s*'([A-Z]\w+)'/g;

test('every code the language layer can report is on the page, and the other way round', () => {
  const codes = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [...readFileSync(new URL(name, source), 'utf8').matchAll(reported)])
    .map((match) => match[1]);
  const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  const sections = page.split(/^## /m).filter((section) => /^(?:Text|Meaning|Inputs)\b/.test(section));
  const documented = sections
    .flatMap((section) => [...section.matchAll(/^\| `(\w+)`/gm)])
    .map((match) => match[1]);
  expect(new Set(codes).size).toBeGreaterThan(70);
  expect([...new Set(codes)].sort()).toEqual(documented.sort());
});
