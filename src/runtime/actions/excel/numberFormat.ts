// Number formats of Excel: whether one shows a date, and how a value reads under it. English names of days and months.
import { cultures } from '../../dotnet/culture.ts';
import { type DateParts, dateParts } from './dates.ts';

/** The formats that files name by number only. Those that follow the machine's region are written as in the United States. */
const builtIn: Readonly<Record<number, string>> = {
  0: 'General',
  1: '0',
  2: '0.00',
  3: '#,##0',
  4: '#,##0.00',
  5: '"$"#,##0_);("$"#,##0)',
  6: '"$"#,##0_);[Red]("$"#,##0)',
  7: '"$"#,##0.00_);("$"#,##0.00)',
  8: '"$"#,##0.00_);[Red]("$"#,##0.00)',
  9: '0%',
  10: '0.00%',
  11: '0.00E+00',
  12: '# ?/?',
  13: '# ??/??',
  14: 'm/d/yyyy',
  15: 'd-mmm-yy',
  16: 'd-mmm',
  17: 'mmm-yy',
  18: 'h:mm AM/PM',
  19: 'h:mm:ss AM/PM',
  20: 'h:mm',
  21: 'h:mm:ss',
  22: 'm/d/yyyy h:mm',
  37: '#,##0_);(#,##0)',
  38: '#,##0_);[Red](#,##0)',
  39: '#,##0.00_);(#,##0.00)',
  40: '#,##0.00_);[Red](#,##0.00)',
  41: '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)',
  42: '_("$"* #,##0_);_("$"* (#,##0);_("$"* "-"_);_(@_)',
  43: '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)',
  44: '_("$"* #,##0.00_);_("$"* (#,##0.00);_("$"* "-"??_);_(@_)',
  45: 'mm:ss',
  46: '[h]:mm:ss',
  47: 'mm:ss.0',
  48: '##0.0E+0',
  49: '@',
};

/** East Asian files use 27 to 36 and 50 to 58 for dates of their calendars, which read like an ordinary date here. */
export const builtInFormat = (id: number): string =>
  builtIn[id] ?? ((id >= 27 && id <= 36) || (id >= 50 && id <= 58) ? 'm/d/yyyy' : 'General');

// ── Taking a format apart ───────────────────────────────────────────────────────────────────────────────────────

type Part =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'digit'; readonly text: string }
  | { readonly kind: 'point' | 'comma' | 'percent' | 'slash' | 'text' | 'general' }
  | { readonly kind: 'exponent'; readonly text: string }
  /** `y`, `m`, `d`, `h`, `s` with its length; `minute` for an `m` that means minutes. */
  | { readonly kind: 'date'; readonly letter: string; readonly count: number; readonly elapsed: boolean }
  | { readonly kind: 'half'; readonly text: string }
  | { readonly kind: 'fraction'; readonly count: number };

interface Section {
  readonly parts: readonly Part[];
  readonly condition: ((value: number) => boolean) | undefined;
  readonly isDate: boolean;
}

const known = new Map<string, readonly Section[]>();

function sectionsOf(format: string): readonly Section[] {
  let sections = known.get(format);
  if (sections === undefined) {
    sections = splitSections(format).map(readSection);
    if (known.size > 1000) known.clear();
    known.set(format, sections);
  }
  return sections;
}

/** True when numbers under this format are dates or times. */
export function isDateFormat(format: string): boolean {
  return sectionsOf(format)[0]?.isDate ?? false;
}

/** True when what is entered under this format stays the text it is. */
export const isTextFormat = (format: string): boolean => format.trim() === '@';

