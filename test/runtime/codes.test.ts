// docs/errors.md explains every code that a running flow can end with, and none that no longer exists.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const source = join(root, 'src', 'runtime');
const raised =
  /new (?:Action|Logic|Product)Error\(\s*'([A-Z]\w+)'|new Failure\(\s*'([A-Z]\w+)'|\bcode: '([A-Z]\w*[a-z]\w*)'/g;
/** Actions hand their codes on by name: every text of this form is one, except the names of error classes. */
const named = /(?<!\bname = |\.name === )'([A-Z]\w+Error)'/g;

test('every code of the runtime is on the page, and the other way round', () => {
  const used = new Set<string>();
  for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
    for (const match of text.matchAll(raised)) used.add(match.slice(1).find(Boolean) as string);
    if (/[\\/]actions(?:[\\/]|$)/.test(entry.parentPath))
      for (const [, code] of text.matchAll(named)) used.add(code as string);
  }
  const sections = readFileSync(join(root, 'docs', 'errors.md'), 'utf8').split(/^## /m);
  const explained = sections
    .filter((section) => /^(?:Running a flow|Errors of actions)\b/.test(section))
    .flatMap((section) => [...section.matchAll(/^\| `(\w+)`/gm)])
    .map((match) => match[1] as string);
  const elsewhere = ['FlowHasErrors', 'InternalError', 'RunStopped'];
  expect(used.size).toBeGreaterThan(80);
  expect([...used].sort()).toEqual([...explained, ...elsewhere].sort());
});
