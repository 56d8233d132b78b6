// The Text actions: arguments → outputs or error, one table for all of them. Arguments left out have their catalog default.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findAction } from '../../../src/language/catalog/catalog.ts';
import { textActions } from '../../../src/runtime/actions/text.ts';
import { ArgumentShape, CallArguments } from '../../../src/runtime/arguments.ts';
import { parseDatetime } from '../../../src/runtime/convert.ts';
import { localTime } from '../../../src/runtime/dotnet/timeZone.ts';
import {
  Datarow,
  Datatable,
  type FlowDatetime,
  FolderValue,
  type Value,
} from '../../../src/runtime/values.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';

type Arguments = Readonly<Record<string, Value>>;

const context = contextIn('/flows');
const run = (id: string, given: Arguments) => runAction(textActions, `Text.${id}`, given, context);
const date = (text: string) => parseDatetime(text) as FlowDatetime;

const vectors: readonly [id: string, given: Arguments, outputs: Readonly<Record<string, Value>>][] = [
  ['AppendLine', { Text: 'one', LineToAppend: 'two' }, { Result: 'one\r\ntwo' }],
  ['AppendLine', { Text: '', LineToAppend: 5 }, { Result: '\r\n5' }],

  ['GetSubtext.GetSubtext', { Text: 'abcdef', CharacterPosition: 2, NumberOfChars: 3 }, { Subtext: 'cde' }],
  ['GetSubtext.GetSubtext', { Text: 'abc', CharacterPosition: 3, NumberOfChars: 0 }, { Subtext: '' }],
  ['GetSubtext.GetSubtextFrom', { Text: 'abcdef', CharacterPosition: 4 }, { Subtext: 'ef' }],
  ['GetSubtext.GetSubtextFrom', { Text: 'abc', CharacterPosition: 3 }, { Subtext: '' }],
  ['GetSubtext.GetSubtextFromStartTo', { Text: 12345, NumberOfChars: 2 }, { Subtext: '12' }],
  ['GetSubtext.GetText', { Text: 'abc' }, { Subtext: 'abc' }],

  ['CropText.CropTextBeforeFlag', { Text: 'a=b=c', ToFlag: '=' }, { CroppedText: 'a', IsFlagFound: true }],
  ['CropText.CropTextAfterFlag', { Text: 'a=b=c', FromFlag: '=' }, { CroppedText: 'b=c', IsFlagFound: true }],
  [
    'CropText.CropTextBetweenFlags',
    { Text: 'x [y] [z]', FromFlag: '[', ToFlag: ']' },
    { CroppedText: 'y', IsFlagFound: true },
  ],
  [
    'CropText.CropTextBetweenFlags',
    { Text: '|a|b', FromFlag: '|', ToFlag: '|' },
    { CroppedText: 'a', IsFlagFound: true },
  ],
  [
    'CropText.CropTextBetweenFlags',
    { Text: ']y[', FromFlag: '[', ToFlag: ']' },
    { CroppedText: ']y[', IsFlagFound: false },
  ],
  ['CropText.CropTextAfterFlag', { Text: 'aXb', FromFlag: 'x' }, { CroppedText: 'aXb', IsFlagFound: false }],
  [
    'CropText.CropTextAfterFlag',
    { Text: 'aXb', FromFlag: 'x', IgnoreCase: true },
    { CroppedText: 'b', IsFlagFound: true },
  ],
  ['CropText.CropTextBeforeFlag', { Text: 'a.b', ToFlag: '.' }, { CroppedText: 'a', IsFlagFound: true }],

  ['Pad', { Text: '7', PaddingText: 0, TotalLength: 3 }, { PaddedText: '007' }],
  ['Pad', { Text: '24', PaddingText: 20, TotalLength: 4 }, { PaddedText: '2024' }],
  ['Pad', { Text: 'ab', PaddingText: 'xy', TotalLength: 5, PadPosition: 'Right' }, { PaddedText: 'abxyx' }],
  ['Pad', { Text: 'abcdef', PaddingText: ' ', TotalLength: 3 }, { PaddedText: 'abcdef' }],
  ['Pad', { Text: 'a', PaddingText: '', TotalLength: 3 }, { PaddedText: 'a' }],
  ['Pad', { PaddingText: '*' }, { PaddedText: '**********' }],

  ['Trim', { Text: ' \t a b \r\n' }, { TrimmedText: 'a b' }],
  ['Trim', { Text: '\u00a0a\u0085' }, { TrimmedText: 'a' }],
  ['Trim', { Text: ' a ', TrimOption: 'FromStart' }, { TrimmedText: 'a ' }],
  ['Trim', { Text: ' a ', TrimOption: 'ToEnd' }, { TrimmedText: ' a' }],
  ['Trim', {}, { TrimmedText: '' }],

  ['Reverse', { Text: 'abc' }, { ReversedText: 'cba' }],
  ['Reverse', { Text: 'a😀b' }, { ReversedText: 'b😀a' }],

  ['ChangeCase', { Text: 'aé' }, { Result: 'AÉ' }],
  ['ChangeCase', { Text: 'ABC', NewCase: 'LowerCase' }, { Result: 'abc' }],
  [
    'ChangeCase',
    { Text: "the JOHN's o-ring 2nd x2y éLAN", NewCase: 'TitleCase' },
    { Result: "The John's O-Ring 2Nd X2y Élan" },
  ],
  ['ChangeCase', { Text: 'straße ﬁx ΣΑΣ' }, { Result: 'STRAßE ﬁX ΣΑΣ' }],
  ['ChangeCase', { Text: 'STRAßE ΣΑΣ', NewCase: 'LowerCase' }, { Result: 'straße σασ' }],
  [
    'ChangeCase',
    { Text: 'HELLO THERE. how ARE you?\r\n\r\nfine! 3 éclairs', NewCase: 'sentencecase' },
    { Result: 'Hello there. How are you?\r\n\r\nFine! 3 éclairs' },
  ],

  ['ToNumber', { Text: ' 1 234.50 ' }, { Number: 1234.5 }],
  ['ToNumber', { Text: '-0.5' }, { Number: -0.5 }],
  ['ToNumber', { Text: 42 }, { Number: 42 }],
  ['FromNumber', { Number: 1234.565 }, { FormattedNumber: '1,234.57' }],
  ['FromNumber', { Number: -5, DecimalPlaces: 0 }, { FormattedNumber: '-5' }],
  [
    'FromNumber',
    { Number: '1234.5', DecimalPlaces: 3, UseThousandsSeparator: false },
    { FormattedNumber: '1234.500' },
  ],

  [
    'ConvertTextToDateTime.ToDateTime',
    { Text: '6/15/2009 1:45 PM' },
    { DateTime: date('2009-06-15T13:45:00') },
  ],
  ['ConvertTextToDateTime.ToDateTime', { Text: '2009-06-15' }, { DateTime: date('2009-06-15') }],
  [
    'ConvertTextToDateTime.ToDateTimeCustomFormat',
    { Text: '15/06/2009', CustomFormat: 'dd/MM/yyyy' },
    { DateTime: date('2009-06-15') },
  ],
  ...((
    [
      ['ShortDate', '6/15/2009'],
      ['LongDate', 'Monday, June 15, 2009'],
      ['ShortTime', '1:45 PM'],
      ['LongTime', '1:45:30 PM'],
      ['FullDateTimeShortTime', 'Monday, June 15, 2009 1:45 PM'],
      ['FullDateTimeLongTime', 'Monday, June 15, 2009 1:45:30 PM'],
      ['GeneralDateTimeShortTime', '6/15/2009 1:45 PM'],
      ['GeneralDateTimeLongTime', '6/15/2009 1:45:30 PM'],
      ['SortableDateTime', '2009-06-15T13:45:30'],
    ] as const
  ).map(
    ([StandardFormat, Result]) =>
      [
        'ConvertDateTimeToText.FromDateTime',
        { DateTime: date('2009-06-15T13:45:30'), StandardFormat },
        { Result },
      ] as const,
  ) as [string, Arguments, Arguments][]),
  [
    'ConvertDateTimeToText.FromCustomDateTime',
    { DateTime: date('2009-06-15T13:45:30'), CustomFormat: 'dd/MM/yyyy - hh:mm' },
    { Result: '15/06/2009 - 01:45' },
  ],
  [
    'ConvertDateTimeToText.FromCustomDateTime',
    { DateTime: '2009-06-15', CustomFormat: 'dddd' },
    { Result: 'Monday' },
  ],

  ['JoinText.Join', { List: ['a', 1, true] }, { Result: 'a1True' }],
  ['JoinText.Join', { List: 'text' }, { Result: 'text' }],
  [
    'JoinText.JoinWithCustomDelimiter',
    { List: new Datarow(new Datatable(['A', 'B'], []), ['x', 1]), CustomDelimiter: '-' },
    { Result: 'x-1' },
  ],
  ['JoinText.JoinWithDelimiter', { List: ['a', 'b'] }, { Result: 'a b' }],
  [
    'JoinText.JoinWithDelimiter',
    { List: ['a', 'b'], StandardDelimiter: 'NewLine', DelimiterTimes: 2 },
    { Result: 'a\r\n\r\nb' },
  ],
  ['JoinText.JoinWithDelimiter', { List: ['a', 'b'], StandardDelimiter: 'Tab' }, { Result: 'a\tb' }],
  [
    'JoinText.JoinWithCustomDelimiter',
    { List: ['a', 'b', 'c'], CustomDelimiter: ', ' },
    { Result: 'a, b, c' },
  ],
  [
    'JoinText.JoinWithCustomDelimiter',
    { List: [new FolderValue('/tmp', new Map())], CustomDelimiter: ';' },
    { Result: '/tmp' },
  ],

  ['SplitText.Split', { Text: 'a b  c' }, { Result: ['a', 'b', '', 'c'] }],
  ['SplitText.Split', { Text: 'a  b c', DelimiterTimes: 2 }, { Result: ['a', 'b c'] }],
  ['SplitText.Split', { Text: 'a\tb', StandardDelimiter: 'Tab' }, { Result: ['a', 'b'] }],
  ['SplitText.Split', { Text: 'a\r\nb\nc\n', StandardDelimiter: 'NewLine' }, { Result: ['a', 'b', 'c', ''] }],
  ['SplitText.SplitWithDelimiter', { Text: 'a.b.c', CustomDelimiter: '.' }, { Result: ['a', 'b', 'c'] }],
  ['SplitText.SplitWithDelimiter', { Text: 'a.b', CustomDelimiter: '' }, { Result: ['a.b'] }],
  [
    'SplitText.SplitWithDelimiter',
    { Text: 'a1b22c', CustomDelimiter: '\\d+', IsRegEx: true },
    { Result: ['a', 'b', 'c'] },
  ],
  [
    'SplitText.SplitWithDelimiter',
    { Text: '1 000 €', CustomDelimiter: '\\s', IsRegEx: true },
    { Result: ['1', '000', '€'] },
  ],
  ['SplitText.SplitAtNumberOfCharacters', { Text: 'abcde', SplitInterval: 2 }, { Result: ['ab', 'cd', 'e'] }],
  ['SplitText.SplitAtNumberOfCharacters', { Text: '', SplitInterval: 2 }, { Result: [] }],

  ['ParseText.Parse', { Text: 'a.a.A', TextToFind: 'a' }, { OccurrencePositions: [0, 2] }],
  [
    'ParseText.Parse',
    { Text: 'a.a.A', TextToFind: 'a', IgnoreCase: true, StartingPosition: 1 },
    { OccurrencePositions: [2, 4] },
  ],
  ['ParseText.Parse', { Text: 'aaa', TextToFind: 'aa' }, { OccurrencePositions: [0] }],
  ['ParseText.Parse', { Text: 'abc', TextToFind: 'x' }, { OccurrencePositions: [] }],
  ['ParseText.ParseForFirstOccurrence', { Text: 'a.b', TextToFind: '.' }, { OccurrencePosition: 1 }],
  ['ParseText.ParseForFirstOccurrence', { Text: 'abc', TextToFind: 'x' }, { OccurrencePosition: -1 }],
  ['ParseText.ParseForFirstOccurrence', { Text: 'abc', TextToFind: '' }, { OccurrencePosition: -1 }],
  [
    'ParseText.RegexParse',
    { Text: 'a1 b22', TextToFind: '[a-z]\\d+' },
    { OccurrencePositions: [0, 3], Matches: ['a1', 'b22'] },
  ],
  ['ParseText.RegexParse', { Text: 'x', TextToFind: '\\d' }, { OccurrencePositions: [], Matches: [] }],
  [
    'ParseText.RegexParseForFirstOccurrence',
    { Text: 'ID 4711', TextToFind: 'id (\\d+)', IgnoreCase: true },
    { OccurrencePosition: 0, Match: 'ID 4711' },
  ],
  [
    'ParseText.RegexParseForFirstOccurrence',
    { Text: 'x', TextToFind: '\\d' },
    { OccurrencePosition: -1, Match: '' },
  ],

  ['Replace.ReplaceText', { Text: 'a.b.c', TextToFind: '.', ReplaceWith: '-' }, { Result: 'a-b-c' }],
  ['Replace.ReplaceText', { Text: 'aA', TextToFind: 'a', ReplaceWith: 'x' }, { Result: 'xA' }],
  [
    'Replace.ReplaceText',
    { Text: 'aA', TextToFind: 'a', ReplaceWith: '$&', IgnoreCase: true },
    { Result: '$&$&' },
  ],
  ['Replace.ReplaceText', { Text: 'a', TextToFind: '', ReplaceWith: 'x' }, { Result: 'a' }],
  ['Replace.ReplaceText', { Text: 'a;b', TextToFind: ';', ReplaceWith: '\\r\\n' }, { Result: 'a\\r\\nb' }],
  [
    'Replace.ReplaceText',
    {
      Text: 'a;b',
      TextToFind: ';',
      ReplaceWith: '\\r\\n\\t\\\\\\x41\\u0042\\q',
      ActivateEscapeSequences: true,
    },
    { Result: 'a\r\n\t\\AB\\qb' },
  ],
  [
    'Replace.ReplaceTextWithRegex',
    { Text: '2009-06-15', TextToFind: '(\\d+)-(\\d+)-(\\d+)', ReplaceWith: '$3.$2.$1' },
    { Result: '15.06.2009' },
  ],
  [
    'Replace.ReplaceTextWithRegex',
    { Text: 'aAb', TextToFind: 'a', ReplaceWith: '', IgnoreCase: true },
    { Result: 'b' },
  ],

  ['EscapeForRegularExpression', { Text: 'a.b (c)' }, { EscapedText: 'a\\.b\\ \\(c\\)' }],
  ['CreateHTMLContent', { HtmlEditor: '<p>hi</p>' }, { HtmlContent: '<p>hi</p>' }],
];

