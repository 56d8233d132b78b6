// Every code that a shell, the agent, the queue or the link can give is explained in docs/errors.md. (Those of flows: see
// language/checks/codes.test.ts and runtime/codes.test.ts.)
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

it('docs/errors.md explains every code', () => {
  const used = new Set<string>();
  for (const folder of ['agent', 'cli', 'extension', 'launch', 'orchestration', 'protocol', 'server']) {
    for (const entry of readdirSync(join(root, 'src', folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
      for (const [, code] of text.matchAll(/(?:new ProductError\(|\bcode: )\s*'([A-Z]\w+)'/g))
        used.add(code as string);
    }
  }
  expect(used.size).toBeGreaterThan(45);
  const explained = new Set(
    [...readFileSync(join(root, 'docs', 'errors.md'), 'utf8').matchAll(/^\| `(\w+)`/gm)].map(
      (match) => match[1],
    ),
  );
  expect([...used].filter((code) => !explained.has(code))).toEqual([]);
});
