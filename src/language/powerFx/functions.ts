// Which part of Power Fx this product evaluates: its functions with how many values they take, and its enumerations. What they do is in
// runtime/powerFx; a test compares the two.

/** Names of the functions and the least and most values they take. */
const table: readonly (readonly [names: string, least: number, most: number])[] = [
  ['Blank Today Now', 0, 0],
  ['If', 2, 255],
  ['Switch', 3, 255],
  ['And Or Coalesce', 1, 255],
  ['Concatenate', 1, 255],
  ['Table', 0, 255],
  ['Min Max Average Sum', 1, 255],
  ['IfError', 2, 255],
  ['Not IsBlank IsEmpty IsError IsNumeric Boolean', 1, 1],
  ['Error', 1, 1],
  ['Len Upper Lower Proper Trim TrimEnds Char UniChar EncodeUrl PlainText', 1, 1],
  ['Value Decimal Float DateValue TimeValue DateTimeValue', 1, 2],
  ['Text', 1, 3],
  ['Left Right StartsWith EndsWith Split', 2, 2],
  ['Mid Find', 2, 3],
  ['Substitute', 3, 4],
  ['Replace', 4, 4],
  ['Concat', 2, 3],
  ['Abs Int Sqrt Exp', 1, 1],
  ['Ln', 1, 1],
  ['Log Trunc', 1, 2],
  ['Round RoundUp RoundDown Mod Power', 2, 2],
  ['Pi', 0, 0],
  ['Count CountA CountRows', 1, 1],
  ['CountIf', 2, 255],
  ['Date Time', 3, 4],
  ['DateTime', 6, 7],
  ['DateAdd', 2, 3],
  ['DateDiff', 2, 3],
  ['Day Month Year Hour Minute Second', 1, 1],
  ['Weekday', 1, 2],
  ['First Last', 1, 1],
  ['FirstN LastN', 1, 2],
  ['Index', 2, 2],
  ['Filter', 2, 255],
  ['LookUp', 2, 3],
  ['Sort', 2, 3],
  ['SortByColumns', 2, 255],
  ['ForAll Distinct', 2, 2],
  ['AddColumns', 3, 255],
  ['Sequence', 1, 3],
  ['ReadCell', 2, 3],
  ['With', 2, 2],
  ['JSON', 1, 2],
  ['ParseJSON', 1, 1],
];

export interface PowerFxFunction {
  readonly name: string;
  readonly least: number;
  readonly most: number;
}

export const powerFxFunctions: ReadonlyMap<string, PowerFxFunction> = new Map(
  table.flatMap(([names, least, most]) =>
    names.split(' ').map((name) => [name.toLowerCase(), { name, least, most }] as const),
  ),
);

/** Functions that evaluate their arguments behind the first once per row, where the columns of the row are names. */
export const rowFunctions: ReadonlySet<string> = new Set(
  'addcolumns average concat countif distinct filter forall lookup max min sort sum with'.split(' '),
);

/** Enumerations and their members; a member stands for its own name. */
export const powerFxEnums: ReadonlyMap<string, readonly string[]> = new Map([
  ['TimeUnit', ['Milliseconds', 'Seconds', 'Minutes', 'Hours', 'Days', 'Months', 'Quarters', 'Years']],
  ['SortOrder', ['Ascending', 'Descending']],
  [
    'StartOfWeek',
    ['Sunday', 'Monday', 'MondayZero', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'],
  ],
  [
    'JSONFormat',
    ['Compact', 'IndentFour', 'IncludeBinaryData', 'IgnoreBinaryData', 'IgnoreUnsupportedTypes'],
  ],
  [
    'DateTimeFormat',
    [
      'LongDate',
      'LongDateTime',
      'LongDateTime24',
      'LongTime',
      'LongTime24',
      'ShortDate',
      'ShortDateTime',
      'ShortDateTime24',
      'ShortTime',
      'ShortTime24',
      'UTC',
    ],
  ],
  ['ErrorKind', ['Custom', 'Div0', 'InvalidArgument', 'NotFound', 'Numeric', 'Unknown']],
]);