describe('outputs', () => {
  it.each(vectors)('%s %j → %j', async (id, given, outputs) => {
    expect(await run(id, given)).toEqual({ outputs });
  });
});

describe('errors', () => {
  it.each<[id: string, given: Arguments, code: string]>([
    [
      'GetSubtext.GetSubtext',
      { Text: 'abc', CharacterPosition: 2, NumberOfChars: 2 },
      'StartIndexOrLengthOutOfRangeError',
    ],
    [
      'GetSubtext.GetSubtext',
      { Text: 'abc', CharacterPosition: -1, NumberOfChars: 1 },
      'StartIndexOrLengthOutOfRangeError',
    ],
    ['GetSubtext.GetSubtextFrom', { Text: 'abc', CharacterPosition: 4 }, 'StartIndexOrLengthOutOfRangeError'],
    [
      'GetSubtext.GetSubtextFromStartTo',
      { Text: 'abc', NumberOfChars: 4 },
      'StartIndexOrLengthOutOfRangeError',
    ],
    ['ToNumber', { Text: 'abc' }, 'InvalidNumberError'],
    ['ToNumber', { Text: '' }, 'InvalidNumberError'],
    ['ToNumber', { Text: '5 apples' }, 'InvalidNumberError'],
    ['FromNumber', { Number: 1, DecimalPlaces: -1 }, 'ActionFailed'],
    ['ConvertTextToDateTime.ToDateTime', { Text: '31/12/2009' }, 'InvalidDatetimeError'],
    [
      'ConvertTextToDateTime.ToDateTimeCustomFormat',
      { Text: '12/31/2009', CustomFormat: 'dd/MM/yyyy' },
      'InvalidDatetimeError',
    ],
    ['ConvertTextToDateTime.ToDateTimeCustomFormat', { Text: 'x', CustomFormat: 'j' }, 'ActionFailed'],
    [
      'ConvertDateTimeToText.FromCustomDateTime',
      { DateTime: '2009-06-15', CustomFormat: "'" },
      'ActionFailed',
    ],
    ['JoinText.JoinWithDelimiter', { List: ['a'], DelimiterTimes: 0 }, 'ActionFailed'],
    ['SplitText.Split', { Text: 'a', DelimiterTimes: 0 }, 'ActionFailed'],
    ['SplitText.SplitAtNumberOfCharacters', { Text: 'a', SplitInterval: 0 }, 'ActionFailed'],
    [
      'SplitText.SplitWithDelimiter',
      { Text: 'a', CustomDelimiter: '(', IsRegEx: true },
      'InvalidRegularExpressionError',
    ],
    ['ParseText.RegexParse', { Text: 'a', TextToFind: '*' }, 'InvalidRegularExpressionError'],
    ['ParseText.Parse', { Text: 'a', TextToFind: 'a', StartingPosition: 2 }, 'ActionFailed'],
    [
      'Replace.ReplaceTextWithRegex',
      { Text: 'a', TextToFind: '[', ReplaceWith: '' },
      'InvalidRegularExpressionError',
    ],
    ['Random', { MinimumLength: 5, MaximumLength: 4 }, 'ActionFailed'],
    ['Random', { MaximumLength: 2_000_000_000 }, 'ActionFailed'],
    [
      'Random',
      { UseUpperCaseLetters: false, UseLowerCaseLetters: false, UseDigits: false, UseSymbols: false },
      'ActionFailed',
    ],
  ])('%s %j → %s', async (id, given, code) => {
    expect(await errorOf(run(id, given))).toMatch(new RegExp(`^${code}: .`));
  });
});