function splitSections(format: string): string[] {
  const sections: string[] = [];
  let current = '';
  for (let at = 0; at < format.length; at++) {
    const character = format[at] as string;
    if (character === '"' || character === '[') {
      const end = format.indexOf(character === '"' ? '"' : ']', at + 1);
      const piece = end < 0 ? format.slice(at) : format.slice(at, end + 1);
      current += piece;
      at += piece.length - 1;
    } else if (character === '\\' || character === '_' || character === '*') {
      current += format.slice(at, at + 2);
      at++;
    } else if (character === ';') {
      sections.push(current);
      current = '';
    } else current += character;
  }
  sections.push(current);
  return sections;
}

const elapsedPart = /^\[(h+|m+|s+)\]/i;
const conditionPart = /^\[(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)\]/;

function readSection(text: string): Section {
  const parts: Part[] = [];
  let condition: Section['condition'];
  let isDate = false;
  const literal = (piece: string) => parts.push({ kind: 'literal', text: piece });
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at);
    const character = text[at] as string;
    const elapsed = elapsedPart.exec(rest);
    const compared = conditionPart.exec(rest);
    if (elapsed !== null) {
      parts.push({
        kind: 'date',
        letter: (elapsed[1] as string)[0]?.toLowerCase() as string,
        count: (elapsed[1] as string).length,
        elapsed: true,
      });
      isDate = true;
      at += elapsed[0].length;
    } else if (compared !== null) {
      condition = comparison(compared[1] as string, Number(compared[2]));
      at += compared[0].length;
    } else if (character === '[') {
      const end = rest.indexOf(']');
      const inside = end < 0 ? rest.slice(1) : rest.slice(1, end);
      // `[$€-407]` shows the currency; colors and languages show nothing.
      if (inside.startsWith('$')) literal(inside.slice(1).split('-')[0] as string);
      at += end < 0 ? rest.length : end + 1;
    } else if (character === '"') {
      const end = rest.indexOf('"', 1);
      literal(end < 0 ? rest.slice(1) : rest.slice(1, end));
      at += end < 0 ? rest.length : end + 1;
    } else if (character === '\\') {
      literal(rest[1] ?? '');
      at += 2;
    } else if (character === '_') {
      literal(' ');
      at += 2;
    } else if (character === '*') at += 2;
    else if (/^general/i.test(rest)) {
      parts.push({ kind: 'general' });
      at += 7;
    } else if (/^(?:AM\/PM|A\/P)/i.test(rest)) {
      const half = /^(?:AM\/PM|A\/P)/i.exec(rest)?.[0] as string;
      parts.push({ kind: 'half', text: half });
      isDate = true;
      at += half.length;
    } else if (/^[ymdhsb]/i.test(rest)) {
      const run = /^(y+|m+|d+|h+|s+|b+)/i.exec(rest)?.[0] as string;
      parts.push({
        kind: 'date',
        letter: (run[0] as string).toLowerCase().replace('b', 'y'),
        count: run.length,
        elapsed: false,
      });
      isDate = true;
      at += run.length;
    } else if (/^\.0+/.test(rest) && followsSeconds(parts)) {
      const zeros = /^\.0+/.exec(rest)?.[0] as string;
      parts.push({ kind: 'fraction', count: zeros.length - 1 });
      at += zeros.length;
    } else if (/^E[+-]/i.test(rest)) {
      parts.push({ kind: 'exponent', text: rest.slice(0, 2) });
      at += 2;
    } else {
      if (/[0#?]/.test(character)) parts.push({ kind: 'digit', text: character });
      else if (/[1-9]/.test(character) && parts.at(-1)?.kind === 'slash')
        parts.push({ kind: 'digit', text: character });
      else if (character === '.') parts.push({ kind: 'point' });
      else if (character === ',') parts.push({ kind: 'comma' });
      else if (character === '%') parts.push({ kind: 'percent' });
      else if (character === '/' && !isDate && parts.some(({ kind }) => kind === 'digit'))
        parts.push({ kind: 'slash' });
      else if (character === '@') parts.push({ kind: 'text' });
      else literal(character);
      at++;
    }
  }
  return { parts: isDate ? withMinutes(parts) : parts, condition, isDate };
}

