// Reads dates: by a .NET format string, or freely as .NET's DateTime.Parse does for the common spellings. No clock: callers bring "now".
import { FlowDatetime } from '../values.ts';
import type { Culture } from './culture.ts';
import { customFormat, type FormatPart, formatParts } from './dateFormat.ts';
import { localTime } from './timeZone.ts';

/** What a text said; everything it did not say is undefined. */
interface Found {
  year?: number;
  month?: number;
  day?: number;
  weekday?: number;
  hour?: number;
  /** True when the hour was written on a clock of twelve. */
  twelve?: boolean;
  half?: 'am' | 'pm';
  minute?: number;
  second?: number;
  millisecond?: number;
  /** Minutes east of UTC. */
  offset?: number;
}

/**
 * The datetime a text spells, or undefined. Reads ISO 8601, RFC 1123, numeric dates in the order of the culture's short date
 * (a leading year of three or more digits comes first everywhere), dates with month names, times with and without AM/PM.
 * What is missing follows .NET: no date at all means today, no year this year, no day the first, no time midnight. A text with a zone
 * (`Z`, `GMT`, `+02:00`) is converted to this machine's time. `now` is the wall clock now.
 */
export function parseDatetime(text: string, culture: Culture, now: FlowDatetime): FlowDatetime | undefined {
  const found: Found = {};
  const rest = readTime(text.trim(), found, culture);
  if (rest === undefined || !readDate(rest, found, culture)) return undefined;
  if (Object.keys(found).length === 0) return undefined;
  return assemble(found, now);
}

// Hours with minutes, or hours with AM/PM alone; then AM/PM, then a zone. After a date an ISO `T` may stand in front.
function timePattern(culture: Culture): RegExp {
  const separator = escaped(culture.timeSeparator);
  const half = [culture.am, culture.pm, culture.am.slice(0, 1), culture.pm.slice(0, 1)]
    .filter((word) => word !== '')
    .map(escaped)
    .join('|');
  const clock = `(?<hour>\\d{1,2})\\s*${separator}\\s*(?<minute>\\d{1,2})(?:\\s*${separator}\\s*(?<second>\\d{1,2})(?:\\.(?<fraction>\\d{1,7}))?)?(?:\\s*(?<half>${half})(?![\\p{L}]))?`;
  const bare = `(?<bareHour>\\d{1,2})\\s*(?<bareHalf>${half})(?![\\p{L}])`;
  const zone = `(?:\\s*(?<zone>Z|GMT|[+-]\\s*\\d{1,2}(?::?\\d{2})?))?`;
  return new RegExp(`(?<before>^|[\\s,]|(?<=\\d)T)(?:${clock}|${bare})${zone}(?=$|[\\s,])`, 'iu');
}

/** Reads the time of day and zone; gives the text that remains. Undefined when a number is impossible. */
function readTime(text: string, found: Found, culture: Culture): string | undefined {
  const match = timePattern(culture).exec(text);
  const groups = match?.groups;
  if (!match || !groups)
    return text.replace(/(?<=\d)(?:\s*Z|\s+GMT)$/i, () => {
      found.offset = 0;
      return '';
    });
  found.hour = Number(groups.hour ?? groups.bareHour);
  found.minute = Number(groups.minute ?? 0);
  found.second = Number(groups.second ?? 0);
  found.millisecond = thousandths(groups.fraction ?? '');
  const half = groups.half ?? groups.bareHalf;
  if (half !== undefined) {
    found.twelve = true;
    found.half = half[0]?.toLowerCase() === culture.am[0]?.toLowerCase() ? 'am' : 'pm';
  }
  let rest = `${text.slice(0, match.index)} ${text.slice(match.index + match[0].length)}`;
  let zone = groups.zone;
  if (zone === undefined) {
    rest = rest.replace(/\s+(GMT|Z)\s*$/i, () => {
      zone = 'Z';
      return '';
    });
  }
  if (zone !== undefined) {
    const offset = zoneOffset(zone);
    if (offset === undefined) return undefined;
    found.offset = offset;
  }
  return rest;
}

function zoneOffset(zone: string): number | undefined {
  if (/^(Z|GMT)$/i.test(zone)) return 0;
  const [, sign, hours, minutes] = /^([+-])\s*(\d{1,2})(?::?(\d{2}))?$/.exec(zone) ?? [];
  const total = Number(hours) * 60 + Number(minutes ?? 0);
  if (!(total <= 14 * 60) || Number(minutes ?? 0) > 59) return undefined;
  return sign === '-' ? -total : total;
}

