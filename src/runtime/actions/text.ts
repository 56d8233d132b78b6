// The Text actions. Positions are UTF-16 code units from 0, as in .NET. Formats, numbers and patterns follow the rules in dotnet/.
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../action.ts';
import { toText } from '../convert.ts';
import { cultures } from '../dotnet/culture.ts';
import { DateFormatError, formatDatetime } from '../dotnet/dateFormat.ts';
import { parseDatetime, parseDatetimeExact } from '../dotnet/dateParse.ts';
import { formatNumber, parseDecimal } from '../dotnet/decimal.ts';
import { escapePattern, literalExpression } from '../dotnet/regex.ts';
import { lowerCase, titleCase, trimEnd, trimStart, upperCase } from '../dotnet/text.ts';
import { localTime } from '../dotnet/timeZone.ts';
import { Datarow, type FlowDatetime, type Value } from '../values.ts';
import { pattern } from './pattern.ts';
import { randomBelow } from './random.ts';
import { datetimeArgument } from './typed.ts';

const culture = cultures['en-US'];
const newLine = '\r\n';

// ── Cutting and joining ─────────────────────────────────────────────────────────────────────────────────────────

/** Without `length` all from `start` on. */
function subtext(text: string, start: number, length = Math.max(0, text.length - start)): ActionResult {
  if (start < 0 || length < 0 || start + length > text.length) {
    throw new ActionError(
      'StartIndexOrLengthOutOfRangeError',
      `${length} characters from position ${start} are not inside a text of ${text.length} characters.`,
      'Compare the position and the length with the Length property of the text first.',
    );
  }
  return { outputs: { Subtext: text.slice(start, start + length) } };
}

/** Offsets of the first occurrence of `flag` at or behind `from`; undefined when there is none. An empty flag is found at once. */
function find(text: string, flag: string, from: number, ignoreCase: boolean) {
  const expression = literalExpression(flag, ignoreCase);
  expression.lastIndex = from;
  const match = expression.exec(text);
  return match === null ? undefined : { start: match.index, end: match.index + match[0].length };
}

/** Without its flags a text stays as it is. */
function crop(args: ActionArguments, after: string | undefined, before: string | undefined): ActionResult {
  const text = args.text('Text');
  const ignoreCase = args.boolean('IgnoreCase');
  const from = after === undefined ? { start: 0, end: 0 } : find(text, args.text(after), 0, ignoreCase);
  const to =
    before === undefined
      ? { start: text.length, end: text.length }
      : from && find(text, args.text(before), from.end, ignoreCase);
  return from && to
    ? { outputs: { CroppedText: text.slice(from.end, to.start), IsFlagFound: true } }
    : { outputs: { CroppedText: text, IsFlagFound: false } };
}

function standardDelimiter(args: ActionArguments): { readonly text: string; readonly times: number } {
  const times = args.integer('DelimiterTimes');
  if (times < 1) {
    throw new ActionError(
      'ActionFailed',
      `A delimiter cannot stand ${times} times between two items.`,
      'Give 1 or more as the number of times.',
    );
  }
  const delimiters: Readonly<Record<string, string>> = { Space: ' ', Tab: '\t', NewLine: newLine };
  return { text: delimiters[args.member('StandardDelimiter')] as string, times };
}

/** A single value is a list of one: flows use Join text to turn any value into text. */
function joined(args: ActionArguments, delimiter: string): ActionResult {
  const value = args.value('List');
  const items = Array.isArray(value) || value instanceof Datarow ? args.list('List') : [value];
  return { outputs: { Result: items.map(toText).join(delimiter) } };
}

function splitAtStandardDelimiter(args: ActionArguments): ActionResult {
  const { text, times } = standardDelimiter(args);
  // Texts come with either line end, whatever machine wrote them.
  const one = text === newLine ? '(?:\\r\\n|\\n|\\r)' : text;
  return { outputs: { Result: args.text('Text').split(new RegExp(one.repeat(times))) } };
}

function splitWithDelimiter(args: ActionArguments): ActionResult {
  const text = args.text('Text');
  const delimiter = args.text('CustomDelimiter');
  if (args.boolean('IsRegEx')) return { outputs: { Result: pattern(delimiter, false).split(text) } };
  return { outputs: { Result: delimiter === '' ? [text] : text.split(delimiter) } };
}

