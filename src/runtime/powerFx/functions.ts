// The functions of Power Fx that this product has, by name as in language/powerFx/functions.ts, which also says how many values they take.
import { isNumeric } from '../convert.ts';
import { cultures } from '../dotnet/culture.ts';
import { parseDatetime } from '../dotnet/dateParse.ts';
import {
  addDecimals,
  compareDecimals,
  decimalRemainder,
  integerPart,
  multiplyDecimals,
  nearest,
  negateDecimal,
  numeric,
  roundDecimal,
} from '../dotnet/decimal.ts';
import { LogicError } from '../errors.ts';
import { copy, divide, item } from '../operations.ts';
import { CustomObject, Datarow, Datatable, FlowDatetime, type Numeric, type Value } from '../values.ts';
import type { Formula, Given } from './evaluate.ts';
import { dateText, numberText } from './format.ts';
import { fromJson, toJson } from './json.ts';
import {
  columnOf,
  numberOf,
  order,
  power,
  powerFxError,
  readNumber,
  rowsOf,
  same,
  textOf,
  timeOf,
  truthOf,
  wholeOf,
} from './values.ts';

type PowerFxRun = (args: readonly Given[], formula: Formula) => Value;

const english = cultures['en-US'];
/** Rows that one function may make. */
const mostRows = 50_000;
const dayMs = 86_400_000;

// ── Reading arguments ───────────────────────────────────────────────────────────────────────────────────────────

const valueAt = (args: readonly Given[], index: number): Value => args[index]?.value() ?? null;
const textAt = (args: readonly Given[], index: number): string => textOf(valueAt(args, index));
const numberAt = (args: readonly Given[], index: number): Numeric => numberOf(valueAt(args, index));
const tableAt = (args: readonly Given[], index: number): readonly Value[] => rowsOf(valueAt(args, index));

/** A count or a position; a negative one, or one below `least`, is an error. */
function wholeAt(args: readonly Given[], index: number, least = 0): number {
  const whole = wholeOf(valueAt(args, index));
  if (whole < least) throw powerFxError(`${whole} is too small: at least ${least} is needed.`);
  return whole;
}

function dateAt(args: readonly Given[], index: number, formula: Formula): FlowDatetime {
  const value = valueAt(args, index);
  return value instanceof FlowDatetime ? value : readDate(textOf(value), formula);
}

function readDate(text: string, formula: Formula): FlowDatetime {
  const date = parseDatetime(text, english, formula.now());
  if (date !== undefined) return date;
  throw new LogicError(
    'ConversionFailed',
    `The text '${text}' cannot be used as a date.`,
    'Write dates as 1/31/2026 or 2026-01-31.',
  );
}

/** The value of a formula for each row of the first argument. */
const forRows = (args: readonly Given[], formula = 1): Value[] => {
  const [table] = args as [Given];
  const each = args[formula] as Given;
  return rowsOf(table.value()).map((row) => each.forRow(row, table));
};

const isBlank = (value: Value): boolean => value === null || value === '';

/** A name given as a word or as a text. */
function nameAt(args: readonly Given[], index: number): string {
  const node = args[index]?.node;
  return node?.kind === 'name' ? node.name : textAt(args, index);
}

// ── Groups of functions ─────────────────────────────────────────────────────────────────────────────────────────

const logic: Readonly<Record<string, PowerFxRun>> = {
  Blank: () => null,
  If(args) {
    for (let i = 0; i + 1 < args.length; i += 2) if (truthOf(valueAt(args, i))) return valueAt(args, i + 1);
    return args.length % 2 === 1 ? valueAt(args, args.length - 1) : null;
  },
  Switch(args) {
    const value = valueAt(args, 0);
    for (let i = 1; i + 1 < args.length; i += 2)
      if (same(value, valueAt(args, i))) return valueAt(args, i + 1);
    return args.length % 2 === 0 ? valueAt(args, args.length - 1) : null;
  },
  And: (args) => args.every((each) => truthOf(each.value())),
  Or: (args) => args.some((each) => truthOf(each.value())),
  Not: (args) => !truthOf(valueAt(args, 0)),
  Coalesce(args) {
    for (const each of args) {
      const value = each.value();
      if (!isBlank(value)) return value;
    }
    return null;
  },
  IsBlank: (args) => isBlank(valueAt(args, 0)),
  IsEmpty: (args) => tableAt(args, 0).length === 0,
  IsNumeric(args) {
    const value = valueAt(args, 0);
    return isNumeric(value) || (typeof value === 'string' && readNumber(value) !== undefined);
  },
  IsError: ([given]) => attempt(given as Given) instanceof LogicError,
  IfError(args) {
    let last: Value = null;
    for (let i = 0; i + 1 < args.length; i += 2) {
      const result = attempt(args[i] as Given);
      if (result instanceof LogicError) return valueAt(args, i + 1);
      last = result;
    }
    return args.length % 2 === 1 ? valueAt(args, args.length - 1) : last;
  },
  Error(args) {
    const value = valueAt(args, 0);
    const message =
      value instanceof CustomObject ? (value.get('Message') ?? value.get('Kind') ?? null) : value;
    throw powerFxError(textOf(message) || 'The formula raised an error.');
  },
  Boolean: (args) => (valueAt(args, 0) === '' ? null : truthOf(valueAt(args, 0))),
};

