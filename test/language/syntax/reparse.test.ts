// After an edit the tree equals the one of the whole text, and what the edit did not touch is still the same objects.
import { describe, expect, test } from 'vitest';
import { parse, parseInPieces } from '../../../src/language/syntax/parser.ts';
import { print } from '../../../src/language/syntax/printer.ts';
import { reparse } from '../../../src/language/syntax/reparse.ts';
import type { FlowFile, Statement } from '../../../src/language/syntax/tree.ts';
import { eachStatement } from '../../../src/language/syntax/walk.ts';
import { Chance, edited, type SomeEdit, someEdit, someFlow } from '../flowText.ts';
import { difference } from '../sameTree.ts';

function after(file: FlowFile, edit: SomeEdit): FlowFile {
  const { start, end, text } = edit;
  return reparse(file, edited(file.text, edit), { start, oldEnd: end, newEnd: start + text.length });
}

function statementsOf(file: FlowFile): Statement[] {
  return [file.main, ...file.subflows.map((subflow) => subflow.body)].flatMap((body) =>
    [...eachStatement(body)].map(({ statement }) => statement),
  );
}

/** `before` with the text between « and » replaced; gives the statements that are no longer the same objects. */
function touched(before: string, inserted: string): { kinds: string[]; full: boolean } {
  const start = before.indexOf('«');
  const end = before.indexOf('»') - 1;
  const file = parse(before.replace(/[«»]/g, ''));
  const { main } = file;
  const known = new Set(statementsOf(file));
  const now = after(file, { start, end, text: inserted });
  expect(difference(now, parse(now.text))).toBeUndefined();
  return {
    kinds: statementsOf(now)
      .filter((statement) => !known.has(statement))
      .map(({ kind }) => kind),
    full: now.main !== main,
  };
}

test('thousands of random edits of random flows give what parsing gives', () => {
  let kept = 0;
  const flows = 250;
  for (let seed = 1; seed <= flows; seed++) {
    const chance = new Chance(seed);
    let file = parse(someFlow(chance));
    for (let step = 0; step < 12; step++) {
      const edit = someEdit(chance, file.text);
      const before = file.text;
      const { main } = file;
      file = after(file, edit);
      const expected = parse(file.text);
      const where = difference(file, expected);
      if (where !== undefined) {
        expect.fail(
          `seed ${seed}, step ${step}: ${where}\n${JSON.stringify(before)}\n${JSON.stringify(edit)}`,
        );
      }
      expect(print(file)).toBe(edited(before, edit));
      if (file.main === main) kept++;
    }
  }
  // Without this the test would be content with parsing everything anew.
  expect(kept).toBeGreaterThan(flows * 12 * 0.5);
});

