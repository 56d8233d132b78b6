// Semantic tokens, drawn as `word:type.modifier`, and what must hold for any text.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { actionIds, findAction, isImplemented } from '../../../src/language/catalog/catalog.ts';
import {
  difference,
  semanticTokensLegend,
  tokensIn,
  tokensOf,
} from '../../../src/server/features/semanticTokens.ts';
import { anyText } from '../../language/robinText.ts';
import { untidyFlow } from '../../language/untidyFlow.ts';
import { analysed } from '../marked.ts';

interface Drawn {
  readonly line: number;
  readonly character: number;
  readonly length: number;
  readonly name: string;
}

function decoded(data: ArrayLike<number>): Drawn[] {
  const found: Drawn[] = [];
  let line = 0;
  let character = 0;
  for (let i = 0; i < data.length; i += 5) {
    const [down, right, length, type, modifiers] = Array.from(
      { length: 5 },
      (_, k) => data[i + k] as number,
    ) as [number, number, number, number, number];
    line += down;
    character = down === 0 ? character + right : right;
    const { tokenTypes, tokenModifiers } = semanticTokensLegend;
    const name = [tokenTypes[type], ...tokenModifiers.filter((_, bit) => modifiers & (1 << bit))].join('.');
    found.push({ line, character, length, name });
  }
  return found;
}

/** One string per line of the flow. */
function drawn(text: string, kinds = /./): string[] {
  const analysis = analysed(text);
  const lines = text.split(/\r\n|\n|\r/);
  const byLine = new Map<number, string[]>();
  for (const { line, character, length, name } of decoded(tokensOf(analysis))) {
    if (!kinds.test(name)) continue;
    const word = lines[line]?.slice(character, character + length);
    byLine.set(line, [...(byLine.get(line) ?? []), `${word}:${name}`]);
  }
  return [...byLine.values()].map((words) => words.join(' '));
}

