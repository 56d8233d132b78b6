// Golden trees: every text in test/fixtures/parser has a .tree beside it. ok/: no problems. err/: at least one.
// A missing .tree is created (look at it!), except in CI; UPDATE_GOLDEN=1 rewrites all; a difference leaves an .actual for comparison.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from '../../../src/language/syntax/parser.ts';
import { print } from '../../../src/language/syntax/printer.ts';
import { dumpTree } from './dumpTree.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/parser');

for (const kind of ['ok', 'err'] as const) {
  describe(`parser/${kind}`, () => {
    const folder = join(fixtures, kind);
    for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.robin'))) {
      test(name.slice(0, -'.robin'.length).replace(/^\d+_/, '').replaceAll('_', ' '), () => {
        const text = readFileSync(join(folder, name), 'utf8');
        const file = parse(text);
        const tree = dumpTree(file);
        if (kind === 'ok') expect(file.diagnostics).toEqual([]);
        else expect(file.diagnostics).not.toEqual([]);
        expect(print(file)).toBe(text);

        const golden = join(folder, name.replace(/robin$/, 'tree'));
        const actual = `${golden}.actual`;
        const create = !existsSync(golden) && process.env.CI === undefined;
        if (process.env.UPDATE_GOLDEN === '1' || create) writeFileSync(golden, tree);
        const expected = readFileSync(golden, 'utf8').replaceAll('\r\n', '\n');
        if (tree === expected) rmSync(actual, { force: true });
        else writeFileSync(actual, tree);
        expect(tree).toBe(expected);
      });
    }
  });
}
