// Expand selection, step by step, from a caret.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rangesAround, selectionRangeAt } from '../../../src/server/features/selectionRanges.ts';
import { anyText } from '../../language/robinText.ts';
import { untidyFlow } from '../../language/untidyFlow.ts';
import { analysed, marked } from '../marked.ts';

/** The steps from the caret outwards, as the text they select. */
function steps(source: string): string[] {
  const { analysis, caret, text } = marked(source);
  return rangesAround(analysis, caret).map(({ start, end }) => text.slice(start, end));
}

describe('expanding the selection', () => {
  test('goes from the word over expressions, argument and line to the file', () => {
    expect(
      steps("SET A TO 1\nText.Trim Text: $'''x %Row['a'].Le<|>ngth + 1% y''' TrimmedText=> B\n"),
    ).toEqual([
      'Length',
      "Row['a'].Length",
      "Row['a'].Length + 1",
      "%Row['a'].Length + 1%",
      "x %Row['a'].Length + 1% y",
      "$'''x %Row['a'].Length + 1% y'''",
      "Text: $'''x %Row['a'].Length + 1% y'''",
      "Text.Trim Text: $'''x %Row['a'].Length + 1% y''' TrimmedText=> B",
      "SET A TO 1\nText.Trim Text: $'''x %Row['a'].Length + 1% y''' TrimmedText=> B",
      "SET A TO 1\nText.Trim Text: $'''x %Row['a'].Length + 1% y''' TrimmedText=> B\n",
    ]);
  });

  test('goes over the rules of a statement, its branch, its block and its subflow', () => {
    const source = [
      'FUNCTION f GLOBAL',
      '    IF A THEN',
      '        CALL g',
      '    ELSE',
      "        @@source: 'x'",
      '        Text.Trim Text: 1',
      '        ON ERROR',
      '            GO<|>TO x',
      '        END',
      '        CALL h',
      '    END',
      'END FUNCTION',
    ].join('\n');
    const lines = source.replace('<|>', '').split('\n');
    const from = (first: number, last: number) =>
      lines
        .slice(first, last + 1)
        .join('\n')
        .trim();
    expect(steps(source)).toEqual([
      'GOTO',
      'GOTO x',
      from(6, 7),
      from(6, 8),
      from(5, 8),
      from(4, 8),
      from(4, 9),
      from(3, 9),
      from(1, 10),
      from(0, 11),
    ]);
  });

  test('keeps code and attachment apart', () => {
    expect(steps('CALL <|>a\n\n# [ControlRepository]\n{}')).toEqual([
      'a',
      'CALL a',
      'CALL a\n\n# [ControlRepository]\n{}',
    ]);
  });

  test('ends with the whole text and contains the place before, everywhere in any text', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, untidyFlow), fc.nat(), (text, place) => {
        const analysis = analysed(text);
        const offset = place % (text.length + 1);
        let inner = { start: offset, end: offset };
        for (const range of rangesAround(analysis, offset)) {
          expect(range.start).toBeLessThanOrEqual(inner.start);
          expect(range.end).toBeGreaterThanOrEqual(inner.end);
          inner = range;
        }
        if (text !== '') expect(inner).toEqual({ start: 0, end: text.length });
        expect(selectionRangeAt(analysis, analysis.lines.position(offset)).range).toBeDefined();
      }),
      { numRuns: 500 },
    );
  });
});
