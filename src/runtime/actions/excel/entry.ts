// How Excel understands what is entered into a cell as text: a number, a date, a formula … As in the United States: decimal point,
// month in front of day. Writing a text through Excel does the same to it.
import { CellError } from './cells.ts';
import { serialOf } from './dates.ts';

/** The number a text spells: digits, thousands, percent, currency, parentheses; undefined when none. Dates are the caller's matter. */
export function numberOf(text: string): number | undefined {
  const plain = text.trim();
  if (plain === '' || plain.length > 50) return undefined;
  const match =
    /^([-+]?)(\()?\s*([-+]?)\$?\s*((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(E[+-]?\d{1,3})?\s*(%)?\s*(\))?$/i.exec(
      plain,
    );
  if (match === null) return undefined;
  const [, outer, open, inner, digits = '', exponent = '', percent, close] = match;
  if ((open === undefined) !== (close === undefined) || (outer !== '' && inner !== '')) return undefined;
  const value = Number(digits.replaceAll(',', '') + exponent) / (percent === undefined ? 1 : 100);
  if (!Number.isFinite(value)) return undefined;
  const negative = (open !== undefined) !== (outer === '-' || inner === '-');
  return negative ? -value : value;
}

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const timePattern = String.raw`(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3})\d*)?)?\s*(AM|PM|A|P)?`;
const dateForms = [
  { pattern: /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})/, order: 'ymd', hasNames: false },
  { pattern: /^(\d{1,2})[-/](\d{1,2})[-/](\d{4}|\d{2})(?!\d)/, order: 'mdy', hasNames: false },
  { pattern: /^(\d{1,2})[- ]([a-z]{3,9})[- ](\d{4}|\d{2})(?!\d)/i, order: 'dmy', hasNames: true },
  { pattern: /^([a-z]{3,9}) (\d{1,2}), ?(\d{4})(?!\d)/i, order: 'mdy', hasNames: true },
] as const;
const timeBehind = new RegExp(`^(?:T|\\s+)${timePattern}$`, 'i');
const timeAlone = new RegExp(`^${timePattern}$`, 'i');

/** The serial number (1900 system) of the date, time or both that a text spells; undefined when it spells none. */
export function dateOf(text: string): number | undefined {
  const plain = text.trim();
  if (plain.length > 40 || !/\d/.test(plain)) return undefined;
  const alone = timeAlone.exec(plain);
  if (alone !== null) return timeOf(alone);
  for (const { pattern, order, hasNames } of dateForms) {
    const match = pattern.exec(plain);
    if (match === null) continue;
    const piece = (letter: 'y' | 'm' | 'd') => match[order.indexOf(letter) + 1] as string;
    const month = hasNames ? monthNumber(piece('m')) : Number(piece('m'));
    const short = piece('y').length === 2;
    const year = Number(piece('y')) + (short ? (Number(piece('y')) < 30 ? 2000 : 1900) : 0);
    const day = Number(piece('d'));
    const check = new Date(Date.UTC(year, month - 1, day));
    if (month < 1 || check.getUTCMonth() !== month - 1 || check.getUTCDate() !== day) return undefined;
    const serial = serialOf(year, month, day, false);
    const rest = plain.slice(match[0].length).replace(/Z$/, '');
    if (serial === undefined || rest === '') return serial;
    const time = timeBehind.exec(rest);
    const fraction = time === null ? undefined : timeOf(time);
    return fraction === undefined ? undefined : serial + fraction;
  }
  return undefined;
}

function monthNumber(word: string): number {
  const at = monthNames.indexOf(word.slice(0, 3).toLowerCase());
  const full = new Date(Date.UTC(2000, at, 1))
    .toLocaleString('en', { month: 'long', timeZone: 'UTC' })
    .toLowerCase();
  return at >= 0 && (word.length === 3 || word.toLowerCase() === full) ? at + 1 : 0;
}

function timeOf([, hourText, minuteText, secondText, fraction, half]: RegExpExecArray): number | undefined {
  let hours = Number(hourText);
  const [minutes, seconds] = [Number(minuteText), Number(secondText ?? 0)];
  if (minutes > 59 || seconds > 59) return undefined;
  if (half !== undefined) {
    if (hours < 1 || hours > 12) return undefined;
    hours = (hours % 12) + (half[0]?.toUpperCase() === 'P' ? 12 : 0);
  }
  return (hours * 3600 + minutes * 60 + seconds + Number(`0.${fraction ?? 0}`)) / 86_400;
}

/** What a text becomes in a cell with the format General. `format` is the number format Excel gives the cell with it, by its number or itself. */
export type Entry =
  | { readonly kind: 'text'; readonly value: string }
  | {
      readonly kind: 'value';
      readonly value: number | boolean | CellError;
      readonly format: number | string | undefined;
    }
  | { readonly kind: 'formula'; readonly text: string };

const errorCodes = new Set(['#N/A', '#VALUE!', '#REF!', '#DIV/0!', '#NUM!', '#NAME?', '#NULL!']);

/** Texts that could be anything but text start with one of these. */
const candidate = /^[\s\d+\-.=($#tfj-nsaod']/i;
/** Most numbers are written like this: nothing about them needs a closer look. */
const plainNumber = /^-?\d{1,15}(?:\.\d{1,15})?$/;

export function readEntry(text: string, date1904: boolean): Entry {
  // Nearly all texts of a large table are words.
  if (!candidate.test(text)) return { kind: 'text', value: text };
  if (plainNumber.test(text)) return { kind: 'value', value: Number(text), format: undefined };
  if (text.startsWith('=') && text.length > 1) return { kind: 'formula', text: text.slice(1) };
  // An apostrophe says that what follows is text, and is no part of it.
  if (text.startsWith("'")) return { kind: 'text', value: text.slice(1) };
  const plain = text.trim();
  const hasDigits = /\d/.test(plain);
  const number = hasDigits ? numberOf(plain) : undefined;
  if (number !== undefined) return { kind: 'value', value: number, format: formatOf(plain) };
  if (/^(?:true|false)$/i.test(plain))
    return { kind: 'value', value: /^true$/i.test(plain), format: undefined };
  if (errorCodes.has(plain.toUpperCase()))
    return { kind: 'value', value: CellError.of(plain.toUpperCase()), format: undefined };
  const serial = hasDigits ? dateOf(plain) : undefined;
  if (serial === undefined) return { kind: 'text', value: text };
  const value = serial >= 1 && date1904 ? serial - 1462 : serial;
  const hasTime = plain.includes(':');
  const format =
    serial < 1 && hasTime ? (/[ap]m?$/i.test(plain) ? 18 : /:.*:/.test(plain) ? 21 : 20) : hasTime ? 22 : 14;
  return { kind: 'value', value, format };
}

/** The format Excel chooses for a number by how it was written. */
function formatOf(text: string): number | undefined {
  const decimals = text.includes('.');
  if (text.includes('%')) return decimals ? 10 : 9;
  if (text.includes('$')) return decimals ? 8 : 6;
  if (/e/i.test(text)) return 11;
  if (text.includes(',')) return decimals ? 4 : 3;
  return undefined;
}