/** Reads day, month and year. True when all of the text was understood. */
function readDate(text: string, found: Found, culture: Culture): boolean {
  const numbers: { value: number; digits: number }[] = [];
  let monthAt = -1;
  for (const [token] of text.matchAll(/\d+|\p{L}+\.?|[^\s]/gu)) {
    if (/^\d/.test(token)) {
      numbers.push({ value: Number(token), digits: token.length });
    } else if (/^\p{L}/u.test(token)) {
      const word = token.replace(/\.$/, '');
      const month = nameIndex(word, culture.monthNames, culture.shortMonthNames);
      const weekday = nameIndex(word, culture.dayNames, culture.shortDayNames);
      if (month >= 0 && found.month === undefined) {
        found.month = month + 1;
        monthAt = numbers.length;
      } else if (weekday >= 0 && found.weekday === undefined) found.weekday = weekday;
      else return false;
    } else if (!['/', '-', '.', ',', culture.dateSeparator].includes(token)) return false;
  }
  if (/[-/.]\s*[-/.]|^[-/.]|[-/.]$/.test(text.trim())) return false;
  return monthAt >= 0 ? placeAroundMonth(numbers, found, culture) : placeNumbers(numbers, found, culture);
}

type Digits = { value: number; digits: number };

function placeAroundMonth(numbers: Digits[], found: Found, culture: Culture): boolean {
  const [first, second] = numbers;
  if (numbers.length > 2) return false;
  if (first === undefined) return false;
  if (second === undefined) {
    if (first.digits > 2) found.year = first.value;
    else found.day = first.value;
    return true;
  }
  const [day, year] = first.digits > 2 ? [second, first] : [first, second];
  if (day.digits > 2) return false;
  found.day = day.value;
  found.year = fullYear(year, culture);
  return true;
}

function placeNumbers(numbers: Digits[], found: Found, culture: Culture): boolean {
  const [first, second, third] = numbers;
  if (numbers.length > 3) return false;
  if (first === undefined) return true; // no date: it is today
  if (second === undefined) return false;
  if (third === undefined) {
    if (first.digits > 2) {
      found.year = first.value;
      found.month = second.value;
    } else if (second.digits > 2) {
      found.month = first.value;
      found.year = second.value;
    } else {
      const dayFirst = fieldOrder(culture).indexOf('d') < fieldOrder(culture).indexOf('M');
      found.month = dayFirst ? second.value : first.value;
      found.day = dayFirst ? first.value : second.value;
    }
    return first.digits <= 2 || second.digits <= 2;
  }
  const order = first.digits > 2 ? 'yMd' : fieldOrder(culture);
  for (const [index, letter] of [...order].entries()) {
    const number = numbers[index] as Digits;
    if (letter === 'y') found.year = fullYear(number, culture);
    else if (number.digits > 2) return false;
    else if (letter === 'M') found.month = number.value;
    else found.day = number.value;
  }
  return true;
}

/** `Mdy`, `dMy` or `yMd`: the order of a culture's short date. */
function fieldOrder(culture: Culture): string {
  return [...new Set(culture.shortDate.replace(/'[^']*'|[^dMy]/g, ''))].join('');
}

function fullYear(year: Digits, culture: Culture): number {
  if (year.digits > 2) return year.value;
  const century = Math.floor(culture.lastTwoDigitYear / 100) * 100;
  return year.value <= culture.lastTwoDigitYear % 100 ? century + year.value : century - 100 + year.value;
}

function nameIndex(word: string, ...tables: (readonly string[])[]): number {
  const wanted = word.toLowerCase();
  for (const names of tables) {
    const index = names.findIndex((name) => name.toLowerCase() === wanted);
    if (index >= 0) return index;
  }
  return -1;
}

/** The fraction of a second in whole milliseconds, rounded as .NET rounds ticks. */
function thousandths(fraction: string): number {
  return fraction === '' ? 0 : Math.round(Number(`0.${fraction}`) * 1000);
}

/** Fills the gaps and checks the calendar; undefined for a date that does not exist or a weekday that does not fit. */
function assemble(found: Found, now: FlowDatetime): FlowDatetime | undefined {
  const today = now.fields;
  const noDate = found.year === undefined && found.month === undefined && found.day === undefined;
  const year = found.year ?? today.getUTCFullYear();
  const month = found.month ?? (noDate ? today.getUTCMonth() + 1 : 1);
  const day = found.day ?? (noDate ? today.getUTCDate() : 1);
  let hour = found.hour ?? 0;
  if (found.twelve) {
    if (hour > 12) return undefined;
    hour = (hour % 12) + (found.half === 'pm' ? 12 : 0);
  }
  const [minute, second] = [found.minute ?? 0, found.second ?? 0];
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const midnight = FlowDatetime.of(year, month, day);
  if (midnight.fields.getUTCDate() !== day) return undefined;
  if (found.weekday !== undefined && midnight.fields.getUTCDay() !== found.weekday) return undefined;
  const ticks = midnight.ticks + ((hour * 60 + minute) * 60 + second) * 1000 + (found.millisecond ?? 0);
  return found.offset === undefined ? new FlowDatetime(ticks) : localTime(ticks - found.offset * 60_000);
}

/**
 * The datetime a text spells in exactly this .NET format (standard or custom), or undefined. As in .NET `d`, `M`, `h`, `H`, `m`, `s`
 * read one or two digits, `dd` … exactly two, `yyyy` exactly four; `F` decimals may be absent; names are read in any letter case.
 * Throws DateFormatError for a format that is none.
 */
export function parseDatetimeExact(
  text: string,
  format: string,
  culture: Culture,
  now: FlowDatetime,
): FlowDatetime | undefined {
  const custom = customFormat(format, culture);
  const parts = formatParts(custom.format);
  const found: Found = {};
  return matchParts(text, parts, found, custom.culture) ? assemble(found, now) : undefined;
}

function matchParts(text: string, parts: readonly FormatPart[], found: Found, culture: Culture): boolean {
  let at = 0;
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] as FormatPart;
    if (part.kind === 'field') {
      const end = readField(text, at, part.letter, part.count, found, culture);
      if (end === undefined) return false;
      at = end;
      continue;
    }
    const literal =
      part.kind === 'dateSeparator'
        ? culture.dateSeparator
        : part.kind === 'timeSeparator'
          ? culture.timeSeparator
          : part.text;
    if (text.startsWith(literal, at)) {
      at += literal.length;
      continue;
    }
    // `.FFF` may be absent together with its point.
    const next = parts[index + 1];
    if (literal !== '.' || next?.kind !== 'field' || next.letter !== 'F') return false;
    index++;
  }
  return at === text.length;
}

