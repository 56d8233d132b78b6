// Formatting by golden files, and what must hold for any flow: nothing but blanks and letter case changes, and twice is once.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyEdits, type TextEdit } from '../../../src/language/edits/edit.ts';
import { formatEdits, typingEdits } from '../../../src/language/edits/format.ts';
import { parse } from '../../../src/language/syntax/parser.ts';
import { unmarked } from '../../server/marked.ts';
import { anyText } from '../robinText.ts';
import { untidyFlow } from '../untidyFlow.ts';
import { meaningOf } from './meaning.ts';

const folder = new URL('../../fixtures/format/', import.meta.url);
const fixture = (name: string) => readFileSync(new URL(name, folder), 'utf8');
const format = (text: string) => applyEdits(text, formatEdits(parse(text)));

describe('the layout', () => {
  const names = readdirSync(folder).filter((name) => name.endsWith('.robin'));
  test.each(names)('of %s', (name) => {
    const golden = name.replace('.robin', '.formatted');
    const formatted = format(fixture(name));
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(new URL(golden, folder), formatted);
    expect(formatted).toBe(fixture(golden));
    expect(format(formatted)).toBe(formatted);
  });

  test('of what the designer writes stays, with its rows at the start of the line and its blanks at the end', () => {
    expect(formatEdits(parse(fixture('designer.robin')))).toEqual([]);
  });

  test('of the same rows written elsewhere follows the nesting', () => {
    const text =
      "LOOP FROM 1 TO 2\n@@a: '1'\n@@b: '2'\nCALL Note\n  BLOCK x\nON BLOCK ERROR\nEND\nCALL Note\nEND\nEND\n";
    expect(format(text)).toBe(
      "LOOP FROM 1 TO 2\n    @@a: '1'\n    @@b: '2'\n    CALL Note\n    BLOCK x\n    ON BLOCK ERROR\n    END\n        CALL Note\n    END\nEND\n",
    );
  });

  test.each([
    ['no line end at the end', 'SET A TO 1', 'SET A TO 1'],
    ['mixed line ends', 'set A to 1\r\nset B to 2\rset C to 3\n', 'SET A TO 1\r\nSET B TO 2\rSET C TO 3\n'],
    ['blank lines: two at most', 'CALL a\n\n\n\n \nCALL b\n\n\n', 'CALL a\n\n\nCALL b\n\n\n'],
    ['aligned comments', 'SET A TO 1     # one\nSET BB TO 2#two', 'SET A TO 1     # one\nSET BB TO 2 #two'],
    ['a text of several lines', "  SET A TO $'''a  \n   b  '''  \n", "SET A TO $'''a  \n   b  '''\n"],
    ['names as they are spelled', 'SET input TO Output.count + MyVar', 'SET input TO Output.count + MyVar'],
    ['the attachment', 'CALL  a\n\n# [ControlRepository]\n\n{  }', 'CALL a\n\n# [ControlRepository]\n\n{  }'],
    ['a slice and a sign', 'SET A TO B[ 1 : -2 ]-1', 'SET A TO B[1:-2] - 1'],
    ['condition functions', 'IF isempty( A )or not(b) THEN\nEND', 'IF IsEmpty(A) OR NOT(b) THEN\nEND'],
  ])('keeps or mends: %s', (_, text, expected) => {
    expect(format(text)).toBe(expected);
  });

  test('of a range touches only the range', () => {
    const { text, ranges } = unmarked('set A to 1\n«  set B to  2\n»  set C to 3\n');
    expect(applyEdits(text, formatEdits(parse(text), ranges))).toBe('set A to 1\nSET B TO 2\n  set C to 3\n');
  });
});

