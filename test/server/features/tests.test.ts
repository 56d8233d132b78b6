// What the language server says of files of tests: which tests they have, what completion and lenses offer there.
import { describe, expect, it } from 'vitest';
import { noSurroundings } from '../../../src/language/analysis/surroundings.ts';
import { codeLensesOf } from '../../../src/server/features/codeLens.ts';
import { completionsAt } from '../../../src/server/features/completion.ts';
import { actionDescription } from '../../../src/server/features/describe.ts';
import { testsIn } from '../../../src/server/features/tests.ts';
import { Analysis } from '../../../src/server/workspace.ts';

const analysed = (text: string, isTest: boolean) =>
  new Analysis({ uri: 'file:///a.robin', version: 1, getText: () => text }, 'a', {
    surroundings: { ...noSurroundings, isTest },
  });
const labels = (text: string, isTest: boolean) =>
  completionsAt(analysed(text, isTest), text.length, { snippets: true, sharedRange: false })?.items.map(
    ({ label }) => label,
  ) ?? [];

it('the tests of a text, without a file', () => {
  expect(testsIn({ text: "FUNCTION 'a b' GLOBAL\nEND FUNCTION\nFUNCTION c\nEND FUNCTION\n" })).toEqual({
    tests: [{ name: 'a b', line: 0, endLine: 1 }],
  });
  expect(testsIn({ text: `${'# long\n'.repeat(3_000_000)}FUNCTION a GLOBAL\nEND FUNCTION\n` })).toEqual({
    tests: [],
  });
});

describe('completion', () => {
  it('offers the actions of tests in files of tests only, before the others', () => {
    expect(labels('Test.', true)).toEqual(expect.arrayContaining(['Test.RunFlow', 'Test.ExpectEqual']));
    expect(labels('Test.', false)).toEqual([]);
    expect(labels('Expect', true)).toContain('Test.ExpectEqual');
    expect(labels('Expect', false)).not.toContain('Test.ExpectEqual');
  });

  it('offers their arguments', () => {
    expect(labels('Test.ExpectEqual Actual: 1 ', true)).toEqual(
      expect.arrayContaining(['Expected', 'Message']),
    );
  });
});

it('an action of tests has a description', () => {
  expect(actionDescription('Test.RunFlow')).toContain('| `FlowPath` |');
});

it('lenses neither run nor debug a file of tests, and count no references to tests', () => {
  const text = 'SET a TO 1\nFUNCTION t GLOBAL\nCALL s\nEND FUNCTION\nFUNCTION s\nEND FUNCTION\n';
  const lines = (isTest: boolean) =>
    codeLensesOf(analysed(text, isTest), { run: true, references: true }).map(
      ({ range }) => range.start.line,
    );
  expect([lines(true), lines(false)]).toEqual([[4], [0, 0, 1, 4]]);
});