function followsSeconds(parts: readonly Part[]): boolean {
  const last = parts.at(-1);
  return last?.kind === 'date' && last.letter === 's';
}

/** An `m` right behind hours or right in front of seconds means minutes. */
function withMinutes(parts: readonly Part[]): Part[] {
  const fields = parts.filter((part) => part.kind === 'date');
  return parts.map((part) => {
    if (part.kind !== 'date' || part.letter !== 'm' || part.elapsed) return part;
    const at = fields.indexOf(part);
    const isMinute = fields[at - 1]?.letter === 'h' || fields[at + 1]?.letter === 's';
    return isMinute && part.count <= 2 ? { ...part, letter: 'minute' } : part;
  });
}

function comparison(operator: string, limit: number): (value: number) => boolean {
  const tests: Readonly<Record<string, (value: number) => boolean>> = {
    '<': (value) => value < limit,
    '>': (value) => value > limit,
    '<=': (value) => value <= limit,
    '>=': (value) => value >= limit,
    '<>': (value) => value !== limit,
    '=': (value) => value === limit,
  };
  return tests[operator] as (value: number) => boolean;
}

// ── Writing a value ─────────────────────────────────────────────────────────────────────────────────────────────

/** A number or text as a cell with this format shows it, in a column that is wide enough. A date Excel cannot show is `########`. */
export function formatValue(value: number | string, format: string, date1904 = false): string {
  const sections = sectionsOf(format);
  if (typeof value === 'string') {
    const section = sections[3] ?? sections.find((one) => one.parts.some(({ kind }) => kind === 'text'));
    if (section === undefined) return value;
    return section.parts
      .map((part) => (part.kind === 'text' ? value : part.kind === 'literal' ? part.text : ''))
      .join('');
  }
  const [section, isOwnSign] = sectionFor(sections, value);
  if (section === undefined) return '';
  if (section.isDate) {
    if (value < 0 || value >= 2_958_466) return '########';
    return dateText(section.parts, value, date1904);
  }
  // A section for negative numbers shows no sign of its own.
  return numberText(section.parts, isOwnSign ? Math.abs(value) : value);
}

function sectionFor(sections: readonly Section[], value: number): readonly [Section | undefined, boolean] {
  const numeric = sections.slice(0, 3);
  if (numeric.some(({ condition }) => condition !== undefined)) {
    const at = numeric.findIndex((section) => section.condition?.(value) ?? true);
    const found = numeric[at] ?? numeric.at(-1);
    // A section that takes no positive numbers says by its text that the number is negative.
    const onlyNegative = found?.condition !== undefined && !found.condition(Math.abs(value));
    return [found, value < 0 && (at > 0 || onlyNegative)];
  }
  if (numeric.length >= 2 && value < 0) return [numeric[1], true];
  if (numeric.length === 3 && value === 0) return [numeric[2], false];
  return [numeric[0], false];
}