/** Offset behind the field, or undefined when the text has no such field here or contradicts an earlier one. */
function readField(
  text: string,
  at: number,
  letter: string,
  count: number,
  found: Found,
  culture: Culture,
): number | undefined {
  const digits = (least: number, most: number): string | undefined =>
    new RegExp(`^\\d{${least},${most}}`).exec(text.slice(at, at + most))?.[0];
  const number = (name: 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second'): number | undefined => {
    const token = digits(Math.min(count, 2), 2);
    return token === undefined ? undefined : keep(found, name, Number(token), at + token.length);
  };
  const name = (field: 'month' | 'weekday', names: readonly string[], first: number): number | undefined => {
    let best = -1;
    for (const [index, candidate] of names.entries()) {
      const fits = text.slice(at, at + candidate.length).toLowerCase() === candidate.toLowerCase();
      if (fits && candidate.length > (names[best]?.length ?? 0)) best = index;
    }
    return best < 0 ? undefined : keep(found, field, best + first, at + (names[best] as string).length);
  };
  switch (letter) {
    case 'd':
      if (count <= 2) return number('day');
      return name('weekday', count === 3 ? culture.shortDayNames : culture.dayNames, 0);
    case 'M':
      if (count <= 2) return number('month');
      return name('month', count === 3 ? culture.shortMonthNames : culture.monthNames, 1);
    case 'y': {
      const token = count === 1 ? digits(1, 2) : digits(count, count);
      if (token === undefined) return undefined;
      const year = count <= 2 ? fullYear({ value: Number(token), digits: 2 }, culture) : Number(token);
      return keep(found, 'year', year, at + token.length);
    }
    case 'h':
      found.twelve = true;
      return number('hour');
    case 'H':
      return number('hour');
    case 'm':
      return number('minute');
    case 's':
      return number('second');
    case 'f':
    case 'F': {
      if (count > 7) return undefined;
      const token = digits(letter === 'f' ? count : 0, count);
      if (token === undefined) return undefined;
      return keep(found, 'millisecond', thousandths(token), at + token.length);
    }
    case 't': {
      for (const half of ['am', 'pm'] as const) {
        const word = count === 1 ? culture[half].slice(0, 1) : culture[half];
        if (text.slice(at, at + word.length).toLowerCase() !== word.toLowerCase()) continue;
        found.half = half;
        return at + word.length;
      }
      return undefined;
    }
    case 'g':
      return text.startsWith(culture.era, at) ? at + culture.era.length : undefined;
    case 'z':
    case 'K': {
      const pattern =
        letter === 'K'
          ? /^(?:Z|[+-]\d{2}:\d{2}|)/
          : [/^[+-]\d{1,2}/, /^[+-]\d{2}/, /^[+-]\d{2}:\d{2}/][Math.min(count, 3) - 1];
      const token = (pattern as RegExp).exec(text.slice(at))?.[0];
      if (token === undefined) return undefined;
      const offset = token === '' ? undefined : zoneOffset(token);
      if (token !== '' && offset === undefined) return undefined;
      if (offset !== undefined) found.offset = offset;
      return at + token.length;
    }
    default:
      return undefined;
  }
}

/** Stores a field; a second, different value for it makes the text wrong. */
function keep(
  found: Found,
  name: Exclude<keyof Found, 'half' | 'twelve'>,
  value: number,
  end: number,
): number | undefined {
  if (found[name] !== undefined && found[name] !== value) return undefined;
  found[name] = value;
  return end;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
