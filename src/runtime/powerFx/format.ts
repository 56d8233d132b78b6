// Text(value, format) of Power Fx: number formats (`#,##0.00`, `0%`) and date formats (`yyyy-mm-dd hh:mm`), in the English (US) culture.
import { cultures } from '../dotnet/culture.ts';
import { formatDatetime } from '../dotnet/dateFormat.ts';
import {
  addDecimals,
  compareDecimals,
  formatNumber,
  multiplyDecimals,
  negateDecimal,
} from '../dotnet/decimal.ts';
import { localOffsetMinutes } from '../dotnet/timeZone.ts';
import { FlowDatetime, type Numeric } from '../values.ts';

const english = cultures['en-US'];

/** The members of DateTimeFormat, as .NET formats. */
const named: Readonly<Record<string, string>> = {
  LongDate: 'dddd, MMMM d, yyyy',
  LongDateTime: 'dddd, MMMM d, yyyy h:mm:ss tt',
  LongDateTime24: 'dddd, MMMM d, yyyy HH:mm:ss',
  LongTime: 'h:mm:ss tt',
  LongTime24: 'HH:mm:ss',
  ShortDate: 'M/d/yyyy',
  ShortDateTime: 'M/d/yyyy h:mm tt',
  ShortDateTime24: 'M/d/yyyy HH:mm',
  ShortTime: 'h:mm tt',
  ShortTime24: 'HH:mm',
};

export function dateText(value: FlowDatetime, format: string): string {
  if (format === 'UTC') {
    const utc = new FlowDatetime(value.ticks - localOffsetMinutes(value) * 60_000);
    return formatDatetime(utc, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", english);
  }
  return formatDatetime(value, named[format] ?? dotnetFormat(format), english);
}

/** `m` is the minute next to an hour or a second, else the month; `h` counts to 12 only where `am/pm` is asked for. */
function dotnetFormat(format: string): string {
  const fields = format.match(/"[^"]*"|\\.|am\/pm|a\/p|([ymdhs])\1*|\.0+|[\s\S]/gi) ?? [];
  const half = fields.some((field) => /^(am\/pm|a\/p)$/i.test(field));
  const isField = (field: string | undefined, letter: string) => field?.[0]?.toLowerCase() === letter;
  const neighbour = (from: number, step: number) => {
    for (let i = from + step; i >= 0 && i < fields.length; i += step) {
      if (/^[ymdhs]/i.test(fields[i] as string)) return fields[i];
    }
    return undefined;
  };
  const parts = fields.map((field, i) => {
    const letter = field[0]?.toLowerCase();
    if (/^"/.test(field) || /^\\/.test(field)) return literal(field.replace(/^\\|"/g, ''));
    if (/^am\/pm$/i.test(field)) return 'tt';
    if (/^a\/p$/i.test(field)) return '%t';
    if (/^\.0+$/.test(field))
      return isField(neighbour(i, -1), 's') ? `.${'f'.repeat(field.length - 1)}` : literal(field);
    if (letter === 'y') return field.length <= 2 ? 'yy' : 'yyyy';
    if (letter === 'd' || letter === 's') return field.toLowerCase();
    if (letter === 'h') return (half ? 'h' : 'H').repeat(Math.min(2, field.length));
    if (letter === 'm') {
      const isMinute = isField(neighbour(i, -1), 'h') || isField(neighbour(i, 1), 's');
      return isMinute && field.length <= 2 ? field.toLowerCase() : field.toUpperCase().slice(0, 4);
    }
    return literal(field);
  });
  // A single letter would be a standard format of .NET.
  return parts.length === 1 && (parts[0] as string).length === 1 ? `%${parts[0]}` : parts.join('');
}

const literal = (text: string): string => text.replace(/[\s\S]/g, '\\$&');

/** A format has up to three parts: positive; negative; zero. */
export function numberText(value: Numeric, format: string): string {
  const parts = sections(format);
  const sign = compareDecimals(value, 0);
  if (sign < 0 && parts[1] !== undefined) return section(negateDecimal(value), parts[1]);
  if (sign === 0 && parts[2] !== undefined) return section(value, parts[2]);
  return section(value, parts[0] ?? '');
}

function sections(format: string): string[] {
  const parts = [''];
  for (const piece of format.replace(/^\[\$-[^\]]*\]/, '').match(/"[^"]*"|\\.|[\s\S]/g) ?? []) {
    if (piece === ';') parts.push('');
    else parts[parts.length - 1] += piece;
  }
  return parts;
}

function section(value: Numeric, format: string): string {
  const pieces = format.match(/"[^"]*"|\\.|[#0.,]+|[\s\S]/g) ?? [];
  const slot = pieces.findIndex((piece) => /^[#0.,]*[#0][#0.,]*$/.test(piece));
  const shown = (list: readonly string[]) => list.map((piece) => piece.replace(/^\\|"/g, '')).join('');
  if (slot < 0) return shown(pieces);
  const percent = pieces.filter((piece) => piece === '%').length;
  const scaled = multiplyDecimals(value, 100 ** percent) ?? value;
  const [whole = '', ...fractions] = (pieces[slot] as string).split('.');
  const fraction = fractions.join('');
  const places = fraction.replaceAll(',', '').length;
  const least = whole.replace(/[^0]/g, '').length;
  let text = formatNumber(scaled, places, whole.includes(','), english);
  const negative = text.startsWith('-');
  if (negative) text = text.slice(1);
  let [digits = '', decimals = ''] = text.split('.');
  digits = least === 0 && digits === '0' ? '' : digits.padStart(least, '0');
  const kept = fraction.replaceAll(',', '').replace(/#+$/, '').length;
  while (decimals.length > kept && decimals.endsWith('0')) decimals = decimals.slice(0, -1);
  const isZero = compareDecimals(addDecimals(scaled, 0) ?? scaled, 0) === 0;
  const minus = negative && !isZero ? '-' : '';
  return `${minus}${shown(pieces.slice(0, slot))}${digits}${decimals === '' ? '' : `.${decimals}`}${shown(pieces.slice(slot + 1))}`;
}