function numberText(parts: readonly Part[], value: number): string {
  if (parts.some(({ kind }) => kind === 'general')) {
    return parts
      .map((part) =>
        part.kind === 'general' ? generalText(value) : part.kind === 'literal' ? part.text : '',
      )
      .join('');
  }
  if (!parts.some(({ kind }) => kind === 'digit')) {
    const sign = value < 0 && parts.length > 0 ? '-' : '';
    // A format of text only (`@`) shows numbers as General does.
    return (
      sign +
      parts
        .map((part) =>
          part.kind === 'text'
            ? generalText(Math.abs(value))
            : part.kind === 'literal'
              ? part.text
              : part.kind === 'percent'
                ? '%'
                : '',
        )
        .join('')
    );
  }
  if (parts.some(({ kind }) => kind === 'slash')) return fractionText(parts, value);
  if (parts.some(({ kind }) => kind === 'exponent')) return exponentText(parts, value);
  let scaled = Math.abs(value);
  for (const part of parts) if (part.kind === 'percent') scaled *= 100;
  const pointAt = parts.findIndex(({ kind }) => kind === 'point');
  const lastDigit = parts.findLastIndex(({ kind }) => kind === 'digit');
  const integerEnd = pointAt < 0 ? lastDigit + 1 : pointAt;
  const lastIntegerDigit = parts.slice(0, integerEnd).findLastIndex(({ kind }) => kind === 'digit');
  // Commas behind the last digit in front of the point divide by a thousand each; commas between digits group.
  let grouped = false;
  for (const [at, part] of parts.entries()) {
    if (part.kind !== 'comma') continue;
    const between = at < lastIntegerDigit && parts.slice(0, at).some(({ kind }) => kind === 'digit');
    if (between) grouped = true;
    else if (
      at > lastIntegerDigit &&
      parts[at - 1] !== undefined &&
      /digit|comma/.test(parts[at - 1]?.kind ?? '')
    )
      scaled /= 1000;
  }
  const decimals = pointAt < 0 ? [] : parts.slice(pointAt).filter((part) => part.kind === 'digit');
  const [whole, fraction] = fixed(scaled, decimals.length);
  const integers = parts.slice(0, integerEnd).filter((part) => part.kind === 'digit');
  const digits = placeIntegers(
    whole === '0' ? '' : whole,
    integers.map((part) => part.text),
    grouped,
  );
  const shown = placeDecimals(
    fraction,
    decimals.map((part) => part.text),
  );
  const isZero = /^0*$/.test(whole + fraction);
  let text = '';
  let integer = 0;
  let decimal = 0;
  for (const [at, part] of parts.entries()) {
    switch (part.kind) {
      case 'digit':
        text += at < integerEnd ? (digits[integer++] ?? '') : (shown[decimal++] ?? '');
        break;
      case 'point':
        text += '.';
        break;
      case 'percent':
        text += '%';
        break;
      case 'literal':
        text += part.text;
        break;
      default:
    }
  }
  if (integers.length === 0 && whole !== '0') text = text.replace('.', `${whole}.`);
  return value < 0 && !isZero ? `-${text}` : text;
}

/** `value` with so many decimals, rounded half away from zero as people see its digits. */
function fixed(value: number, decimals: number): readonly [whole: string, fraction: string] {
  // 15 significant digits are what Excel keeps; rounding them makes 1.005 what it looks like.
  const rounded = roundDigits(value, decimals);
  const text =
    rounded < 1e21 ? rounded.toFixed(Math.min(decimals, 100)) : BigInt(Math.round(rounded)).toString();
  const [whole = '0', fraction = ''] = text.split('.');
  return [whole, fraction];
}

/** Rounds half away from zero at a decimal place; negative places are tens, hundreds … */
export function roundDigits(value: number, places: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const precise = Number(value.toPrecision(15));
  const [mantissa = '0', exponent = '0'] = precise.toExponential().split('e');
  const power = Number(exponent) + places;
  if (power >= 15) return precise;
  if (power < -1) return 0;
  const scaled = Number(`${Math.abs(Number(mantissa))}e${power}`);
  const digits = Math.floor(scaled + 0.5);
  return Math.sign(value) * Number(`${digits}e${-places}`);
}

/** One text per placeholder; the first takes all digits in front of it. */
function placeIntegers(whole: string, places: readonly string[], grouped: boolean): string[] {
  const count = places.length;
  const shown: string[] = [];
  for (let at = 0; at < count; at++) {
    const fromRight = count - 1 - at;
    const digit = whole[whole.length - 1 - fromRight];
    let text = digit ?? (places[at] === '0' ? '0' : places[at] === '?' ? ' ' : '');
    const isShown = digit !== undefined || places[at] === '0';
    if (grouped && fromRight > 0 && fromRight % 3 === 0 && isShown) text += ',';
    shown.push(text);
  }
  if (whole.length > count && count > 0) {
    let ahead = '';
    for (let at = 0; at < whole.length - count; at++) {
      const fromRight = whole.length - 1 - at;
      ahead += whole[at];
      if (grouped && fromRight % 3 === 0) ahead += ',';
    }
    shown[0] = ahead + (shown[0] ?? '');
  }
  return shown;
}