function attempt(given: Given): Value | LogicError {
  try {
    return given.value();
  } catch (error) {
    if (error instanceof LogicError) return error;
    throw error;
  }
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
};

const texts: Readonly<Record<string, PowerFxRun>> = {
  Text(args) {
    const value = valueAt(args, 0);
    if (args.length === 1) return textOf(value);
    const format = textAt(args, 1);
    if (value instanceof FlowDatetime) return dateText(value, format);
    return isBlank(value) ? '' : numberText(numberOf(value), format);
  },
  Value: (args) => numberFrom(valueAt(args, 0)),
  Decimal: (args) => numberFrom(valueAt(args, 0)),
  Float: (args) => {
    const value = numberFrom(valueAt(args, 0));
    return isNumeric(value) ? numeric(nearest(value)) : null;
  },
  Len: (args) => textAt(args, 0).length,
  Upper: (args) => textAt(args, 0).toUpperCase(),
  Lower: (args) => textAt(args, 0).toLowerCase(),
  Proper: (args) =>
    textAt(args, 0)
      .toLowerCase()
      .replace(/\p{L}[\p{L}\p{M}'’]*/gu, (word) => word.charAt(0).toUpperCase() + word.slice(1)),
  Trim: (args) =>
    textAt(args, 0)
      .replace(/^ +| +$/g, '')
      .replace(/ {2,}/g, ' '),
  TrimEnds: (args) => textAt(args, 0).replace(/^ +| +$/g, ''),
  Left: (args) => textAt(args, 0).slice(0, wholeAt(args, 1)),
  Right(args) {
    const [text, count] = [textAt(args, 0), wholeAt(args, 1)];
    return text.slice(Math.max(0, text.length - count));
  },
  Mid(args) {
    const [text, start] = [textAt(args, 0), wholeAt(args, 1, 1)];
    return text.slice(start - 1, args.length < 3 ? undefined : start - 1 + wholeAt(args, 2));
  },
  Concatenate: (args) => args.map((each) => textOf(each.value())).join(''),
  Concat: (args) =>
    forRows(args)
      .map(textOf)
      .join(args.length > 2 ? textAt(args, 2) : ''),
  Split: (args) => limited(textAt(args, 0).split(textAt(args, 1))),
  Substitute(args) {
    const [text, old, fresh] = [textAt(args, 0), textAt(args, 1), textAt(args, 2)];
    if (old === '') return text;
    if (args.length < 4) return text.replaceAll(old, () => fresh);
    const wanted = wholeAt(args, 3, 1);
    let at = -old.length;
    for (let i = 0; i < wanted; i++) {
      at = text.indexOf(old, at + old.length);
      if (at < 0) return text;
    }
    return text.slice(0, at) + fresh + text.slice(at + old.length);
  },
  Replace(args) {
    const [text, start, count] = [textAt(args, 0), wholeAt(args, 1, 1), wholeAt(args, 2)];
    return text.slice(0, start - 1) + textAt(args, 3) + text.slice(start - 1 + count);
  },
  Find(args) {
    const [find, within] = [textAt(args, 0), textAt(args, 1)];
    const start = args.length < 3 ? 1 : wholeAt(args, 2, 1);
    const at = start > within.length + 1 ? -1 : within.indexOf(find, start - 1);
    return at < 0 ? null : at + 1;
  },
  StartsWith: (args) => textAt(args, 0).toLowerCase().startsWith(textAt(args, 1).toLowerCase()),
  EndsWith: (args) => textAt(args, 0).toLowerCase().endsWith(textAt(args, 1).toLowerCase()),
  Char(args) {
    const code = wholeAt(args, 0, 1);
    if (code > 255) throw powerFxError(`There is no character ${code}: Char takes 1 to 255, UniChar more.`);
    return new TextDecoder('windows-1252').decode(Uint8Array.of(code));
  },
  UniChar(args) {
    const code = wholeAt(args, 0, 1);
    if (code > 0x10ffff) throw powerFxError(`There is no Unicode character ${code}.`);
    return String.fromCodePoint(code);
  },
  EncodeUrl: (args) =>
    encodeURIComponent(textAt(args, 0).toWellFormed()).replace(
      /[!'()*]/g,
      (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
    ),
  PlainText: (args) =>
    textAt(args, 0)
      .replace(/<(script|style)\b[\s\S]*?<\/\1>/gi, '')
      .replace(/<br\s*\/?>|<\/p>/gi, '\n')
      .replace(/<[^>]*>/g, '')
      .replace(/&(?:#(\d{1,7})|(\w+));/g, (all, code: string | undefined, name: string | undefined) =>
        code !== undefined && Number(code) <= 0x10ffff
          ? String.fromCodePoint(Number(code))
          : (entities[name ?? ''] ?? all),
      ),
};

function numberFrom(value: Value): Value {
  return isBlank(value) ? null : numberOf(value);
}

function limited(rows: readonly Value[]): Value[] {
  if (rows.length <= mostRows) return [...rows];
  throw powerFxError(`A formula makes at most ${mostRows} rows, not ${rows.length}.`);
}

/** Rounds to `places`, which may be negative; `mode` decides about what is cut off. */
function rounded(value: Numeric, places: number, mode: 'half' | 'up' | 'down'): Numeric {
  const unit = power(10, Math.min(28, Math.abs(places)));
  const scaled = places >= 0 ? multiplyDecimals(value, unit) : divide(value, unit);
  // So many digits that there is nothing to round.
  if (scaled === undefined) return value;
  let whole = mode === 'half' ? roundDecimal(scaled, 0) : integerPart(scaled);
  if (mode === 'up' && compareDecimals(whole, scaled) !== 0)
    whole = addDecimals(whole, compareDecimals(scaled, 0) < 0 ? -1 : 1) ?? whole;
  return places >= 0 ? divide(whole, unit) : (multiplyDecimals(whole, unit) ?? value);
}

/** The largest whole number that is not greater. */
function floor(value: Numeric): Numeric {
  const whole = integerPart(value);
  return compareDecimals(value, whole) < 0 ? (addDecimals(whole, -1) ?? whole) : whole;
}

/** A JavaScript function on numbers, to 15 digits. */
function real(what: string, compute: (value: number, args: readonly Given[]) => number): PowerFxRun {
  return (args) => {
    const result = compute(nearest(numberAt(args, 0)), args);
    if (Number.isFinite(result)) return numeric(result);
    throw powerFxError(`${what} of ${textAt(args, 0)} is no number.`);
  };
}

function logarithm(value: number, args: readonly Given[]): number {
  return args.length < 2 ? Math.log10(value) : Math.log(value) / Math.log(nearest(numberAt(args, 1)));
}

/** The numbers that Sum, Average, Min and Max look at: a formula for each row of a table, or the arguments. Blanks do not count. */
function amounts(args: readonly Given[]): Value[] {
  const first = valueAt(args, 0);
  const isTable = Array.isArray(first) || first instanceof Datatable;
  const values =
    isTable && args.length === 2 ? forRows(args) : args.flatMap((each) => plainValues(each.value()));
  return values.filter((value) => !isBlank(value));
}

function plainValues(value: Value): readonly Value[] {
  if (!Array.isArray(value) && !(value instanceof Datatable)) return [value];
  return rowsOf(value).map((row) => columnOf(row, 'Value') ?? onlyCell(row));
}

function onlyCell(row: Value): Value {
  const cells =
    row instanceof CustomObject ? [...row.entries.values()] : row instanceof Datarow ? row.cells : [row];
  return cells.length === 1 ? (cells[0] ?? null) : row;
}

const total = (values: readonly Value[]): Numeric =>
  values.reduce<Numeric>((sum, value) => {
    const next = addDecimals(sum, numberOf(value));
    if (next === undefined) throw powerFxError('The sum is too large for a number.');
    return next;
  }, 0);

const extreme =
  (sign: number): PowerFxRun =>
  (args) => {
    const values = amounts(args);
    return values.reduce<Value>(
      (best, value) => (best === null || order(value, best) * sign > 0 ? value : best),
      null,
    );
  };

const numbers: Readonly<Record<string, PowerFxRun>> = {
  Abs(args) {
    const value = numberAt(args, 0);
    return compareDecimals(value, 0) < 0 ? negateDecimal(value) : value;
  },
  Int: (args) => floor(numberAt(args, 0)),
  Trunc: (args) => rounded(numberAt(args, 0), args.length < 2 ? 0 : wholeOf(valueAt(args, 1)), 'down'),
  Round: (args) => rounded(numberAt(args, 0), wholeOf(valueAt(args, 1)), 'half'),
  RoundUp: (args) => rounded(numberAt(args, 0), wholeOf(valueAt(args, 1)), 'up'),
  RoundDown: (args) => rounded(numberAt(args, 0), wholeOf(valueAt(args, 1)), 'down'),
  Mod(args) {
    const [value, divisor] = [numberAt(args, 0), numberAt(args, 1)];
    if (divisor === 0) return divide(value, divisor);
    const rest = decimalRemainder(value, divisor) ?? 0;
    const sign = compareDecimals(rest, 0) * compareDecimals(divisor, 0);
    return sign < 0 ? (addDecimals(rest, divisor) ?? rest) : rest;
  },
  Power: (args) => power(numberAt(args, 0), numberAt(args, 1)),
  Sqrt: real('The square root', Math.sqrt),
  Exp: real('The exponential', Math.exp),
  Ln: real('The logarithm', Math.log),
  Log: real('The logarithm', logarithm),
  Pi: () => numeric(Math.PI),
  Sum(args) {
    const values = amounts(args);
    return values.length === 0 ? null : total(values);
  },
  Average(args) {
    const values = amounts(args);
    return divide(total(values), values.length);
  },
  Min: extreme(-1),
  Max: extreme(1),
  Count: (args) => plainValues(valueAt(args, 0)).filter(isNumeric).length,
  CountA: (args) => plainValues(valueAt(args, 0)).filter((value) => !isBlank(value)).length,
  CountRows: (args) => tableAt(args, 0).length,
  CountIf: (args) => filtered(args).length,
};

// ── Dates ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** A unit of time as TimeUnit has it, in milliseconds or months. */
function unitAt(args: readonly Given[], index: number): { readonly ms?: number; readonly months?: number } {
  const unit = args.length > index ? textAt(args, index) : 'Days';
  switch (unit.toLowerCase()) {
    case 'milliseconds':
      return { ms: 1 };
    case 'seconds':
      return { ms: 1000 };
    case 'minutes':
      return { ms: 60_000 };
    case 'hours':
      return { ms: 3_600_000 };
    case 'days':
      return { ms: dayMs };
    case 'months':
      return { months: 1 };
    case 'quarters':
      return { months: 3 };
    case 'years':
      return { months: 12 };
    default:
      throw powerFxError(`'${unit}' is no unit of time.`);
  }
}

/** A month too many rolls over into the next year, a day into the next month. */
function dateOf(year: number, month: number, day: number): FlowDatetime {
  const date = FlowDatetime.of(year < 1900 && year >= 0 ? year + 1900 : year, month, day);
  if (Number.isNaN(date.ticks) || year < 0 || year > 9999) throw powerFxError(`There is no year ${year}.`);
  return date;
}

function addMonths(date: FlowDatetime, months: number): FlowDatetime {
  const at = date.fields;
  const first = FlowDatetime.of(at.getUTCFullYear(), at.getUTCMonth() + 1 + months, 1).fields;
  const last = new Date(first);
  last.setUTCMonth(last.getUTCMonth() + 1, 0);
  const day = Math.min(at.getUTCDate(), last.getUTCDate());
  return new FlowDatetime(
    FlowDatetime.of(first.getUTCFullYear(), first.getUTCMonth() + 1, day).ticks +
      (((date.ticks % dayMs) + dayMs) % dayMs),
  );
}

const monthsOf = (date: FlowDatetime): number =>
  date.fields.getUTCFullYear() * 12 + date.fields.getUTCMonth();

const part =
  (read: (at: Date) => number): PowerFxRun =>
  (args, formula) => {
    const value = valueAt(args, 0);
    return value === null ? 0 : read(dateAt(args, 0, formula).fields);
  };

const weekStarts = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

const dates: Readonly<Record<string, PowerFxRun>> = {
  Today(_, formula) {
    const now = formula.now().ticks;
    return new FlowDatetime(Math.floor(now / dayMs) * dayMs);
  },
  Now: (_, formula) => formula.now(),
  Date: (args) => dateOf(wholeOf(valueAt(args, 0)), wholeOf(valueAt(args, 1)), wholeOf(valueAt(args, 2))),
  Time: (args) => {
    const [hour, minute, second, ms] = [0, 1, 2, 3].map((i) => wholeOf(valueAt(args, i))) as [
      number,
      number,
      number,
      number,
    ];
    return timeOf(hour, minute, second, ms);
  },
  DateTime(args) {
    const [year, month, day, ...clock] = [0, 1, 2, 3, 4, 5, 6].map((i) => wholeOf(valueAt(args, i))) as [
      number,
      number,
      number,
      ...number[],
    ];
    const [hour = 0, minute = 0, second = 0, ms = 0] = clock;
    return new FlowDatetime(
      dateOf(year, month, day).ticks + ((hour * 60 + minute) * 60 + second) * 1000 + ms,
    );
  },
  DateAdd(args, formula) {
    const [date, count] = [dateAt(args, 0, formula), wholeOf(valueAt(args, 1))];
    const { ms, months } = unitAt(args, 2);
    return months === undefined
      ? new FlowDatetime(date.ticks + count * (ms ?? 0))
      : addMonths(date, count * months);
  },
  // Counts the borders between the two: from 23:59 to 0:01 it is one day.
  DateDiff(args, formula) {
    const [from, to] = [dateAt(args, 0, formula), dateAt(args, 1, formula)];
    const { ms = 1, months } = unitAt(args, 2);
    if (months !== undefined) return Math.floor(monthsOf(to) / months) - Math.floor(monthsOf(from) / months);
    return Math.floor(to.ticks / ms) - Math.floor(from.ticks / ms);
  },
  Day: part((at) => at.getUTCDate()),
  Month: part((at) => at.getUTCMonth() + 1),
  Year: part((at) => at.getUTCFullYear()),
  Hour: part((at) => at.getUTCHours()),
  Minute: part((at) => at.getUTCMinutes()),
  Second: part((at) => at.getUTCSeconds()),
  Weekday(args, formula) {
    const day = dateAt(args, 0, formula).fields.getUTCDay();
    if (args.length < 2) return day + 1;
    const start = valueAt(args, 1);
    if (start === 'MondayZero' || start === 3) return (day + 6) % 7;
    // Numbers as Excel's Weekday takes them: 1 Sunday, 2 Monday, 11 to 17 Monday to Sunday.
    const index = isNumeric(start)
      ? start === 1 || start === 2
        ? nearest(start) - 1
        : (nearest(start) - 10) % 7
      : weekStarts.indexOf(textOf(start).toLowerCase());
    if (!(index >= 0 && index < 7)) throw powerFxError(`'${textOf(start)}' is no start of a week.`);
    return ((day - index + 7) % 7) + 1;
  },
  DateValue(args, formula) {
    const value = valueAt(args, 0);
    if (isBlank(value)) return null;
    return new FlowDatetime(Math.floor(dateAt(args, 0, formula).ticks / dayMs) * dayMs);
  },
  DateTimeValue: (args, formula) => (isBlank(valueAt(args, 0)) ? null : dateAt(args, 0, formula)),
  TimeValue(args, formula) {
    if (isBlank(valueAt(args, 0))) return null;
    const at = dateAt(args, 0, formula).fields;
    return timeOf(at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds(), at.getUTCMilliseconds());
  },
};

// ── Tables ──────────────────────────────────────────────────────────────────────────────────────────────────────

function filtered(args: readonly Given[]): Value[] {
  const [table, ...conditions] = args as [Given, ...Given[]];
  return rowsOf(table.value()).filter((row) => conditions.every((each) => truthOf(each.forRow(row, table))));
}

/** Blanks last, whatever the direction. */
function sorted(rows: readonly Value[], keys: readonly Value[], direction: Value): Value[] {
  const sign = textOf(direction).toLowerCase() === 'descending' ? -1 : 1;
  return rows
    .map((row, i) => ({ row, key: keys[i] ?? null }))
    .sort((a, b) => {
      if (isBlank(a.key) || isBlank(b.key)) return Number(isBlank(a.key)) - Number(isBlank(b.key));
      return order(a.key, b.key) * sign;
    })
    .map(({ row }) => row);
}

/** A row as a record of its own. */
function recordOf(row: Value): CustomObject {
  if (row instanceof CustomObject) return copy(row) as CustomObject;
  if (row instanceof Datarow)
    return new CustomObject(row.table.columns.map((name, i) => [name, copy(row.cells[i] ?? null)] as const));
  return new CustomObject([['Value', copy(row)]]);
}

const tables: Readonly<Record<string, PowerFxRun>> = {
  Table: (args) =>
    args.flatMap((each) => {
      const value = each.value();
      return Array.isArray(value) || value instanceof Datatable ? rowsOf(value).map(copy) : [copy(value)];
    }),
  First: (args) => tableAt(args, 0)[0] ?? null,
  Last: (args) => tableAt(args, 0).at(-1) ?? null,
  FirstN: (args) => tableAt(args, 0).slice(0, args.length < 2 ? 1 : wholeAt(args, 1)),
  LastN(args) {
    const rows = tableAt(args, 0);
    return rows.slice(Math.max(0, rows.length - (args.length < 2 ? 1 : wholeAt(args, 1))));
  },
  Index(args) {
    const [rows, place] = [tableAt(args, 0), wholeOf(valueAt(args, 1))];
    const row = rows[place - 1];
    if (row !== undefined && place >= 1) return row;
    throw new LogicError(
      'IndexOutOfRange',
      `There is no row ${place}: the table has ${rows.length} rows, counted from 1.`,
      'Check the number of rows with CountRows before.',
    );
  },
  Filter: filtered,
  LookUp(args) {
    const [table, condition, result] = args as [Given, Given, Given | undefined];
    const row = rowsOf(table.value()).find((each) => truthOf(condition.forRow(each, table)));
    return row === undefined ? null : result === undefined ? row : result.forRow(row, table);
  },
  Sort: (args) => sorted(tableAt(args, 0), forRows(args), valueAt(args, 2)),
  SortByColumns(args) {
    let rows = [...tableAt(args, 0)];
    const columns: (readonly [string, Value])[] = [];
    for (let i = 1; i < args.length; i += 2) columns.push([nameAt(args, i), valueAt(args, i + 1)]);
    for (const [name, direction] of columns.reverse())
      rows = sorted(
        rows,
        rows.map((row) => columnOf(row, name) ?? null),
        direction,
      );
    return rows;
  },
  ForAll: (args) => forRows(args).map(copy),
  Distinct(args) {
    const found: Value[] = [];
    for (const value of forRows(args))
      if (!found.some((entry) => same(entry, value))) found.push(copy(value));
    return found;
  },
  AddColumns(args) {
    const [table] = args as [Given];
    return rowsOf(table.value()).map((row) => {
      const record = recordOf(row);
      for (let i = 1; i + 1 < args.length; i += 2)
        record.set(nameAt(args, i), copy((args[i + 1] as Given).forRow(row, table)));
      return record;
    });
  },
  Sequence(args) {
    const [count, start, step] = [
      wholeAt(args, 0),
      args.length < 2 ? 1 : numberAt(args, 1),
      args.length < 3 ? 1 : numberAt(args, 2),
    ];
    if (count > mostRows) throw powerFxError(`A formula makes at most ${mostRows} rows, not ${count}.`);
    return Array.from({ length: count }, (_, i) => addDecimals(start, multiplyDecimals(i, step) ?? 0) ?? 0);
  },
  // Rows and columns count from 1; of a row, the only number is the column.
  ReadCell(args) {
    const target = valueAt(args, 0);
    const place = (index: number): Value => {
      const value = valueAt(args, index);
      return isNumeric(value) ? nearest(value) - 1 : value;
    };
    const first = wholeOfPlace(item, target, place(1));
    return args.length < 3 ? first : wholeOfPlace(item, first, place(2));
  },
  With(args) {
    const [record, formula] = args as [Given, Given];
    return formula.forRow(record.value(), record);
  },
  JSON: (args) => toJson(valueAt(args, 0), textAt(args, 1).includes('IndentFour') ? 4 : 0),
  ParseJSON: (args) => fromJson(textAt(args, 0)),
};

/** A negative place would count from the end in classic expressions; here there is none. */
function wholeOfPlace(read: typeof item, target: Value, place: Value): Value {
  if (typeof place === 'number' && place < 0) throw powerFxError('Rows and columns are counted from 1.');
  return read(target, place);
}

export const functions: ReadonlyMap<string, PowerFxRun> = new Map(
  Object.entries({ ...logic, ...texts, ...numbers, ...dates, ...tables }),
);
