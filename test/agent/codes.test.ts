// Every code of an expected failure, in whatever part of the product, is explained in docs/errors.md, once. (Diagnostics have pages of
// their own: language/checks/pages.test.ts. What a run of a flow can end with: runtime/codes.test.ts.)
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

it('docs/errors.md explains every code', () => {
  const used = new Set<string>();
  for (const folder of readdirSync(join(root, 'src'))) {
    const others = folder === 'language' || folder === 'runtime' ? '' : '|\\bcode: ';
    const codes = new RegExp(`(?:new ProductError\\(${others})\\s*'([A-Z]\\w+)'`, 'g');
    for (const entry of readdirSync(join(root, 'src', folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
      for (const [, code] of text.matchAll(codes)) used.add(code as string);
    }
  }
  expect(used.size).toBeGreaterThan(60);
  const page = readFileSync(join(root, 'docs', 'errors.md'), 'utf8');
  const explained = [...page.matchAll(/^\| `(\w+)`/gm)].map(([, code]) => code as string);
  expect([...used].filter((code) => !explained.includes(code))).toEqual([]);
  expect(explained.filter((code, index) => explained.indexOf(code) !== index)).toEqual([]);
});