function placeDecimals(fraction: string, places: readonly string[]): string[] {
  let last = places.length;
  while (last > 0 && fraction[last - 1] === '0' && places[last - 1] !== '0') last--;
  return places.map((place, at) => (at < last ? (fraction[at] as string) : place === '?' ? ' ' : ''));
}

function exponentText(parts: readonly Part[], value: number): string {
  const at = parts.findIndex(({ kind }) => kind === 'exponent');
  const pointAt = parts.findIndex(({ kind }) => kind === 'point');
  const mantissa = parts.slice(0, at);
  const integers = mantissa
    .slice(0, pointAt < 0 ? at : pointAt)
    .filter(({ kind }) => kind === 'digit').length;
  const decimals = pointAt < 0 ? 0 : mantissa.slice(pointAt).filter(({ kind }) => kind === 'digit').length;
  let power = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)) + 1e-12);
  // With several places in front of the point the exponent goes in steps of as many.
  const step = Math.max(integers, 1);
  power -= ((power % step) + step) % step;
  let scaled = Math.abs(value) / 10 ** power;
  if (roundDigits(scaled, decimals) >= 10 ** step) {
    power += step;
    scaled /= 10 ** step;
  }
  const exponentDigits = parts.slice(at + 1).filter(({ kind }) => kind === 'digit').length;
  const sign = power < 0 ? '-' : (parts[at] as { readonly text: string }).text[1] === '+' ? '+' : '';
  const tail = parts
    .slice(at + 1)
    .map((part) => (part.kind === 'literal' ? part.text : part.kind === 'percent' ? '%' : ''))
    .join('');
  return `${numberText(mantissa, Math.sign(value) * scaled)}E${sign}${String(Math.abs(power)).padStart(exponentDigits, '0')}${tail}`;
}

function fractionText(parts: readonly Part[], value: number): string {
  const slash = parts.findIndex(({ kind }) => kind === 'slash');
  const after = parts
    .slice(slash + 1)
    .filter((part) => part.kind === 'digit')
    .map((part) => part.text);
  const gap = parts.slice(0, slash).findLastIndex((part) => part.kind === 'literal' && part.text === ' ');
  const hasWhole = gap > 0 && parts.slice(0, gap).some(({ kind }) => kind === 'digit');
  const absolute = Math.abs(value);
  const whole = hasWhole ? Math.floor(absolute) : 0;
  const given =
    after.every((digit) => /\d/.test(digit)) && after.some((digit) => digit !== '0')
      ? Number(after.join(''))
      : 0;
  let [numerator, denominator] =
    given > 0
      ? [Math.round((absolute - whole) * given), given]
      : nearest(absolute - whole, 10 ** after.length - 1);
  let shown = whole;
  if (hasWhole && numerator === denominator) {
    shown++;
    numerator = 0;
  }
  const sign = value < 0 && (shown > 0 || numerator > 0) ? '-' : '';
  const width = after.length;
  if (hasWhole && numerator === 0) return `${sign}${shown}${' '.repeat(width * 2 + 2)}`;
  const fraction = `${String(numerator).padStart(width)}/${String(denominator).padEnd(width)}`;
  return hasWhole ? `${sign}${shown === 0 ? '' : shown} ${fraction}` : `${sign}${fraction}`;
}

/** The fraction nearest to `value` with a denominator up to `limit`. */
function nearest(value: number, limit: number): [number, number] {
  let best: [number, number] = [Math.round(value), 1];
  for (let denominator = 1; denominator <= limit; denominator++) {
    const numerator = Math.round(value * denominator);
    if (Math.abs(numerator / denominator - value) < Math.abs(best[0] / best[1] - value) - 1e-12)
      best = [numerator, denominator];
  }
  return best;
}

