// Formatting as the editor asks for it: document, ranges, while typing. The layout itself: language/edits/format.test.ts.
import { expect, test } from 'vitest';
import type { TextEdit } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { formatDocument, formatRanges, formatTyped } from '../../../src/server/features/formatting.ts';
import { marked } from '../marked.ts';

const applied = (text: string, edits: TextEdit[]) =>
  TextDocument.applyEdits(TextDocument.create('file:///a.robin', 'robin', 1, text), edits);

test('formats a document, several ranges of it, or what was just typed', () => {
  const source = 'if A then\n«set B to  1\n»set C to  2\n«set D to  3\n»end';
  const { analysis, ranges, text } = marked(source);
  const positions = ranges.map(({ start, end }) => ({
    start: analysis.lines.position(start),
    end: analysis.lines.position(end),
  }));
  expect(applied(text, formatDocument(analysis))).toBe(
    'IF A THEN\n    SET B TO 1\n    SET C TO 2\n    SET D TO 3\nEND',
  );
  expect(applied(text, formatRanges(analysis, positions))).toBe(
    'if A then\n    SET B TO 1\nset C to  2\n    SET D TO 3\nend',
  );
  expect(applied(text, formatRanges(analysis, positions.slice(1)))).toBe(
    'if A then\nset B to  1\nset C to  2\n    SET D TO 3\nend',
  );
  expect(applied(text, formatTyped(analysis, { line: 2, character: 0 }, '\n'))).toBe(
    'if A then\n    SET B TO 1\n    set C to  2\nset D to  3\nend',
  );
});

test('keeps line ends and counts columns in UTF-16', () => {
  const { analysis, text } = marked("SET A TO $'''🎈''' +  1\r\nSET B TO  2\r");
  expect(applied(text, formatDocument(analysis))).toBe("SET A TO $'''🎈''' + 1\r\nSET B TO 2\r");
});
