// Text → tree → text without a changed byte, for any text.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from '../../../src/language/syntax/parser.ts';
import { print } from '../../../src/language/syntax/printer.ts';
import type { FlowFile } from '../../../src/language/syntax/tree.ts';
import { anyText } from '../robinText.ts';

/** Every object of a tree with a place in the text. */
function* nodesOf(value: unknown): Generator<{ start: number; end: number }> {
  if (value === null || typeof value !== 'object') return;
  if ('start' in value && 'end' in value) yield value as { start: number; end: number };
  for (const child of Object.values(value)) yield* nodesOf(child);
}

describe('print', () => {
  test('gives back any text exactly', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(print(parse(text))).toBe(text);
      }),
      { numRuns: 3_000 },
    );
  });

  test('shows when a tree lost a token or a line, so the property above can fail', () => {
    const file = parse("SET A TO 1\nSET B TO $'''x'''\n");
    const lost = (change: Partial<FlowFile['lines']>): FlowFile => ({
      ...file,
      lines: {
        length: file.lines.length,
        role: (i) => file.lines.role(i),
        tokenStart: (i) => file.lines.tokenStart(i),
        tokenEnd: (i) => file.lines.tokenEnd(i),
        ...change,
      },
    });
    expect(print(lost({}))).toBe(file.text);
    expect(print(lost({ tokenStart: (i) => file.lines.tokenStart(i) + 1 }))).toBe(
      " A TO 1\n B TO $'''x'''\n",
    );
    expect(print(lost({ tokenEnd: (i) => file.lines.tokenEnd(i) - 1 }))).toBe("SET A TO 1SET B TO $'''x'''");
    expect(print(lost({ length: 1 }))).toBe('SET A TO 1\n');
  });
});

describe('the tree of any text', () => {
  test('owns each token once, places every node inside the text and every problem too', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { lines, tokens, main, subflows, header, diagnostics } = parse(text);
        let at = 0;
        for (let i = 0; i < lines.length; i++) {
          expect(lines.tokenStart(i)).toBe(at);
          expect(lines.tokenEnd(i)).toBeGreaterThan(at);
          at = lines.tokenEnd(i);
        }
        expect(at).toBe(tokens.length);
        for (const { start, end } of nodesOf([main, subflows, header, diagnostics])) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeGreaterThanOrEqual(start);
          expect(end).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('says what each line is', () => {
    const text =
      "@@Type: 'Local'\nIMPORT 'a' AS b\n\n# c\nIF A THEN\nELSE\nEND\nDISABLE x\n?\nFUNCTION f GLOBAL\nEND FUNCTION\n# [ControlRepository]\n{}";
    const { lines } = parse(text);
    expect(Array.from({ length: lines.length }, (_, i) => lines.role(i))).toEqual([
      'meta',
      'header',
      'blank',
      'comment',
      'statement',
      'clause',
      'clause',
      'disabled',
      'error',
      'subflow',
      'subflow',
      'attachment',
    ]);
  });
});