function splitIntoChunks(args: ActionArguments): ActionResult {
  const text = args.text('Text');
  const size = args.integer('SplitInterval');
  if (size < 1) {
    throw new ActionError(
      'ActionFailed',
      `A text cannot be split into pieces of ${size} characters.`,
      'Give 1 or more as the number of characters.',
    );
  }
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += size) pieces.push(text.slice(at, at + size));
  return { outputs: { Result: pieces } };
}

function pad(args: ActionArguments): ActionResult {
  const text = args.text('Text');
  const length = args.integer('TotalLength');
  const padding = args.text('PaddingText');
  const left = args.member('PadPosition') === 'Left';
  return { outputs: { PaddedText: left ? text.padStart(length, padding) : text.padEnd(length, padding) } };
}

function trim(args: ActionArguments): ActionResult {
  const option = args.member('TrimOption');
  let text = args.text('Text');
  if (option !== 'ToEnd') text = trimStart(text);
  if (option !== 'FromStart') text = trimEnd(text);
  return { outputs: { TrimmedText: text } };
}

/** Characters of two code units stay whole. */
function reversed(text: string): string {
  const units = Buffer.from(text, 'utf16le').reverse().swap16().toString('utf16le');
  return units.replace(/([\udc00-\udfff])([\ud800-\udbff])/g, '$2$1');
}

function changeCase(text: string, option: string): string {
  switch (option) {
    case 'UpperCase':
      return upperCase(text);
    case 'LowerCase':
      return lowerCase(text);
    case 'TitleCase':
      return titleCase(text);
    default:
      return lowerCase(text).replace(/(?:^|[.!?]\s)\s*\p{L}|[\r\n]\s*\p{L}/gu, upperCase);
  }
}

// ── Conversions ─────────────────────────────────────────────────────────────────────────────────────────────────

function toNumber(args: ActionArguments): ActionResult {
  const text = args.text('Text');
  const number = parseDecimal(text, culture);
  if (number !== undefined) return { outputs: { Number: number } };
  throw new ActionError(
    'InvalidNumberError',
    `The text '${text}' is no number.`,
    'Remove everything but digits, the decimal point and the sign before converting it.',
  );
}

function fromNumber(args: ActionArguments): ActionResult {
  const places = args.integer('DecimalPlaces');
  if (places < 0 || places > 99) {
    throw new ActionError(
      'ActionFailed',
      `A number cannot be written with ${places} decimal places.`,
      'Give 0 to 99 decimal places.',
    );
  }
  const text = formatNumber(args.numeric('Number'), places, args.boolean('UseThousandsSeparator'), culture);
  return { outputs: { FormattedNumber: text } };
}

const standardFormats: Readonly<Record<string, string>> = {
  ShortDate: 'd',
  LongDate: 'D',
  ShortTime: 't',
  LongTime: 'T',
  FullDateTimeShortTime: 'f',
  FullDateTimeLongTime: 'F',
  GeneralDateTimeShortTime: 'g',
  GeneralDateTimeLongTime: 'G',
  SortableDateTime: 's',
};

/** Runs `work`; a format that .NET refuses becomes the error of the action. */
function withFormat<T>(format: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DateFormatError)) throw error;
    throw new ActionError(
      'ActionFailed',
      `The date format '${format}' is not valid: ${error.message}.`,
      'Use letters such as yyyy, MM, dd, HH, mm and ss, and put other words between quotes.',
      { cause: error },
    );
  }
}

function dateOutput(text: string, date: FlowDatetime | undefined, format?: string): ActionResult {
  if (date) return { outputs: { DateTime: date } };
  throw new ActionError(
    'InvalidDatetimeError',
    `The text '${text}' is no date${format === undefined ? '' : ` of the format '${format}'`}.`,
    format === undefined
      ? 'Give the format of the text with "Date is represented in custom format", for example dd/MM/yyyy.'
      : 'Compare the text with the format letter by letter; MM is the month and mm the minute.',
  );
}

const now = ({ host }: ActionContext): FlowDatetime => localTime(host.clock.now());

// ── Finding and replacing ───────────────────────────────────────────────────────────────────────────────────────