describe('only what an edit touches is read again:', () => {
  const flow = (inside: string) =>
    `SET A TO 1\nIF A = 1 THEN\n    LOOP FROM 1 TO 9\n${inside}        SET Z TO 1\n    END\nELSE\n    SET E TO 1\nEND\nSET B TO 2\n`;

  test.each<[what: string, text: string, inserted: string, touched: string[]]>([
    ['a letter in a statement', flow('        SET C TO «»D\n'), 'x', ['Set']],
    ['a line broken in two', flow('        SET C TO D«»\n'), '\n        SET F TO 1', ['Set', 'Set']],
    ['a new line between two', flow('        SET C TO D\n«»'), '        EXIT LOOP\n', ['ExitLoop']],
    ['a line that goes', flow('«        SET C TO D\n»'), '', []],
    ['a comment', flow('        # no«»te\n'), 'x', []],
    ['a block with its END', flow('«»'), 'IF B THEN\nEXIT LOOP\nEND\n', ['If', 'ExitLoop']],
    ['the last line of a body', 'IF A THEN\n    SET B TO 1\n«»ELSE\nEND\n', '    SET C TO 1\n', ['Set']],
    ['a line in an empty body', 'IF A THEN\n«»END\nSET C TO 1\n', 'SET B TO 1\n', ['Set']],
    [
      'a line in a handler',
      'File.Delete Files: F\nON ERROR\n    SET «»A TO 1\nEND\nSET B TO 1\n',
      'x',
      ['Set'],
    ],
    [
      'error rules for the action above',
      'SET B TO 1\nFile.Delete Files: F\n«»SET C TO 1\n',
      'ON ERROR\nEND\n',
      ['Action'],
    ],
    [
      'a line of a block handler',
      'BLOCK\nON BLOCK ERROR\n    SET «»A TO 1\nEND\n    SET B TO 1\nEND\n',
      'x',
      ['Set'],
    ],
    [
      'a line of a block with handlers',
      'BLOCK\nON BLOCK ERROR\n    SET A TO 1\nEND\n    SET «»B TO 1\nEND\n',
      'x',
      ['Set'],
    ],
    [
      'a line of a subflow',
      'SET A TO 1\nFUNCTION f GLOBAL\n    SET «»B TO 1\n    SET C TO 1\nEND FUNCTION\nSET D TO 1\n',
      'x',
      ['Set'],
    ],
    ['a line behind a subflow', 'FUNCTION f GLOBAL\nEND FUNCTION\nSET «»D TO 1\n', 'x', ['Set']],
    ['a text over several lines', "SET A TO $'''a\nb«»\nc'''\nSET B TO 1\n", 'x\ny', ['Set']],
    ['a text that is not closed yet', "SET A TO $'''a«»\nSET B TO $'''b'''\n", 'x', ['Set']],
    ['annotations with their statement', "SET A TO 1\n@@k: '«»v'\nSET B TO 1\nSET C TO 1\n", 'x', ['Set']],
    ['a line above the attachment', 'SET A TO «»1\n\n# [ControlRepository]\n{}\n', '2', ['Set']],
    ['a comment that swallows lines', 'SET A TO 1\n«»SET B TO 1\n#/\n', '/# ', []],
    ['the end of a text begun above', "SET A TO '''x\nSET B TO 1\nSET C TO «»1\n", "'''", ['Set']],
    ['a line feed that joins a carriage return', 'SET A TO 1\r«»SET B TO 1\r', '\n', ['Set']],
    ['an ELSE', 'LOOP FROM 1 TO 2\nIF A THEN\n    SET B TO 1\n«»END\nEND\n', 'ELSE\n', ['If', 'Set']],
  ])('%s', (_, text, inserted, expected) => {
    expect(touched(text, inserted)).toEqual({ kinds: expected, full: false });
  });

  test.each<[what: string, text: string, inserted: string]>([
    ['a header line', "@INPUT «»A : { 'Type': 'String' }\nSET A TO 1\n", 'x'],
    ['an END that goes', 'IF A THEN\nSET B TO 1\n«END\n»SET C TO 1\n', ''],
    ['a text that swallows the next lines', "SET A TO 1«»\nSET B TO 1\nSET C TO '''\n", "'''"],
    ['the attachment', 'SET A TO 1\n# [ControlRepository]\n{«»}\n', '1'],
  ])('%s is left to the parser', (_, text, inserted) => {
    expect(touched(text, inserted).full).toBe(true);
  });
});

describe('what stands far from the edit has a say:', () => {
  test.each<[what: string, text: string, start: number, end: number, inserted: string]>([
    ['a second ELSE closed the SWITCH', 'IF\nELSE\nSWITCH\nCASE\nLABEL x\nELSE', 20, 29, 'x'],
    [
      'a second ELSE closed the error rules',
      'IF A THEN\nELSE\nA.B\nON ERROR\nLABEL x\nELSE\nEND',
      27,
      36,
      'x',
    ],
    ['error rules behind a subflow, a line above', 'D\ne.\nFUNCTION\nEND FUNCTION\nON ERROR', 1, 2, ''],
    ['error rules behind a subflow, metadata above', '@@\ne.\nFUNCTION\nEND FUNCTION\nON ERROR', 2, 2, 'x'],
  ])('%s', (_, text, start, end, inserted) => {
    const now = after(parse(text), { start, end, text: inserted });
    expect(difference(now, parse(now.text))).toBeUndefined();
  });
});

test('limits of the parser hold after edits, too', () => {
  const deep = `${'IF A THEN\n'.repeat(999)}SET B TO 1\n${'END\n'.repeat(999)}`;
  const at = deep.indexOf('SET');
  for (const text of ['IF C THEN\nEND\n', 'IF C THEN\nIF D THEN\nEND\nEND\n', 'nonsense\n'.repeat(1_200)]) {
    const now = after(parse(deep), { start: at, end: at, text });
    expect(difference(now, parse(now.text))).toBeUndefined();
    const back = after(now, { start: at, end: at + text.length, text: '' });
    expect(difference(back, parse(deep))).toBeUndefined();
  }
});

test('parsing in pieces gives the same tree', () => {
  let text = '';
  for (let seed = 1; text.length < 400_000; seed++)
    text += someFlow(new Chance(seed), 40).replace(/# \[Control[\s\S]*/, '');
  const pieces = parseInPieces(text);
  let count = 0;
  let next = pieces.next();
  for (; !next.done; next = pieces.next()) count++;
  expect(difference(next.value, parse(text))).toBeUndefined();
  expect(count).toBeGreaterThan(10);
});

test('only trees of the parser can be changed', () => {
  const copy = structuredClone({ ...parse(''), tokens: undefined, lines: undefined }) as unknown as FlowFile;
  expect(() => reparse(copy, 'x', { start: 0, oldEnd: 0, newEnd: 1 })).toThrow(TypeError);
});
