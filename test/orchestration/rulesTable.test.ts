// The table of rules: every row of the oldest documents is kept by code that cites it and by a test that is named after it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { citationsIn, findRules, isOurs, readRows, rulesPage, testsIn } from '../../scripts/rules/table.ts';

const rows = readRows();
const { citations, tests } = findRules();
const ours = rows.filter((row) => row.seed && isOurs(row));

test('no row stands there twice', () => {
  const ids = rows.map(({ id }) => id);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test.each(ours.map(({ id }) => id))('%s has a rule and a test', (id) => {
  expect(citations.filter((citation) => citation.id === id)).not.toEqual([]);
  expect(tests.filter((named) => named.id === id)).not.toEqual([]);
});

test('what the product leaves out says why, and is named by no test', () => {
  const left = rows.filter((row) => !isOurs(row));
  for (const { where } of left) expect(where).toMatch(/: .{20,}/);
  expect(left.filter(({ id }) => tests.some((named) => named.id === id))).toEqual([]);
});

test('nothing cites a row that does not exist', () => {
  const known = new Set(rows.map(({ id }) => id));
  expect([...citations, ...tests].filter(({ id }) => !known.has(id))).toEqual([]);
});

test('docs/rules.md is current (node scripts/rules/table.ts writes it)', () => {
  expect(readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'rules.md'), 'utf8')).toBe(rulesPage());
});

describe('a citation', () => {
  const at = (text: string) =>
    citationsIn('file.ts', text).map(({ id, declaration }) =>
      declaration === '' ? id : `${id} ${declaration}`,
    );

  it('belongs to what its comment stands before, or else to what it is in', () => {
    expect(
      at(
        [
          '// Of the file (rule Q-1).',
          "import { x } from './x.ts';",
          '',
          '/**',
          ' * As rule Q-2 says.',
          ' */',
          'export function f(',
          '  a: string,',
          '): void {',
          '  if (a) {',
          '    // Rule Q-4.',
          '    g();',
          '  }',
          '}',
          '',
          'interface I {',
          '  /** Rules Q-5, Q-6. */',
          '  readonly member: string;',
          '}',
          '',
          'class C {',
          '  async #work(): Promise<void> {',
          '    // Rule Q-7.',
          '    const held = 1;',
          '  }',
          '}',
        ].join('\n'),
      ),
    ).toEqual(['Q-1', 'Q-2 f', 'Q-4 f', 'Q-5 I.member', 'Q-6 I.member', 'Q-7 C.#work.held']);
  });

  it('may name several rows, and runs of them, over two lines', () => {
    expect(at('/** (rules MODE-3 to MODE-5, C1 and\n * Q-2) */\nconst a = 1;')).toEqual(
      ['MODE-3', 'MODE-4', 'MODE-5', 'C1', 'Q-2'].map((id) => `${id} a`),
    );
  });

  it('is none outside of comments, nor for other rules', () => {
    expect(at("const text = 'rule Q-1';\n// The rule of Q-1, rule Quick-1, rules.\nconst b = 2;")).toEqual(
      [],
    );
  });
});

test('a test is named after a row where its name begins with it', () => {
  const named = testsIn(
    'file.test.ts',
    `test('Q-1, Q-2: order', …); it("MNT-1: off", …); it('order (Q-3): no', …)`,
  );
  expect(named.map(({ id, name }) => `${id} ${name}`)).toEqual([
    'Q-1 Q-1, Q-2: order',
    'Q-2 Q-1, Q-2: order',
    'MNT-1 MNT-1: off',
  ]);
});
