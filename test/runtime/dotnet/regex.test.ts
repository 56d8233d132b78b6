// biome-ignore-all lint/suspicious/noTemplateCurlyInString: .NET writes substitutions like template placeholders
// .NET regular expressions. Expectations follow the .NET reference pages on the regular-expression language (classes,
// anchors, groups, options, substitutions) and Regex.Escape, Regex.Split.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapePattern, NetRegex, PatternError } from '../../../src/runtime/dotnet/regex.ts';

const found = (pattern: string, text: string, ignoreCase = false): string[] =>
  new NetRegex(pattern, { ignoreCase }).all(text).map((match) => match.text);
const exact = { ignoreCase: false };

describe('matching', () => {
  it.each<[pattern: string, text: string, matches: string[]]>([
    // Characters and escapes
    ['a.c', 'abc a\nc a\rc', ['abc', 'a\rc']],
    ['\\t\\x41\\u0042\\101', '\tABA', ['\tABA']],
    ['\\e\\a\\f\\v\\cC', '\x1b\x07\f\v\x03', ['\x1b\x07\f\v\x03']],
    ['\\.\\*\\{', '.*{', ['.*{']],
    ['a{', 'a{', ['a{']],
    ['a{,2}', 'a{,2} aa', ['a{,2}']],
    ['a]b}', 'a]b}', ['a]b}']],
    ['\\0', 'a\0b', ['\0']],
    ['"/\'', '"/\'', ['"/\'']],
    // Classes are Unicode-aware
    ['\\d+', '12 ٣٤ x5', ['12', '٣٤', '5']],
    ['\\w+', 'São Paulo_1', ['São', 'Paulo_1']],
    ['\\W+', 'a, b', [', ']],
    ['\\s', 'a\u00a0b\u0085c', ['\u00a0', '\u0085']],
    ['\\S+', 'a b', ['a', 'b']],
    ['\\D+', '1a2', ['a']],
    ['[^\\d]+', '1a2b', ['a', 'b']],
    ['[\\w.]+@[\\w.]+', 'write to a.b@c.de!', ['a.b@c.de']],
    ['\\p{Lu}\\p{Ll}*', 'Éric und Öl', ['Éric', 'Öl']],
    ['\\P{L}+', 'ab12', ['12']],
    ['[\\p{IsGreek}]+', 'abc αβγ', ['αβγ']],
    ['\\p{IsCyrillic}+', 'abc где', ['где']],
    ['[a-z-[aeiou]]+', 'hello world', ['h', 'll', 'w', 'rld']],
    ['[^a-m-[x]]', 'axz', ['z']],
    ['[a-z-[m-p-[o]]]+', 'lmnop', ['l', 'o']],
    ['[]a]+', 'a]b', ['a]']],
    ['[^]a]+', 'a]b', ['b']],
    ['[a\\]\\-z]+', 'a]-z b', ['a]-z']],
    ['[-a]+', 'a-b', ['a-']],
    ['[[a]+', '[a]', ['[a']],
    ['[\\b]', 'a\bb', ['\b']],
    ['[\\x41-C]+', 'ABCD', ['ABC']],
    ['[.]', 'a.', ['.']],
    // Anchors
    ['^a', 'ab\na', ['a']],
    ['b$', 'ab\nb', ['b']],
    ['b$', 'ab\n', ['b']],
    ['b\\Z', 'ab\n', ['b']],
    ['b\\z', 'ab\n', []],
    ['b\\z', 'ab', ['b']],
    ['\\Ab', 'ab\nb', []],
    ['(?m)^b$', 'a\nb\nb\r', ['b']],
    ['\\bcat\\b', 'cat concat cat', ['cat', 'cat']],
    ['\\bé\\b', 'é été', ['é']],
    ['\\Bé', 'é été', ['é']],
    ['^*a', 'aa', ['a', 'a']],
    // Quantifiers
    ['a{2}', 'aaa', ['aa']],
    ['a{2,}', 'aaaa a', ['aaaa']],
    ['a{1,2}', 'aaa', ['aa', 'a']],
    ['<.+?>', '<a><b>', ['<a>', '<b>']],
    ['a??b', 'ab', ['ab']],
    ['x*', 'axx', ['', 'xx', '']],
    // Groups
    ['(a)(b)\\2\\1', 'abba', ['abba']],
    ['(?<q>["\']).*?\\k<q>', "\"it's\" 'x'", ['"it\'s"', "'x'"]],
    ["(?'q'a)\\k'q'", 'aa', ['aa']],
    ['(?<q>a)\\k{q}', 'aa', ['aa']],
    ['(?:ab)+', 'ababa', ['abab']],
    ['(?<y>\\d)(x)\\1', '1xx', ['1xx']],
    ['(?<y>\\d)(x)\\2', '1x1', ['1x1']],
    ['(?<5>a)(b)\\5\\1', 'abab', ['abab']],
    ['(?<n>a)|(?<n>b)', 'ab', ['a', 'b']],
    ['(?>a+)b', 'aab', ['aab']],
    ['(?>a+)ab', 'aaab', []],
    ['a(?=b)', 'ab ac', ['a']],
    ['a(?!b)', 'ab ac', ['a']],
    ['(?<=\\$)\\d+', '$5 6', ['5']],
    ['(?<!\\$)\\b\\d+', '$5 6', ['6']],
    ['(?=a){1,2}a', 'a', ['a']],
    ['a|b|', 'ab', ['a', 'b', '']],
    ['(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)\\10', 'abcdefghijj', ['abcdefghijj']],
    ['(a)\\12', 'a\n', ['a\n']],
    // Options
    ['(?i)ab', 'AB Ab', ['AB', 'Ab']],
    ['a(?i)b|c', 'aB C AB', ['aB', 'C']],
    ['(?i)a(?-i)b', 'Ab AB', ['Ab']],
    ['(?i:a)b', 'Ab aB', ['Ab']],
    ['((?i)a)b', 'Ab AB', ['Ab']],
    ['(?s)a.b', 'a\nb', ['a\nb']],
    ['(?s:a.)b.', 'a\nbc', ['a\nbc']],
    ['(?x) a b # comment', 'ab', ['ab']],
    ['(?x) a\\ b [ ] c', 'a b c', ['a b c']],
    ['(?x) a + b', 'aab', ['aab']],
    ['(?n)(a)(?<x>b)\\1', 'abb', ['abb']],
    ['a(?#comment)b', 'ab', ['ab']],
    ['a(?#comment)+', 'aaa', ['aaa']],
    // Typical of flows
    ['[0-9]{11}', 'CPF 12345678901.', ['12345678901']],
    ['(?<=Total: )[\\d.,]+', 'Total: 1.234,56 EUR', ['1.234,56']],
    ['\\d{2}/\\d{2}/\\d{4}', 'on 15/06/2009.', ['15/06/2009']],
    ['(?s)(?<=BEGIN).*?(?=END)', 'BEGIN\nx\nEND', ['\nx\n']],
  ])('%j in %j finds %j', (pattern, text, matches) => {
    expect(found(pattern, text)).toEqual(matches);
  });

  it.each<[pattern: string, text: string, matches: string[]]>([
    ['ab', 'AB aB', ['AB', 'aB']],
    ['[a-c]+', 'aBCd', ['aBC']],
    ['[^a]', 'aAb', ['b']],
    ['[a-z-[aeiou]]+', 'hEllO', ['h', 'll']],
    ['é', 'É', ['É']],
    ['(?-i)a', 'aA', ['a']],
    ['(a)\\1', 'aA', ['aA']],
  ])('ignoring case %j in %j finds %j', (pattern, text, matches) => {
    expect(found(pattern, text, true)).toEqual(matches);
  });

  it('counts positions in UTF-16 code units and sees the text before the start', () => {
    const letter = new NetRegex('a', exact);
    expect(letter.first('😀a')).toEqual({ index: 2, text: 'a' });
    expect(letter.first('aba', 1)).toEqual({ index: 2, text: 'a' });
    expect(letter.first('bbb')).toBeUndefined();
    expect(new NetRegex('^b', exact).first('ab', 1)).toBeUndefined();
    expect(new NetRegex('(?<=a)b', exact).first('ab', 1)?.index).toBe(1);
    expect(found('.', '😀')).toHaveLength(2);
  });

  it.each([
    ['(', 'never closed'],
    [')', 'no opening'],
    ['a)b', 'no opening'],
    ['[a', 'never closed'],
    ['[z-a]', 'wrong way round'],
    ['[a-\\d]', 'cannot end with a class'],
    ['[a-z-[b]c]', 'last element'],
    ['*a', 'follows nothing'],
    ['a|+', 'follows nothing'],
    ['{2}', 'follows nothing'],
    ['a**', 'follows another'],
    ['a{2}{3}', 'follows another'],
    ['a{3,2}', 'wrong way round'],
    ['\\', 'lone backslash'],
    ['\\y', 'unknown'],
    ['\\_', 'unknown'],
    ['[\\q]', 'unknown'],
    ['\\1', "group '1'"],
    ['(a)\\2', "group '2'"],
    ['\\k<x>', "group 'x'"],
    ['\\p{Greek}', 'unknown'],
    ['\\pL', 'written'],
    ['(?y)', 'unknown'],
    ['(?#open', 'never closed'],
    ['(?<0>a)', 'cannot be the name'],
    ['(?(1)a|b)', 'not supported by this agent'],
    ['(?<a-b>x)', 'not supported by this agent'],
    ['\\Ga', 'not supported by this agent'],
  ])('refuses %j: %s', (pattern, reason) => {
    expect(() => new NetRegex(pattern, exact)).toThrow(PatternError);
    expect(() => new NetRegex(pattern, exact)).toThrow(reason);
  });
});

