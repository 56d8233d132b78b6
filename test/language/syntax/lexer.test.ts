// Tokens cover any text without gap or overlap; texts, comments and numbers end where the designer ends them.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lex } from '../../../src/language/syntax/lexer.ts';
import type { Token } from '../../../src/language/syntax/tree.ts';
import { anyText } from '../robinText.ts';

/** Tokens as `kind text`, blanks left out. */
function tokensOf(text: string): string[] {
  return [...lex(text)]
    .filter((token) => token.kind !== 'space' && token.kind !== 'newline')
    .map((token) => `${token.kind} ${text.slice(token.start, token.end)}`);
}

describe('tokens cover every character', () => {
  test('of any text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        let at = 0;
        for (const token of lex(text)) {
          expect(token.start).toBe(at);
          expect(token.end).toBeGreaterThan(token.start);
          at = token.end;
        }
        expect(at).toBe(text.length);
      }),
      { numRuns: 2_000 },
    );
  });

  test('and line ends outside literals are tokens of their own', () => {
    expect([...lex('a\nb\r\nc\rd')].map((token: Token) => token.kind)).toEqual([
      'word',
      'newline',
      'word',
      'newline',
      'word',
      'newline',
      'word',
    ]);
  });
});

describe('kinds', () => {
  test.each([
    ['set Größe', ['word set', 'word Größe']],
    ['𠀀x _1', ['word 𠀀x', 'word _1']],
    [
      '1 2.5 1E3 1e-2 3.x 4E',
      [
        'number 1',
        'number 2.5',
        'number 1E3',
        'number 1e-2',
        'number 3',
        'symbol .',
        'word x',
        'number 4',
        'word E',
      ],
    ],
    ['a<=b<>c=>d', ['word a', 'symbol <=', 'word b', 'symbol <>', 'word c', 'symbol =>', 'word d']],
    ["P'abc' Px'y'", ["encrypted P'abc'", 'word Px', "text 'y'"]],
    ["$fx'=1' $x", ["powerFx $fx'=1'", 'unknown $', 'word x']],
    ['d"2024" `x`', ['datetime d"2024"', 'opaque `x`']],
    ['@@a @b', ['meta @@', 'word a', 'at @', 'word b']],
    ['%"', ['unknown %', 'unknown "']],
    ['1 ** 2', ['number 1', 'symbol *', 'symbol *', 'number 2']],
    ['  **REGION x # y', ['region **REGION x # y']],
    ['**REGIONAL', ['symbol *', 'symbol *', 'word REGIONAL']],
    ['a # b /# c', ['word a', 'comment # b /# c']],
    ['a /# b\n# c #/ d', ['word a', 'blockComment /# b\n# c #/', 'word d']],
    ['# [ControlRepository]\n{}\n', ['attachment # [ControlRepository]\n{}\n']],
    ['x # [ControlRepository]\n', ['word x', 'comment # [ControlRepository]']],
  ])('%j', (text, expected) => {
    expect(tokensOf(text)).toEqual(expected);
  });
});

describe('texts end where they should', () => {
  test.each([
    ["$'''a''' b", "$'''a'''"],
    ["$'''a\\'''' b", "$'''a\\''''"],
    ["$'''a\\\\''' b", "$'''a\\\\'''"],
    ["$'''%R['k']%''' b", "$'''%R['k']%'''"],
    ["$'''%''%''' b", "$'''%''%'''"],
    ["$'''100%'''\nB $'''x'''", "$'''100%'''"],
    ["$'''100%''' B: $'''60%'''", "$'''100%'''"],
    ["$'''a %'''\n'''% b''' c", "$'''a %'''\n'''% b'''"],
    ["$'''a\nb $'''\nc", "$'''a\nb $'''"],
    ["'a' 'b'", "'a'"],
    ["'a\\'b' c", "'a\\'b'"],
    ["'''it's\nfine''' c", "'''it's\nfine'''"],
    // Unterminated: only the line is lost, unless the closing quotes were merely escaped.
    ["$'''a\nb", "$'''a"],
    ["$'''a\nSET B TO $'''x'''", "$'''a"],
    ["$'''a\\'''\nb", "$'''a\\'''"],
    ["'a\nb'", "'a"],
    ["'''a\nb", "'''a"],
    ["$fx'a\nB $fx'b'", "$fx'a"],
    ["P'a\n'", "P'a"],
  ])('%j', (text, first) => {
    expect(text.slice(0, lex(text).end(0))).toBe(first);
  });
});