function startingPosition(args: ActionArguments, text: string): number {
  const start = args.integer('StartingPosition');
  if (start >= 0 && start <= text.length) return start;
  throw new ActionError(
    'ActionFailed',
    `Parsing cannot start at position ${start} of a text of ${text.length} characters.`,
    'Give a position between 0 and the length of the text.',
  );
}

/** Occurrences of the text to find, literal or as a pattern. Nothing is found for an empty literal text. */
function occurrences(args: ActionArguments, isPattern: boolean, firstOnly: boolean) {
  const text = args.text('Text');
  const wanted = args.text('TextToFind');
  const ignoreCase = args.boolean('IgnoreCase');
  const start = startingPosition(args, text);
  if (!isPattern && wanted === '') return [];
  const expression = pattern(isPattern ? wanted : escapePattern(wanted), ignoreCase);
  if (!firstOnly) return expression.all(text, start);
  const first = expression.first(text, start);
  return first ? [first] : [];
}

function parse(variant: string, isPattern: boolean, firstOnly: boolean): ActionDefinition {
  return {
    id: `Text.ParseText.${variant}`,
    run(args) {
      const found = occurrences(args, isPattern, firstOnly);
      if (firstOnly) {
        const position = { OccurrencePosition: found[0]?.index ?? -1 };
        return { outputs: isPattern ? { ...position, Match: found[0]?.text ?? '' } : position };
      }
      const positions = { OccurrencePositions: found.map((match) => match.index) };
      return {
        outputs: isPattern ? { ...positions, Matches: found.map((match) => match.text) } : positions,
      };
    },
  };
}

const escapes: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** `\n`, `\t`, `\\`, `\x41`, `\u0041` … as the characters they stand for; an unknown sequence stays as it is written. */
function withEscapes(text: string): string {
  return text.replace(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|([\s\S]))/gi, (written, x, u, letter: string) => {
    const code = x ?? u;
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
    return escapes[letter] ?? (/[a-z0-9]/i.test(letter) ? written : letter);
  });
}

function replace(args: ActionArguments, isPattern: boolean): ActionResult {
  const text = args.text('Text');
  const wanted = args.text('TextToFind');
  const ignoreCase = args.boolean('IgnoreCase');
  const given = args.text('ReplaceWith');
  const replacement = args.boolean('ActivateEscapeSequences') ? withEscapes(given) : given;
  if (isPattern) return { outputs: { Result: pattern(wanted, ignoreCase).replace(text, replacement) } };
  if (wanted === '') return { outputs: { Result: text } };
  return { outputs: { Result: text.replace(literalExpression(wanted, ignoreCase), () => replacement) } };
}

// ── Random text ─────────────────────────────────────────────────────────────────────────────────────────────────