describe('replacing', () => {
  it.each([
    ['a', 'banana', 'o', 'bonono'],
    ['(\\w+) (\\w+)', 'one two', '$2 $1', 'two one'],
    ['(?<first>\\w+) (?<last>\\w+)', 'Ada Lovelace', '${last}, ${first}', 'Lovelace, Ada'],
    ['(?<last>\\w)(\\w)', 'ab', '$1$2', 'ba'],
    ['(\\d)', 'a1b', '[$1]', 'a[1]b'],
    ['(\\d)', 'a1b', '[${1}0]', 'a[10]b'],
    ['b', 'abc', "[$&|$`|$'|$_|$0]", 'a[b|a|c|abc|b]c'],
    ['(a)(b)?', 'ac', '<$2>', '<>c'],
    ['(a)(b)', 'ab', '$+', 'b'],
    ['a', 'a', '$$', '$'],
    ['a', 'a', '$1', '$1'],
    ['(a)', 'a', '$12', '$12'],
    ['a', 'a', '${none}', '${none}'],
    ['a', 'a', '$', '$'],
    ['\\d+(?=%)', '50% 60', 'x', 'x% 60'],
    ['x*', 'abc', '-', '-a-b-c-'],
    ['\\s+', ' a  b ', ' ', ' a b '],
    ['\\B(?=(\\d{3})+$)', '1234567', ',', '1,234,567'],
  ])('%j in %j by %j: %j', (pattern, text, replacement, result) => {
    expect(new NetRegex(pattern, exact).replace(text, replacement)).toBe(result);
  });
});