describe('semantic tokens', () => {
  test('tell what each word of a statement is', () => {
    expect(
      drawn(
        'File.ReadTextFromFile.ReadText File: Path Encoding: File.TextFileEncoding.UTF8 Content=> Text # why',
      ),
    ).toEqual([
      'File:namespace ReadTextFromFile:method ReadText:method File:parameter Path:variable Encoding:parameter ' +
        'File:namespace TextFileEncoding:enum UTF8:enumMember Content:parameter =>:operator ' +
        'Text:variable.modification # why:comment',
    ]);
    expect(drawn("SET A.b[0] TO -1 + Contains(List[i].Count, 'x', True)")).toEqual([
      'SET:keyword A:variable.modification b:property 0:number TO:keyword -:operator 1:number +:operator ' +
        "Contains:function.defaultLibrary List:variable i:variable Count:property 'x':string True:keyword",
    ]);
  });

  test('show the expressions inside a text, line by line, and leave its escapes to the grammar', () => {
    expect(drawn("SET A TO $'''one\\\\ %B['k'].Count + 1% two\nand %C%%%'''")).toEqual([
      "SET:keyword A:variable.modification TO:keyword $'''one:string  :string B:variable 'k':string Count:property 1:number  two:string",
      "and :string C:variable ''':string",
    ]);
  });

  test('name subflows, labels, blocks, errors, annotations and the words of the head', () => {
    expect(
      drawn(
        [
          "@INPUT In : { 'Type': 'String' }",
          "@@flowname: 'x'",
          "CALL 'My sub' a: 1",
          'ON ERROR FileNotFoundError',
          'GOTO Out',
          'END',
          'LABEL Out',
          'BLOCK Try',
          'ON BLOCK ERROR all',
          'END',
          'END',
          "FUNCTION 'My sub' a, OUTPUT b",
          'EXIT Code: 1',
          'END FUNCTION',
        ].join('\n'),
        /^(?!operator|string|number)/,
      ),
    ).toEqual([
      'INPUT:keyword In:variable.declaration',
      'flowname:decorator',
      "CALL:keyword 'My sub':class a:parameter",
      'ON:keyword ERROR:keyword FileNotFoundError:event',
      'GOTO:keyword Out:label',
      'END:keyword',
      'LABEL:keyword Out:label.declaration',
      'BLOCK:keyword Try:label.declaration',
      'ON:keyword BLOCK:keyword ERROR:keyword all:keyword',
      'END:keyword',
      'END:keyword',
      "FUNCTION:keyword 'My sub':class.declaration a:variable.declaration OUTPUT:keyword b:variable.declaration",
      'EXIT:keyword Code:parameter',
      'END:keyword FUNCTION:keyword',
    ]);
  });

  test('tell declared secrets from inherited ones, by the variables each body sees', () => {
    expect(
      drawn(
        [
          '@SENSITIVE: [Password]',
          "SET Copy TO $'''x%password%'''",
          'SET Other TO 1',
          'FUNCTION f a',
          '    SET b TO GLOBAL.Copy',
          '    SET Password TO a',
          '    SET GLOBAL.Other TO GLOBAL.Password',
          'END FUNCTION',
        ].join('\n'),
        /^variable/,
      ),
    ).toEqual([
      'Password:variable.declaration.sensitive',
      'Copy:variable.modification.sensitiveInherited password:variable.sensitive',
      'Other:variable.modification.sensitiveInherited',
      'a:variable.declaration',
      'b:variable.modification.sensitiveInherited Copy:variable.sensitiveInherited',
      'Password:variable.modification a:variable',
      'Other:variable.modification.sensitiveInherited Password:variable.sensitive',
    ]);
  });

  test('mark older ids and actions this agent cannot carry out', () => {
    const [old] = drawn('Display.ShowMessage Title: 1', /method/);
    expect(old).toMatch(/^ShowMessage:method\.deprecated/);
    const [known] = drawn('Text.Trim Text: 1', /method/);
    expect(known).toBe('Trim:method');
    const [unknown] = drawn('Never.Heard X: 1', /method/);
    expect(unknown).toBe('Heard:method');
    const newest = (id: string) =>
      findAction(id)?.replacedBy === undefined && findAction(id)?.definition.removed === undefined;
    const foreign = actionIds().find((id) => !isImplemented(id) && newest(id)) as string;
    expect(drawn(`${foreign} _`, /method/)[0]).toMatch(/:method\.unsupported/);
  });

  test('grey out a disabled row and say nothing about words of a wrong one', () => {
    expect(drawn("DISABLE SET A TO $'''x\ny'''")).toEqual([
      "DISABLE:keyword SET A TO $'''x:comment",
      "y''':comment",
    ]);
    expect(drawn('hello world')).toEqual([]);
    expect(drawn('CALL a\n# [ControlRepository]\n{ "a": 1 }')).toEqual(['CALL:keyword a:class']);
  });

  test('of a range are those that begin on its lines', () => {
    const analysis = analysed('SET A TO 1\nSET B TO 2\nSET C TO 3\n');
    const range = { start: { line: 1, character: 3 }, end: { line: 1, character: 5 } };
    const all = decoded(tokensOf(analysis));
    expect(decoded(tokensIn(analysis, range))).toEqual(all.filter(({ line }) => line === 1));
  });
});

describe('semantic tokens of any text', () => {
  const any = fc.oneof(anyText, untidyFlow);

  test('are in order, apart from each other, and inside their lines', () => {
    fc.assert(
      fc.property(any, (text) => {
        const lines = text.split(/\r\n|\n|\r/);
        let last = { line: 0, end: 0 };
        for (const { line, character, length } of decoded(tokensOf(analysed(text)))) {
          expect(length).toBeGreaterThan(0);
          expect(line).toBeGreaterThanOrEqual(last.line);
          if (line === last.line) expect(character).toBeGreaterThanOrEqual(last.end);
          last = { line, end: character + length };
          expect(last.end).toBeLessThanOrEqual((lines[line] as string).length);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('follow from the tokens before by one edit', () => {
    fc.assert(
      fc.property(any, any, (one, other) => {
        const before = tokensOf(analysed(one));
        const after = tokensOf(analysed(`${one}${other}`));
        const edits = difference(before, after);
        const data = [...before];
        for (const { start, deleteCount, data: added } of edits) data.splice(start, deleteCount, ...added);
        expect(data).toEqual([...after]);
        expect(difference(after, after)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