/** A number under the format General, in a wide column: up to 11 characters, longer ones rounded or with an exponent. */
export function generalText(value: number): string {
  if (value === 0) return '0';
  const absolute = Math.abs(value);
  if (absolute >= 1e11 || absolute < 1e-9) return scientific(value);
  if (absolute < 1e-4) {
    const short = scientific(value);
    const plain = trimmed(value.toFixed(9));
    return Number(plain) === value ? plain : short;
  }
  const whole = Math.floor(absolute).toString().length;
  return trimmed(roundDigits(value, Math.max(0, 10 - whole)).toFixed(Math.max(0, 10 - whole)));
}

const trimmed = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

function scientific(value: number): string {
  const [mantissa = '', exponent = ''] = value.toExponential(5).split('e');
  const power = Number(exponent);
  return `${trimmed(mantissa)}E${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

// ── Dates ───────────────────────────────────────────────────────────────────────────────────────────────────────

const { monthNames, dayNames } = cultures.invariant;
const two = (value: number): string => String(value).padStart(2, '0');

function dateText(parts: readonly Part[], serial: number, date1904: boolean): string {
  const decimals = parts.reduce(
    (most, part) => (part.kind === 'fraction' ? Math.max(most, part.count) : most),
    0,
  );
  // What is not shown is rounded away, so that 59.9996 seconds do not read as 59 beside the next minute.
  const unit = 86_400 * 10 ** Math.min(decimals, 3);
  const rounded = Math.round(serial * unit) / unit;
  const at = dateParts(rounded, date1904);
  const half = parts.some(({ kind }) => kind === 'half');
  return parts
    .map((part) => {
      switch (part.kind) {
        case 'literal':
          return part.text;
        case 'date':
          return part.elapsed
            ? elapsedText(part.letter, part.count, rounded)
            : fieldText(part.letter, part.count, at, half);
        case 'half':
          return /^a\/p$/i.test(part.text)
            ? at.hours < 12
              ? part.text[0]
              : part.text[2]
            : at.hours < 12
              ? 'AM'
              : 'PM';
        case 'fraction':
          return `.${String(Math.round(at.milliseconds)).padStart(3, '0').padEnd(part.count, '0').slice(0, part.count)}`;
        case 'point':
          return '.';
        case 'comma':
          return ',';
        case 'slash':
          return '/';
        case 'digit':
          return part.text;
        default:
          return '';
      }
    })
    .join('');
}

function fieldText(letter: string, count: number, at: DateParts, half: boolean): string {
  switch (letter) {
    case 'y':
      return count <= 2 ? two(at.year % 100) : String(at.year).padStart(4, '0');
    case 'm': {
      const name = monthNames[at.month - 1] as string;
      if (count >= 5) return name[0] as string;
      return count === 4
        ? name
        : count === 3
          ? name.slice(0, 3)
          : count === 2
            ? two(at.month)
            : String(at.month);
    }
    case 'd': {
      const name = dayNames[at.weekday] as string;
      return count >= 4 ? name : count === 3 ? name.slice(0, 3) : count === 2 ? two(at.day) : String(at.day);
    }
    case 'h': {
      const hours = half ? at.hours % 12 || 12 : at.hours;
      return count >= 2 ? two(hours) : String(hours);
    }
    case 'minute':
      return count >= 2 ? two(at.minutes) : String(at.minutes);
    default:
      return count >= 2 ? two(at.seconds) : String(at.seconds);
  }
}

function elapsedText(letter: string, count: number, serial: number): string {
  const seconds = Math.round(serial * 86_400);
  const value =
    letter === 'h' ? Math.floor(seconds / 3600) : letter === 'm' ? Math.floor(seconds / 60) : seconds;
  return String(value).padStart(count, '0');
}