describe('splitting', () => {
  it.each<[pattern: string, text: string, pieces: string[]]>([
    [',\\s*', 'a, b,c', ['a', 'b', 'c']],
    ['-', 'plum--pear', ['plum', '', 'pear']],
    ['(-)', 'plum-pear', ['plum', '-', 'pear']],
    ['(\\d)|(x)', 'a1bxc', ['a', '1', 'b', 'x', 'c']],
    ['\\d+', '123ABC79', ['', 'ABC', '']],
    ['', 'abc', ['', 'a', 'b', 'c', '']],
    ['z', 'abc', ['abc']],
    ['(?<=,)', 'a,b,c', ['a,', 'b,', 'c']],
  ])('at %j: %j gives %j', (pattern, text, pieces) => {
    expect(new NetRegex(pattern, exact).split(text)).toEqual(pieces);
  });
});

describe('escapePattern', () => {
  it.each([
    ['a.b', 'a\\.b'],
    ['C:\\x', 'C:\\\\x'],
    ['(1+1)*2?', '\\(1\\+1\\)\\*2\\?'],
    ['[a] {b} ^$|#', '\\[a]\\ \\{b}\\ \\^\\$\\|\\#'],
    ['\n\r\t\f', '\\n\\r\\t\\f'],
    ['é/-_"', 'é/-_"'],
  ])('%j is %j', (text, pattern) => {
    expect(escapePattern(text)).toBe(pattern);
  });

  it('makes any text match itself and nothing else', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1 }),
        fc.string({ unit: 'binary' }),
        (text, around) => {
          const regex = new NetRegex(`\\A${escapePattern(text)}\\z`, exact);
          expect(regex.first(text)).toEqual({ index: 0, text });
          expect(regex.first(text + around) !== undefined).toBe(around === '');
        },
      ),
    );
  });

  it('splits as the text itself does', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', ' ', '\\', '\n') });
    fc.assert(
      fc.property(
        texts,
        fc.string({ unit: fc.constantFrom('a', '.', '*', ' '), minLength: 1, maxLength: 2 }),
        (text, at) => {
          expect(new NetRegex(escapePattern(at), exact).split(text)).toEqual(text.split(at));
        },
      ),
    );
  });
});

it('never hands JavaScript a pattern it does not understand', () => {
  const pieces = fc.constantFrom(
    ...[
      'a',
      'B',
      '1',
      '(',
      ')',
      '(?:',
      '(?<n>',
      '(?=',
      '(?<!',
      '(?i)',
      '(?i:',
      '[',
      ']',
      '^',
      '-',
      '$',
      '.',
      '|',
    ],
    ...[
      '*',
      '+',
      '?',
      '{2}',
      '{1,}',
      '\\',
      '\\d',
      '\\b',
      '\\1',
      '\\k<n>',
      '\\p{L}',
      ' ',
      '#',
      '(?x)',
      '{',
      '}',
    ],
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      try {
        new NetRegex(parts.join(''), exact).all('aB1 a');
      } catch (error) {
        expect(error).toBeInstanceOf(PatternError);
      }
    }),
    { numRuns: 1000 },
  );
});
