// Refactorings at a selection as code actions need them. What they do: language/edits/extract.test.ts.
import { expect, test } from 'vitest';
import { refactorings } from '../../../src/language/edits/extract.ts';
import { marked } from '../marked.ts';

test('offers refactorings of a selection with the kinds code actions are filtered by', () => {
  const { analysis, ranges } = marked('SET A TO «5»\n');
  expect(refactorings(analysis.model, ranges[0] as { start: number; end: number })).toMatchObject([
    {
      title: 'Extract to input “InputValue”',
      kind: 'refactor.extract',
      edits: [{ start: 0, end: 0 }, ranges[0]],
    },
    { title: 'Extract to variable “Value”', kind: 'refactor.extract' },
  ]);
  const [output, , sensitive] = refactorings(analysis.model, { start: 4, end: 4 });
  expect(output).toMatchObject({ title: 'Make “A” an output', kind: 'refactor.rewrite' });
  expect(sensitive).toMatchObject({ title: 'Mark “A” as sensitive', kind: 'refactor.rewrite' });
});
