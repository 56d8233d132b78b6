// Writes dates by .NET standard and custom date and time format strings. Reading them is in dateParse.ts.
import { FlowDatetime } from '../values.ts';
import { type Culture, cultures } from './culture.ts';
import { localOffsetMinutes } from './timeZone.ts';

/** A format string .NET refuses. The message says why. */
export class DateFormatError extends Error {
  override readonly name = 'DateFormatError';
}

/** One element of a custom format: a run of one letter (`yyyy`), a separator, or text that stands for itself. */
export type FormatPart =
  | { readonly kind: 'field'; readonly letter: string; readonly count: number }
  | { readonly kind: 'dateSeparator' }
  | { readonly kind: 'timeSeparator' }
  | { readonly kind: 'literal'; readonly text: string; readonly quoted: boolean };

const fieldLetters = new Set('dfFghHKmMstyz');
const roundTrip = "yyyy'-'MM'-'dd'T'HH':'mm':'ss.fffffffK";
const rfc1123 = "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'";

/**
 * The custom format a standard format letter stands for, with the culture it is read under (`o`, `r`, `s` and `u` are the same everywhere).
 * Any other format is already a custom one. Throws DateFormatError for an unknown single letter.
 */
export function customFormat(format: string, culture: Culture): { format: string; culture: Culture } {
  if (format.length !== 1) return { format: format === '' ? generalLong(culture) : format, culture };
  const fixed = (text: string) => ({ format: text, culture: cultures.invariant });
  const local = (text: string) => ({ format: text, culture });
  switch (format) {
    case 'd':
      return local(culture.shortDate);
    case 'D':
      return local(culture.longDate);
    case 'f':
      return local(`${culture.longDate} ${culture.shortTime}`);
    case 'F':
    case 'U':
      return local(`${culture.longDate} ${culture.longTime}`);
    case 'g':
      return local(`${culture.shortDate} ${culture.shortTime}`);
    case 'G':
      return local(generalLong(culture));
    case 'm':
    case 'M':
      return local(culture.monthDay);
    case 'o':
    case 'O':
      return fixed(roundTrip);
    case 'r':
    case 'R':
      return fixed(rfc1123);
    case 's':
      return fixed("yyyy'-'MM'-'dd'T'HH':'mm':'ss");
    case 't':
      return local(culture.shortTime);
    case 'T':
      return local(culture.longTime);
    case 'u':
      return fixed("yyyy'-'MM'-'dd HH':'mm':'ss'Z'");
    case 'y':
    case 'Y':
      return local(culture.yearMonth);
    default:
      throw new DateFormatError(`'${format}' is no standard date and time format`);
  }
}

const generalLong = (culture: Culture): string => `${culture.shortDate} ${culture.longTime}`;

/** Takes a custom format apart. Throws DateFormatError for an open quote, a lone `\` or `%` at the end, and `%%`. */
export function formatParts(format: string): FormatPart[] {
  const parts: FormatPart[] = [];
  let at = 0;
  while (at < format.length) {
    const letter = format[at] as string;
    if (fieldLetters.has(letter)) {
      let end = at + 1;
      while (format[end] === letter) end++;
      parts.push({ kind: 'field', letter, count: end - at });
      at = end;
    } else if (letter === "'" || letter === '"') {
      const { text, end } = quotedText(format, at);
      parts.push({ kind: 'literal', text, quoted: true });
      at = end;
    } else if (letter === '\\') {
      const text = format[at + 1];
      if (text === undefined) throw new DateFormatError('the format ends with a lone backslash');
      parts.push({ kind: 'literal', text, quoted: true });
      at += 2;
    } else if (letter === '%') {
      // `%d` is the custom format `d`, one letter long; the percent sign itself is never written.
      const next = format[at + 1];
      if (next === undefined || next === '%')
        throw new DateFormatError("'%' must be followed by a format letter");
      if (fieldLetters.has(next)) parts.push({ kind: 'field', letter: next, count: 1 });
      at += fieldLetters.has(next) ? 2 : 1;
    } else {
      if (letter === '/') parts.push({ kind: 'dateSeparator' });
      else if (letter === ':') parts.push({ kind: 'timeSeparator' });
      else parts.push({ kind: 'literal', text: letter, quoted: false });
      at += 1;
    }
  }
  return parts;
}