it.each([
  [true, 'x.x'],
  [false, 'a.b'],
])('the older id Text.Replace with IsRegEx %s gives %j', async (IsRegEx, expected) => {
  const given = {
    Text: 'a.b',
    TextToFind: '\\w',
    IsRegEx,
    IgnoreCase: false,
    ReplaceWith: 'x',
    ActivateEscapeSequences: false,
  };
  const found = findAction('Text.Replace');
  const names = Object.keys(given);
  const shape = new ArgumentShape(
    'Text.Replace',
    found?.definition,
    names,
    names.map(() => false),
  );
  const action = textActions.find(({ id }) => id === found?.definition.id);
  const result = await action?.run(new CallArguments(shape, Object.values(given), '/flows'), context);
  expect(result).toEqual({ outputs: { Result: expected } });
});

it('reads a time without a date as today', async () => {
  const result = await run('ConvertTextToDateTime.ToDateTime', { Text: '13:45' });
  const today = localTime(context.host.clock.now()).fields;
  const expected = date(`${today.toISOString().slice(0, 10)}T13:45:00`);
  expect(result).toEqual({ outputs: { DateTime: expected } });
});

it('makes random texts of the chosen characters and lengths', async () => {
  const flags = fc.record({
    UseUpperCaseLetters: fc.boolean(),
    UseLowerCaseLetters: fc.boolean(),
    UseDigits: fc.boolean(),
    UseSymbols: fc.boolean(),
  });
  const lengths = fc.tuple(fc.nat({ max: 30 }), fc.nat({ max: 30 }));
  await fc.assert(
    fc.asyncProperty(flags, lengths, async (chosen, [a, b]) => {
      fc.pre(Object.values(chosen).includes(true));
      const [MinimumLength, MaximumLength] = [Math.min(a, b), Math.max(a, b)];
      const { outputs } = await run('Random', { ...chosen, MinimumLength, MaximumLength });
      const text = outputs?.RandomText as string;
      expect(text.length).toBeGreaterThanOrEqual(MinimumLength);
      expect(text.length).toBeLessThanOrEqual(MaximumLength);
      expect(/[A-Z]/.test(text) && !chosen.UseUpperCaseLetters).toBe(false);
      expect(/[a-z]/.test(text) && !chosen.UseLowerCaseLetters).toBe(false);
      expect(/[0-9]/.test(text) && !chosen.UseDigits).toBe(false);
      expect(/[^A-Za-z0-9]/.test(text) && !chosen.UseSymbols).toBe(false);
    }),
  );
});

it('joins what it split, whatever the delimiter', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.string({ minLength: 1, maxLength: 3 }), async (text, delimiter) => {
      const split = await run('SplitText.SplitWithDelimiter', { Text: text, CustomDelimiter: delimiter });
      const List = split.outputs?.Result as Value[];
      const joined = await run('JoinText.JoinWithCustomDelimiter', { List, CustomDelimiter: delimiter });
      expect(joined.outputs?.Result).toBe(text);
    }),
  );
});

it('finds an escaped text where the text itself is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.string({ minLength: 1, maxLength: 3 }), async (text, wanted) => {
      const escaped = await run('EscapeForRegularExpression', { Text: wanted });
      const TextToFind = escaped.outputs?.EscapedText as string;
      const parsed = await run('ParseText.RegexParseForFirstOccurrence', { Text: text, TextToFind });
      expect(parsed.outputs?.OccurrencePosition).toBe(text.indexOf(wanted));
    }),
  );
});