describe('formatting any flow', () => {
  const anyFlow = fc.oneof({ weight: 2, arbitrary: untidyFlow }, { weight: 1, arbitrary: anyText });

  test('changes blanks and letter case only, keeps the meaning, and has nothing left to do', () => {
    fc.assert(
      fc.property(anyFlow, (text) => {
        const before = parse(text);
        const formatted = format(text);
        const after = parse(formatted);
        expect(meaningOf(after)).toEqual(meaningOf(before));
        expect(essence(formatted)).toEqual(essence(text));
        expect(format(formatted)).toBe(formatted);
      }),
      { numRuns: 1_500 },
    );
  });

  test('gives edits in order that touch neither texts nor comments', () => {
    fc.assert(
      fc.property(anyFlow, (text) => {
        const file = parse(text);
        const edits = formatEdits(file);
        for (const [index, edit] of edits.entries()) {
          expect(edit.start).toBeGreaterThanOrEqual(edits[index - 1]?.end ?? 0);
          expect(edit.text).not.toBe(text.slice(edit.start, edit.end));
        }
        const kept = [...file.tokens].filter(({ kind }) => !/space|newline|word/.test(kind));
        expect(kept.filter((token) => edits.some((edit) => touches(edit, token)))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('in a range leaves the rest as it was', () => {
    fc.assert(
      fc.property(anyFlow, fc.nat(), fc.nat(), (text, one, other) => {
        const start = Math.min(one, other) % (text.length + 1);
        const end = Math.max(start, Math.max(one, other) % (text.length + 1));
        for (const edit of formatEdits(parse(text), [{ start, end }])) {
          expect(edit.start).toBeGreaterThanOrEqual(start);
          expect(edit.end).toBeLessThanOrEqual(end);
        }
      }),
      { numRuns: 500 },
    );
  });
});

test('the comparison of meanings sees a difference', () => {
  const meaning = (text: string) => meaningOf(parse(text));
  expect(meaning('set a to File.X.Y')).toEqual(meaning('SET A TO   file.x.y'));
  expect(meaning("SET A TO 'x'")).not.toEqual(meaning("SET A TO 'X'"));
  expect(meaning('SET A TO 1 - 1')).not.toEqual(meaning('SET A TO 1 + 1'));
  expect(meaning('IF A THEN\nCALL b\nEND')).not.toEqual(meaning('IF A THEN\nEND\nCALL b'));
});

describe('while typing', () => {
  /** The text behind the edits, with the caret still marked. */
  const typed = (source: string, key: string) => {
    const { text, caret } = unmarked(source);
    const edits = typingEdits(parse(text), caret, key);
    // An insertion at the caret moves it along.
    const moved = edits
      .filter(({ end }) => end <= caret)
      .reduce((at, edit) => at + edit.text.length - (edit.end - edit.start), caret);
    const result = applyEdits(text, edits);
    return `${result.slice(0, moved)}<|>${result.slice(moved)}`;
  };

  test.each([
    ['an IF', 'if A then\n<|>', 'IF A THEN\n    <|>'],
    [
      'an IF inside a loop',
      'LOOP FROM 1 TO 2\n    IF A THEN\n    <|>\nEND',
      'LOOP FROM 1 TO 2\n    IF A THEN\n        <|>\nEND',
    ],
    ['a CASE', 'SWITCH A\n    CASE = 1\n<|>\nEND', 'SWITCH A\n    CASE = 1\n        <|>\nEND'],
    ['an action', '    call  Note\n    <|>\n', 'CALL Note\n<|>\n'],
    ['an END', 'IF A THEN\n    END\n    <|>', 'IF A THEN\nEND\n<|>'],
    ['ON ERROR', 'CALL Note\nON ERROR\n<|>', 'CALL Note\nON ERROR\n    <|>'],
    ['half a line', 'IF A THEN\nset B to\n<|>', 'IF A THEN\n    set B to\n    <|>'],
    ['FUNCTION', 'FUNCTION f GLOBAL\n<|>\nEND FUNCTION', 'FUNCTION f GLOBAL\n    <|>\nEND FUNCTION'],
    ['what moves down', 'IF A THEN\n<|>CALL b\nEND', 'IF A THEN\n    <|>CALL b\nEND'],
    ['a line of a text', "SET A TO $'''a\n<|>b'''", "SET A TO $'''a\n<|>b'''"],
    ['a line of a comment', '/# a\n<|> #/', '/# a\n<|> #/'],
  ])('a line break behind %s', (_, before, after) => {
    expect(typed(before, '\n')).toBe(after);
  });

  test.each([
    ['END', 'd', 'IF A THEN\n    CALL b\n    end<|>', 'IF A THEN\n    CALL b\nend<|>'],
    ['ELSE', 'E', 'IF A THEN\n    ELSE<|>\nEND', 'IF A THEN\nELSE<|>\nEND'],
    [
      'CASE',
      'E',
      'SWITCH A\n    CASE = 1\n        CALL b\n        CASE<|>\nEND',
      'SWITCH A\n    CASE = 1\n        CALL b\n    CASE<|>\nEND',
    ],
    ['DEFAULT', 'T', 'SWITCH A\n        DEFAULT<|>\nEND', 'SWITCH A\n    DEFAULT<|>\nEND'],
    ['END FUNCTION', 'N', 'FUNCTION f GLOBAL\n    END FUNCTION<|>', 'FUNCTION f GLOBAL\nEND FUNCTION<|>'],
    [
      'a name that ends alike',
      'd',
      'IF A THEN\n        SET B TO Send<|>\nEND',
      'IF A THEN\n        SET B TO Send<|>\nEND',
    ],
    ['a text that ends alike', 'd', "    SET A TO $'''\n end<|>'''", "    SET A TO $'''\n end<|>'''"],
  ])('the last letter of %s', (_, key, before, after) => {
    expect(typed(before, key)).toBe(after);
  });
});

/** What formatting must keep: every sign but blanks outside of texts, in capitals. */
function essence(text: string): string[] {
  return [...parse(text).tokens]
    .filter(({ kind }) => kind !== 'space' && kind !== 'newline')
    .map(({ kind, start, end }) => {
      const written = text.slice(start, end);
      return kind === 'word' ? written.toUpperCase() : written;
    });
}

function touches(edit: TextEdit, token: { readonly start: number; readonly end: number }): boolean {
  return edit.start < token.end && edit.end > token.start;
}