function quotedText(format: string, from: number): { text: string; end: number } {
  const quote = format[from];
  let text = '';
  for (let at = from + 1; at < format.length; at++) {
    if (format[at] === quote) return { text, end: at + 1 };
    if (format[at] === '\\') at++;
    if (at < format.length) text += format[at];
  }
  throw new DateFormatError(`the quote opened at character ${from + 1} of the format is never closed`);
}

/**
 * A date as text, by a standard (`d`, `G`, `s` …) or custom (`yyyy-MM-dd`) .NET format string. The datetime has no zone: `K` writes
 * nothing, `z` the offset of this machine at that moment, `U` converts from local time to UTC. Fractions are exact to milliseconds.
 * Throws DateFormatError.
 */
export function formatDatetime(value: FlowDatetime, format: string, culture: Culture): string {
  const custom = customFormat(format, culture);
  const shown = format === 'U' ? new FlowDatetime(value.ticks - localOffsetMinutes(value) * 60_000) : value;
  let text = '';
  for (const part of formatParts(custom.format)) {
    if (part.kind === 'literal') text += part.text;
    else if (part.kind === 'dateSeparator') text += custom.culture.dateSeparator;
    else if (part.kind === 'timeSeparator') text += custom.culture.timeSeparator;
    else text = writeField(text, part.letter, part.count, shown, custom.culture);
  }
  return text;
}

/** `text` with one field added. `F` may take back the point before it. */
function writeField(
  text: string,
  letter: string,
  count: number,
  value: FlowDatetime,
  culture: Culture,
): string {
  const fields = value.fields;
  const padded = (number: number, digits = Math.min(count, 2)) => text + String(number).padStart(digits, '0');
  switch (letter) {
    case 'd':
      if (count <= 2) return padded(fields.getUTCDate());
      return text + ((count === 3 ? culture.shortDayNames : culture.dayNames)[fields.getUTCDay()] as string);
    case 'M':
      if (count <= 2) return padded(fields.getUTCMonth() + 1);
      return (
        text + ((count === 3 ? culture.shortMonthNames : culture.monthNames)[fields.getUTCMonth()] as string)
      );
    case 'y': {
      const year = fields.getUTCFullYear();
      return count <= 2 ? padded(year % 100) : padded(year, count);
    }
    case 'h':
      return padded(fields.getUTCHours() % 12 || 12);
    case 'H':
      return padded(fields.getUTCHours());
    case 'm':
      return padded(fields.getUTCMinutes());
    case 's':
      return padded(fields.getUTCSeconds());
    case 't': {
      const half = fields.getUTCHours() < 12 ? culture.am : culture.pm;
      return text + (count === 1 ? half.slice(0, 1) : half);
    }
    case 'f':
    case 'F': {
      if (count > 7) throw new DateFormatError('a second has at most seven decimals in a format');
      const digits = `${String(fields.getUTCMilliseconds()).padStart(3, '0')}0000`.slice(0, count);
      if (letter === 'f') return text + digits;
      const significant = digits.replace(/0+$/, '');
      return significant === '' && text.endsWith('.') ? text.slice(0, -1) : text + significant;
    }
    case 'g':
      return text + culture.era;
    case 'z': {
      const minutes = localOffsetMinutes(value);
      const sign = minutes < 0 ? '-' : '+';
      const hours = String(Math.floor(Math.abs(minutes) / 60)).padStart(Math.min(count, 2), '0');
      const rest = String(Math.abs(minutes) % 60).padStart(2, '0');
      return `${text}${sign}${hours}${count >= 3 ? `${culture.timeSeparator}${rest}` : ''}`;
    }
    default:
      return text; // K: a datetime without zone writes nothing
  }
}
