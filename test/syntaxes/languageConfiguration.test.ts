// The expressions of the language configuration, by lines that must match and lines that must not. Where they cannot know enough
// (CASE, error rules, blocks), formatting while typing puts the line right.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lex } from '../../src/language/syntax/lexer.ts';
import { anyText } from '../language/robinText.ts';

interface Pattern {
  readonly pattern: string;
  readonly flags: string;
}

const configuration = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../syntaxes/language-configuration.json'), 'utf8'),
) as {
  readonly comments: { readonly lineComment: string; readonly blockComment: readonly [string, string] };
  readonly brackets: readonly (readonly [string, string])[];
  readonly autoClosingPairs: readonly {
    readonly open: string;
    readonly close: string;
    readonly notIn?: string[];
  }[];
  readonly surroundingPairs: readonly (readonly [string, string])[];
  readonly wordPattern: Pattern;
  readonly folding: { readonly markers: { readonly start: string; readonly end: string } };
  readonly indentationRules: {
    readonly increaseIndentPattern: Pattern;
    readonly decreaseIndentPattern: Pattern;
  };
  readonly onEnterRules: readonly {
    readonly beforeText: Pattern;
    readonly afterText?: Pattern;
    readonly action: { readonly indent: string };
  }[];
};

const regExp = ({ pattern, flags }: Pattern) => new RegExp(pattern, flags);

test('comments, brackets and pairs are those of the language', () => {
  expect(configuration.comments).toEqual({ lineComment: '#', blockComment: ['/#', '#/'] });
  expect([...lex('# a')].map(({ kind }) => kind)).toEqual(['comment']);
  expect([...lex('/# a\nb #/')].map(({ kind }) => kind)).toEqual(['blockComment']);
  expect(configuration.brackets.map((pair) => pair.join(''))).toEqual(['()', '[]', '{}']);
  const pairs = configuration.autoClosingPairs.map(({ open, close, notIn = [] }) =>
    `${open} ${close} ${notIn}`.trim(),
  );
  expect(pairs).toEqual([
    '( )',
    '[ ]',
    '{ }',
    "$''' ''' string,comment",
    "' ' string,comment",
    '% % comment',
    '/# #/ string,comment',
  ]);
  expect(configuration.surroundingPairs.map((pair) => pair.join(''))).toEqual(['()', '[]', '{}', "''", '%%']);
});

describe('indentation', () => {
  const deeper = regExp(configuration.indentationRules.increaseIndentPattern);
  const back = regExp(configuration.indentationRules.decreaseIndentPattern);

  test.each([
    ['IF A = 1 THEN', true, false],
    ["  if (File.IfFile.Exists File: $'''a''') then # why", true, false],
    ['ELSE', true, true],
    ['    ELSE IF A THEN', true, true],
    ['LOOP FOREACH Item IN List', true, false],
    ['LOOP WHILE (A) < (B)', true, false],
    ['SWITCH A', true, false],
    ["CASE = $'''x'''", true, false],
    ['DEFAULT', true, false],
    ['ON ERROR', true, false],
    ['ON ERROR REPEAT 2 TIMES WAIT 1', true, false],
    ['ON BLOCK ERROR all', true, false],
    ["FUNCTION 'Get Error' GLOBAL", true, false],
    ['END', false, true],
    ['  end # of it', false, true],
    ['END FUNCTION', false, true],
    ['SET A TO 1', false, false],
    ['EXIT LOOP', false, false],
    ['NEXT LOOP', false, false],
    ['BLOCK', false, false],
    ['Endpoint.Call _', false, false],
    ['Iframe.Open _', false, false],
    ['# IF A THEN', false, false],
  ])('%j goes deeper: %s, comes back: %s', (line, isDeeper, isBack) => {
    expect([deeper.test(line), back.test(line)]).toEqual([isDeeper, isBack]);
  });
});

describe('Enter', () => {
  const indentOf = (before: string, after: string) =>
    configuration.onEnterRules.find(
      ({ beforeText, afterText }) =>
        regExp(beforeText).test(before) && (afterText === undefined || regExp(afterText).test(after)),
    )?.action.indent;

  test.each([
    ['  /# note', '#/', 'indentOutdent'],
    ['  /# note #/', '#/', undefined],
    ['IF A THEN', 'END', 'indentOutdent'],
    ['    LOOP FROM 1 TO 2 ', '  END', 'indentOutdent'],
    ['SET A TO 1', 'END', undefined],
    ['IF A THEN', 'SET B TO 1', undefined],
  ])('between %j and %j: %s', (before, after, indent) => {
    expect(indentOf(before, after)).toBe(indent);
  });
});

test.each([
  ['**REGION Read', true, false],
  ['    **region', true, false],
  ['**ENDREGION', false, true],
  ['**REGIONAL', false, false],
  ['# **REGION', false, false],
])('%j folds from here: %s, up to here: %s', (line, start, end) => {
  const { markers } = configuration.folding;
  expect([new RegExp(markers.start).test(line), new RegExp(markers.end).test(line)]).toEqual([start, end]);
});

describe('a word', () => {
  const words = (text: string) => text.match(regExp({ ...configuration.wordPattern, flags: 'gu' }));

  test.each([
    ['SET Größe TO 語.Count + -5.5 * _x1', ['SET', 'Größe', 'TO', '語', 'Count', '-5.5', '_x1']],
    ["$'''%Name%'''", ['Name']],
    ['Text.Trim TrimmedText=> A', ['Text', 'Trim', 'TrimmedText', 'A']],
  ])('in %j is what the language reads as one', (text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  test('is every name of any text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const { kind, start, end } of lex(text)) {
          if (kind === 'word') expect(words(text.slice(start, end))).toEqual([text.slice(start, end)]);
        }
      }),
      { numRuns: 500 },
    );
  });
});