const alphabets: readonly (readonly [argument: string, letters: string])[] = [
  ['UseUpperCaseLetters', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'],
  ['UseLowerCaseLetters', 'abcdefghijklmnopqrstuvwxyz'],
  ['UseDigits', '0123456789'],
  ['UseSymbols', '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'],
];

/** A random text is a password or a name; more characters than this would only keep the run busy. */
const longestRandomText = 1_000_000;

function randomText(args: ActionArguments): ActionResult {
  const letters = alphabets.map(([argument, all]) => (args.boolean(argument) ? all : '')).join('');
  const [least, most] = [args.integer('MinimumLength'), args.integer('MaximumLength')];
  if (letters === '' || least < 0 || most < least || most > longestRandomText) {
    throw new ActionError(
      'ActionFailed',
      letters === ''
        ? 'No kind of character is chosen for the random text.'
        : `A random text cannot have ${least} to ${most} characters.`,
      'Choose at least one kind of character, and a maximum length between the minimum and 1,000,000.',
    );
  }
  const length = least + randomBelow(most - least + 1);
  const text = Array.from({ length }, () => letters[randomBelow(letters.length)]).join('');
  return { outputs: { RandomText: text } };
}

// ── The table ───────────────────────────────────────────────────────────────────────────────────────────────────

/** An action with one output that is computed from its arguments alone. */
function simple(id: string, output: string, value: (args: ActionArguments) => Value): ActionDefinition {
  return { id: `Text.${id}`, run: (args) => ({ outputs: { [output]: value(args) } }) };
}

/** All actions of the module but Recognize entities in text. */
export const textActions: readonly ActionDefinition[] = [
  simple('AppendLine', 'Result', (args) => args.text('Text') + newLine + args.text('LineToAppend')),
  {
    id: 'Text.GetSubtext.GetSubtext',
    run: (args) =>
      subtext(args.text('Text'), args.integer('CharacterPosition'), args.integer('NumberOfChars')),
  },
  {
    id: 'Text.GetSubtext.GetSubtextFrom',
    run: (args) => subtext(args.text('Text'), args.integer('CharacterPosition')),
  },
  {
    id: 'Text.GetSubtext.GetSubtextFromStartTo',
    run: (args) => subtext(args.text('Text'), 0, args.integer('NumberOfChars')),
  },
  simple('GetSubtext.GetText', 'Subtext', (args) => args.text('Text')),
  { id: 'Text.CropText.CropTextBeforeFlag', run: (args) => crop(args, undefined, 'ToFlag') },
  { id: 'Text.CropText.CropTextAfterFlag', run: (args) => crop(args, 'FromFlag', undefined) },
  { id: 'Text.CropText.CropTextBetweenFlags', run: (args) => crop(args, 'FromFlag', 'ToFlag') },
  { id: 'Text.Pad', run: pad },
  { id: 'Text.Trim', run: trim },
  simple('Reverse', 'ReversedText', (args) => reversed(args.text('Text'))),
  simple('ChangeCase', 'Result', (args) => changeCase(args.text('Text'), args.member('NewCase'))),
  { id: 'Text.ToNumber', run: toNumber },
  { id: 'Text.FromNumber', run: fromNumber },
  {
    id: 'Text.ConvertTextToDateTime.ToDateTime',
    run(args, context) {
      const text = args.text('Text');
      return dateOutput(text, parseDatetime(text, culture, now(context)));
    },
  },
  {
    id: 'Text.ConvertTextToDateTime.ToDateTimeCustomFormat',
    run(args, context) {
      const [text, format] = [args.text('Text'), args.text('CustomFormat')];
      const date = withFormat(format, () => parseDatetimeExact(text, format, culture, now(context)));
      return dateOutput(text, date, format);
    },
  },
  simple('ConvertDateTimeToText.FromDateTime', 'Result', (args) =>
    formatDatetime(
      datetimeArgument(args, 'DateTime'),
      standardFormats[args.member('StandardFormat')] as string,
      culture,
    ),
  ),
  simple('ConvertDateTimeToText.FromCustomDateTime', 'Result', (args) => {
    const format = args.text('CustomFormat');
    return withFormat(format, () => formatDatetime(datetimeArgument(args, 'DateTime'), format, culture));
  }),
  { id: 'Text.Random', run: randomText },
  { id: 'Text.JoinText.Join', run: (args) => joined(args, '') },
  {
    id: 'Text.JoinText.JoinWithDelimiter',
    run(args) {
      const { text, times } = standardDelimiter(args);
      return joined(args, text.repeat(times));
    },
  },
  {
    id: 'Text.JoinText.JoinWithCustomDelimiter',
    run: (args) => joined(args, args.text('CustomDelimiter')),
  },
  { id: 'Text.SplitText.Split', run: splitAtStandardDelimiter },
  { id: 'Text.SplitText.SplitWithDelimiter', run: splitWithDelimiter },
  { id: 'Text.SplitText.SplitAtNumberOfCharacters', run: splitIntoChunks },
  parse('Parse', false, false),
  parse('ParseForFirstOccurrence', false, true),
  parse('RegexParse', true, false),
  parse('RegexParseForFirstOccurrence', true, true),
  {
    // The older id Text.Replace says in `IsRegEx` which of the two variants it is.
    id: 'Text.Replace.ReplaceText',
    run: (args) => replace(args, args.has('IsRegEx') && args.boolean('IsRegEx')),
  },
  { id: 'Text.Replace.ReplaceTextWithRegex', run: (args) => replace(args, true) },
  simple('EscapeForRegularExpression', 'EscapedText', (args) => escapePattern(args.text('Text'))),
  simple('CreateHTMLContent', 'HtmlContent', (args) => args.text('HtmlEditor')),
];
