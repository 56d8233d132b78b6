// The functions of formulas. Those that look at cells, conditions, dates and texts are here, because their rules about empty cells,
// types and errors are Excel's own; mathematics, statistics and finance come from formulajs, by an explicit list.

import { type Area, cellName, columnName, maxColumns, maxRows } from '../addresses.ts';
import { CellError, type CellValue } from '../cells.ts';
import { dateParts, serialOf } from '../dates.ts';
import { dateOf, numberOf } from '../entry.ts';
import { formatValue, roundDigits } from '../numberFormat.ts';
import type { Sheet } from '../sheet.ts';
import { sheetText } from './tokens.ts';
import {
  asBoolean,
  asNumber,
  asText,
  CellRange,
  compareValues,
  ErrorResult,
  errors,
  fail,
  Matrix,
  NotComputable,
  type Operand,
  wildcard,
} from './values.ts';

export type FunctionLibrary = Readonly<Record<string, unknown>>;

/** What a function may ask of its call. Arguments are computed when asked for, so that the branch not taken costs nothing. */
export interface FunctionWorld {
  argument(index: number): Operand;
  isGiven(index: number): boolean;
  readonly count: number;
  single(operand: Operand): CellValue;
  matrix(operand: Operand): Matrix;
  each(
    operand: Operand,
    visit: (value: CellValue, sheet: Sheet | undefined, row: number, column: number) => void,
  ): void;
  map(operands: readonly Operand[], work: (values: readonly CellValue[]) => CellValue): Operand;
  isHiddenRow(sheet: Sheet, row: number): boolean;
  formulaAt(sheet: Sheet, row: number, column: number): string | undefined;
  reference(text: string): CellRange | undefined;
  readonly row: number;
  readonly column: number;
  readonly inArray: boolean;
  readonly date1904: boolean;
  now(): number;
}

export interface FormulaFunction {
  readonly least: number;
  readonly most: number;
  /** Operators inside its arguments take ranges whole. */
  readonly takesArrays?: boolean;
  run(world: FunctionWorld): Operand;
}

/** Undefined for a function that is not supported. `name` is in upper case, without prefix. */
export function findFunction(name: string, library: FunctionLibrary): FormulaFunction | undefined {
  const own = table.get(name);
  if (own !== undefined) return own;
  const form = borrowed.get(name);
  if (form === undefined) return undefined;
  const found = (renamed[name] ?? name)
    .split('.')
    .reduce<unknown>((from, key) => (from as FunctionLibrary | undefined)?.[key], library);
  return typeof found === 'function' ? borrow(found as (...given: unknown[]) => unknown, form) : undefined;
}

const newer = new Set(
  (
    'ACOT ACOTH AGGREGATE ARABIC ARRAYTOTEXT BASE BETA.DIST BETA.INV BINOM.DIST BINOM.DIST.RANGE BINOM.INV BITAND BITLSHIFT BITOR ' +
    'BITRSHIFT BITXOR BYCOL BYROW CEILING.MATH CEILING.PRECISE CHISQ.DIST CHISQ.DIST.RT CHISQ.INV CHISQ.INV.RT CHISQ.TEST CHOOSECOLS ' +
    'CHOOSEROWS COMBINA CONCAT CONFIDENCE.NORM CONFIDENCE.T COT COTH COVARIANCE.P COVARIANCE.S CSC CSCH DAYS DECIMAL DROP ENCODEURL ' +
    'EXPAND EXPON.DIST F.DIST F.DIST.RT F.INV F.INV.RT F.TEST FILTERXML FLOOR.MATH FLOOR.PRECISE FORECAST.ETS FORECAST.LINEAR ' +
    'FORMULATEXT GAMMA GAMMA.DIST GAMMA.INV GAMMALN.PRECISE GAUSS HSTACK HYPGEOM.DIST IFNA IFS ISFORMULA ISOMITTED ISOWEEKNUM LAMBDA ' +
    'LET LOGNORM.DIST LOGNORM.INV MAKEARRAY MAP MAXIFS MINIFS MODE.MULT MODE.SNGL MUNIT NEGBINOM.DIST NORM.DIST NORM.INV NORM.S.DIST ' +
    'NORM.S.INV NUMBERVALUE PDURATION PERCENTILE.EXC PERCENTILE.INC PERCENTRANK.EXC PERCENTRANK.INC PERMUTATIONA PHI POISSON.DIST ' +
    'QUARTILE.EXC QUARTILE.INC RANDARRAY RANK.AVG RANK.EQ REDUCE RRI SCAN SEC SECH SEQUENCE SHEET SHEETS SKEW.P SORTBY STDEV.P ' +
    'STDEV.S SWITCH T.DIST T.DIST.2T T.DIST.RT T.INV T.INV.2T T.TEST TAKE TEXTAFTER TEXTBEFORE TEXTJOIN TEXTSPLIT TOCOL TOROW UNICHAR ' +
    'UNICODE UNIQUE VALUETOTEXT VAR.P VAR.S VSTACK WEBSERVICE WEIBULL.DIST WRAPCOLS WRAPROWS XLOOKUP XMATCH XOR Z.TEST'
  ).split(' '),
);

/** A function as files name it: those that came after the file format carry a prefix, without which Excel does not know them. */
export function storedName(name: string): string {
  const plain = name.toUpperCase();
  if (plain === 'FILTER' || plain === 'SORT') return `_xlfn._xlws.${plain}`;
  return newer.has(plain) ? `_xlfn.${plain}` : name;
}

/** Names of all functions there are, for the page about them. */
export const functionNames = (): string[] => [...table.keys(), ...borrowed.keys()].sort();

// ── Building blocks ─────────────────────────────────────────────────────────────────────────────────────────────

/** A function of single values, applied place by place where it gets tables. */
function scalar(
  least: number,
  most: number,
  work: (values: readonly CellValue[], world: FunctionWorld) => CellValue,
): FormulaFunction {
  return {
    least,
    most,
    run: (world) => {
      const operands = Array.from({ length: world.count }, (_, index) => world.argument(index));
      return world.map(operands, (values) => work(values, world));
    },
  };
}

const number = (world: FunctionWorld, index: number, otherwise?: number): number =>
  !world.isGiven(index) && otherwise !== undefined
    ? otherwise
    : asNumber(world.single(world.argument(index)));
const text = (world: FunctionWorld, index: number): string => asText(world.single(world.argument(index)));

/** Numbers as aggregates see them: in cells only real numbers count, written into the formula also what spells one. */
function aggregated(world: FunctionWorld): number[] {
  const found: number[] = [];
  for (let index = 0; index < world.count; index++) {
    const operand = world.argument(index);
    if (operand instanceof CellRange || operand instanceof Matrix) {
      world.each(operand, (value) => {
        if (value instanceof CellError) fail(value);
        if (typeof value === 'number') found.push(value);
      });
    } else if (world.isGiven(index)) found.push(asNumber(operand));
  }
  return found;
}

/** Adds up as Excel does: a sum that is only the error of binary fractions is 0. */
function sum(values: readonly number[]): number {
  let total = 0;
  let correction = 0;
  for (const value of values) {
    const next = total + value;
    correction += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  const result = total + correction;
  return Number.isFinite(result) ? result : total;
}

function aggregate(work: (values: readonly number[]) => CellValue): FormulaFunction {
  return { least: 1, most: 255, takesArrays: true, run: (world) => work(aggregated(world)) };
}

const average = (values: readonly number[]): CellValue =>
  values.length === 0 ? errors.divide : sum(values) / values.length;
const least = (values: readonly number[]): number => values.reduce((a, b) => (b < a ? b : a), values[0] ?? 0);
const greatest = (values: readonly number[]): number =>
  values.reduce((a, b) => (b > a ? b : a), values[0] ?? 0);

// ── Conditions: SUMIF and its kin ───────────────────────────────────────────────────────────────────────────────

/** A test such as `">=5"`, `"a*"`, 7. */
function criterion(given: CellValue): (value: CellValue) => boolean {
  if (typeof given !== 'string') {
    if (given === undefined) return (value) => value === 0;
    return (value) =>
      value === given ||
      (typeof given === 'number' && typeof value === 'string' && numberOf(value) === given);
  }
  const [, operator = '', rest = ''] = /^(<=|>=|<>|<|>|=)?([\s\S]*)$/.exec(given) as RegExpExecArray;
  const wanted = numberOf(rest) ?? dateOf(rest);
  const boolean = /^(?:true|false)$/i.test(rest) ? /^true$/i.test(rest) : undefined;
  if (operator === '' || operator === '=' || operator === '<>') {
    let equals: (value: CellValue) => boolean;
    if (rest === '')
      equals =
        operator === '' ? (value) => value === undefined || value === '' : (value) => value === undefined;
    else if (wanted !== undefined)
      equals = (value) => value === wanted || (typeof value === 'string' && numberOf(value) === wanted);
    else if (boolean !== undefined) equals = (value) => value === boolean;
    else if (rest.startsWith('#'))
      equals = (value) => value instanceof CellError && value.code === rest.toUpperCase();
    else {
      const pattern = wildcard(rest);
      equals = (value) => typeof value === 'string' && pattern.test(value);
    }
    return operator === '<>' ? (value) => !equals(value) : equals;
  }
  const accept = (order: number) =>
    operator === '<' ? order < 0 : operator === '>' ? order > 0 : operator === '<=' ? order <= 0 : order >= 0;
  if (wanted !== undefined) return (value) => typeof value === 'number' && accept(value - wanted);
  return (value) => typeof value === 'string' && accept(compareValues(value, rest));
}

/** The cells of `target` where all the conditions hold; conditions come in pairs of range and test. */
function whereAll(
  world: FunctionWorld,
  target: Matrix,
  pairs: readonly (readonly [Operand, CellValue])[],
): CellValue[] {
  const tests = pairs.map(([operand, given]) => [world.matrix(operand), criterion(given)] as const);
  const found: CellValue[] = [];
  for (const [row, values] of target.rows.entries()) {
    for (const [column, value] of values.entries()) {
      if (tests.every(([matrix, test]) => test(matrix.rows[row]?.[column]))) found.push(value);
    }
  }
  return found;
}

function conditionPairs(world: FunctionWorld, from: number): (readonly [Operand, CellValue])[] {
  const pairs: (readonly [Operand, CellValue])[] = [];
  let size: string | undefined;
  for (let index = from; index + 1 < world.count; index += 2) {
    const range = world.argument(index);
    const { area } = range instanceof CellRange ? range : { area: undefined };
    if (area === undefined) fail(errors.value);
    const own = `${area.bottom - area.top} ${area.right - area.left}`;
    if (size !== undefined && size !== own) fail(errors.value);
    size = own;
    pairs.push([range, world.single(world.argument(index + 1))]);
  }
  return pairs;
}

/** The range as large as `like` that starts where `range` does: the sums of SUMIF need only say where they start. */
function sameSize(range: Operand, like: Operand): Operand {
  if (!(range instanceof CellRange) || !(like instanceof CellRange)) return fail(errors.value);
  const { top, left } = range.area;
  return new CellRange(range.sheet, {
    top,
    left,
    bottom: Math.min(maxRows, top + like.area.bottom - like.area.top),
    right: Math.min(maxColumns, left + like.area.right - like.area.left),
  });
}

/** Both matrices must cover the same rows; whole columns end where their own sheet does. */
function conditional(work: (values: readonly CellValue[]) => CellValue, many: boolean): FormulaFunction {
  return {
    least: many ? 3 : 2,
    most: many ? 255 : 3,
    run(world) {
      if (many && world.count % 2 === 0) return fail(errors.value);
      const pairs = many ? conditionPairs(world, 1) : conditionPairs(world, 0).slice(0, 1);
      const like = pairs[0]?.[0];
      const target = many ? world.argument(0) : world.isGiven(2) ? sameSize(world.argument(2), like) : like;
      return work(whereAll(world, largest(world, target, pairs), pairs));
    },
  };
}

/** The target with as many rows as the longest of the condition ranges, so that none is cut off. */
function largest(
  world: FunctionWorld,
  target: Operand,
  pairs: readonly (readonly [Operand, CellValue])[],
): Matrix {
  const matrix = world.matrix(target);
  const height = Math.max(matrix.rows.length, ...pairs.map(([operand]) => world.matrix(operand).rows.length));
  const width = Math.max(matrix.width, ...pairs.map(([operand]) => world.matrix(operand).width));
  if (height === matrix.rows.length && width === matrix.width) return matrix;
  return new Matrix(
    Array.from({ length: height }, (_, row) =>
      Array.from({ length: width }, (__, column) => matrix.rows[row]?.[column]),
    ),
  );
}

const onlyNumbers = (values: readonly CellValue[]): number[] => {
  const error = values.find((value) => value instanceof CellError);
  if (error !== undefined) fail(error);
  return values.filter((value) => typeof value === 'number');
};

// ── Looking up ──────────────────────────────────────────────────────────────────────────────────────────────────

/** Place of `wanted` in a list: exactly, or the last one not greater (`ascending`) or not less. -1 when there is none. */
function lookup(
  list: readonly CellValue[],
  wanted: CellValue,
  mode: 'exact' | 'ascending' | 'descending',
): number {
  if (wanted instanceof CellError) fail(wanted);
  if (mode === 'exact') {
    const pattern = typeof wanted === 'string' && /[*?~]/.test(wanted) ? wildcard(wanted) : undefined;
    return list.findIndex((value) => {
      if (value === undefined || value instanceof CellError || typeof value !== typeof (wanted ?? 0))
        return false;
      return pattern === undefined ? compareValues(value, wanted ?? 0) === 0 : pattern.test(value as string);
    });
  }
  const key = wanted ?? 0;
  const usable = (value: CellValue) =>
    value !== undefined && !(value instanceof CellError) && typeof value === typeof key;
  if (mode === 'descending') {
    let found = -1;
    for (const [index, value] of list.entries()) {
      if (!usable(value)) continue;
      if (compareValues(value, key) < 0) break;
      found = index;
    }
    return found;
  }
  // As Excel does: by halves, which on lists that are not sorted gives the same surprises.
  let low = 0;
  let high = list.length - 1;
  let found = -1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    let at = middle;
    while (at <= high && !usable(list[at])) at++;
    if (at > high) {
      high = middle - 1;
      continue;
    }
    if (compareValues(list[at], key) <= 0) {
      found = at;
      low = at + 1;
    } else high = middle - 1;
  }
  return found;
}

/** The place LOOKUP finds in a list: the last value not greater than `wanted`, -1 when all are greater. Throws ErrorResult. */
export const lookupPlace = (list: readonly CellValue[], wanted: CellValue): number =>
  lookup(list, wanted, 'ascending');

const columnOf = (matrix: Matrix, column: number): CellValue[] => matrix.rows.map((row) => row[column]);

function verticalLookup(vertical: boolean): FormulaFunction {
  return {
    least: 3,
    most: 4,
    run(world) {
      const wanted = world.single(world.argument(0));
      const matrix = world.matrix(world.argument(1));
      const index = Math.trunc(number(world, 2));
      const isExact = world.isGiven(3) ? !asBoolean(world.single(world.argument(3))) : world.count === 4;
      if (index < 1) return fail(errors.value);
      if (index > (vertical ? matrix.width : matrix.rows.length)) return fail(errors.reference);
      const list = vertical ? columnOf(matrix, 0) : (matrix.rows[0] as readonly CellValue[]);
      const at = lookup(list, wanted, isExact ? 'exact' : 'ascending');
      if (at < 0) return fail(errors.notAvailable);
      return vertical ? matrix.rows[at]?.[index - 1] : matrix.rows[index - 1]?.[at];
    },
  };
}

/** LOOKUP in its two forms: a list and its results, or one table. */
const lookupFunction: FormulaFunction = {
  least: 2,
  most: 3,
  run(world) {
    const wanted = world.single(world.argument(0));
    const table = world.matrix(world.argument(1));
    const wide = table.width > table.rows.length;
    const list = wide ? (table.rows[0] as readonly CellValue[]) : columnOf(table, 0);
    const at = lookup(list, wanted, 'ascending');
    if (at < 0) return fail(errors.notAvailable);
    if (world.isGiven(2)) {
      const results = world.matrix(world.argument(2));
      return results.rows.length === 1 ? results.rows[0]?.[at] : results.rows[at]?.[0];
    }
    return wide ? table.rows.at(-1)?.[at] : table.rows[at]?.at(-1);
  },
};

/** The place of XMATCH and XLOOKUP: `mode` 0 exact, -1 or the next smaller, 1 or the next larger, 2 wildcards; `direction` -1 from the end. */
function extendedMatch(
  list: readonly CellValue[],
  wanted: CellValue,
  mode: number,
  direction: number,
): number {
  if (![-1, 0, 1, 2].includes(mode) || ![1, -1, 2, -2].includes(direction)) return fail(errors.value);
  if (wanted instanceof CellError) fail(wanted);
  const pattern = mode === 2 && typeof wanted === 'string' ? wildcard(wanted) : undefined;
  const order = list.map((_, index) => index);
  if (direction < 0) order.reverse();
  let best = -1;
  for (const index of order) {
    const value = list[index];
    if (value instanceof CellError) continue;
    if (value === undefined || wanted === undefined) {
      if (value === wanted) return index;
      continue;
    }
    if (typeof value !== typeof wanted) continue;
    const compared =
      pattern === undefined ? compareValues(value, wanted) : pattern.test(value as string) ? 0 : 2;
    if (compared === 0) return index;
    const candidate = (mode === -1 && compared < 0) || (mode === 1 && compared > 0);
    if (candidate && (best < 0 || Math.sign(compareValues(value, list[best])) === -mode)) best = index;
  }
  return best;
}

const asList = (matrix: Matrix): readonly CellValue[] =>
  matrix.rows.length === 1 ? (matrix.rows[0] as readonly CellValue[]) : columnOf(matrix, 0);

/** A part of a range as a range, of a table as a table. Row and column from 1; 0 = all of them. */
function indexed(world: FunctionWorld, operand: Operand, row: number, column: number): Operand {
  if (operand instanceof CellRange) {
    const { top, left, bottom, right } = operand.area;
    if (row < 0 || column < 0 || top + row - 1 > bottom || left + column - 1 > right)
      return fail(errors.reference);
    return new CellRange(operand.sheet, {
      top: row === 0 ? top : top + row - 1,
      bottom: row === 0 ? bottom : top + row - 1,
      left: column === 0 ? left : left + column - 1,
      right: column === 0 ? right : left + column - 1,
    });
  }
  const matrix = world.matrix(operand);
  if (row < 0 || column < 0 || row > matrix.rows.length || column > matrix.width)
    return fail(errors.reference);
  const rows = row === 0 ? matrix.rows : [matrix.rows[row - 1] as readonly CellValue[]];
  return new Matrix(column === 0 ? rows : rows.map((values) => [values[column - 1]]));
}

// ── Dates and times ─────────────────────────────────────────────────────────────────────────────────────────────

/** A date argument: a serial number, or a text that spells a date. */
function serial(value: CellValue, world: FunctionWorld): number {
  const found = asNumber(value);
  if (found < 0 || found >= 2_958_466) fail(errors.number);
  return typeof value === 'string' && world.date1904 && found >= 1 ? found - 1462 : found;
}

function datePart(work: (parts: ReturnType<typeof dateParts>) => number): FormulaFunction {
  return scalar(1, 1, ([value], world) => work(dateParts(serial(value, world), world.date1904)));
}

function monthsLater(world: FunctionWorld, value: CellValue, months: number, toEnd: boolean): number {
  const { year, month, day } = dateParts(Math.floor(serial(value, world)), world.date1904);
  const target = new Date(Date.UTC(year, month - 1 + Math.trunc(months) + (toEnd ? 1 : 0), toEnd ? 0 : 1));
  const lastDay = new Date(Date.UTC(target.getUTCFullYear(), target.getUTCMonth() + 1, 0)).getUTCDate();
  return (
    serialOf(
      target.getUTCFullYear(),
      target.getUTCMonth() + 1,
      toEnd ? lastDay : Math.min(day, lastDay),
      world.date1904,
    ) ?? fail(errors.number)
  );
}

const unixBase = (world: FunctionWorld): number => (world.date1904 ? 24_107 : 25_569);

/** Days that are no weekends and no holidays between two days, both included; negative when the second is the earlier. */
function workdays(
  from: number,
  to: number,
  holidays: ReadonlySet<number>,
  weekend: (weekday: number) => boolean,
): number {
  const [first, last, sign] = from <= to ? [from, to, 1] : [to, from, -1];
  if (last - first > 1_000_000) return fail(errors.number);
  let count = 0;
  for (let day = first; day <= last; day++) if (!weekend((day + 6) % 7) && !holidays.has(day)) count++;
  return sign * count;
}

function holidaySet(world: FunctionWorld, index: number): Set<number> {
  const days = new Set<number>();
  if (world.isGiven(index))
    world.each(world.argument(index), (value) => days.add(Math.floor(serial(value, world))));
  return days;
}

/** A weekend by number or by seven digits starting on Monday. */
function weekendOf(given: CellValue): (weekday: number) => boolean {
  if (typeof given === 'string' && /^[01]{7}$/.test(given))
    return (weekday) => given[(weekday + 6) % 7] === '1';
  const code = given === undefined ? 1 : asNumber(given);
  if (code >= 1 && code <= 7) return (weekday) => weekday === (code + 5) % 7 || weekday === (code + 6) % 7;
  if (code >= 11 && code <= 17) return (weekday) => weekday === code - 11;
  return fail(errors.number);
}

function workdayAfter(
  world: FunctionWorld,
  weekend: (weekday: number) => boolean,
  holidays: ReadonlySet<number>,
): number {
  let day = Math.floor(serial(world.single(world.argument(0)), world));
  let left = Math.trunc(number(world, 1));
  if (Math.abs(left) > 1_000_000) return fail(errors.number);
  const step = Math.sign(left);
  while (left !== 0) {
    day += step;
    if (day < 0 || day > 2_958_465) return fail(errors.number);
    if (!weekend((day + 6) % 7) && !holidays.has(day)) left -= step;
  }
  return day;
}

function dateDifference(world: FunctionWorld): number {
  const first = Math.floor(serial(world.single(world.argument(0)), world));
  const last = Math.floor(serial(world.single(world.argument(1)), world));
  if (first > last) return fail(errors.number);
  const [a, b] = [dateParts(first, world.date1904), dateParts(last, world.date1904)];
  const months = (b.year - a.year) * 12 + b.month - a.month - (b.day < a.day ? 1 : 0);
  switch (text(world, 2).toUpperCase()) {
    case 'D':
      return last - first;
    case 'M':
      return months;
    case 'Y':
      return Math.floor(months / 12);
    case 'YM':
      return months % 12;
    case 'MD': {
      if (b.day >= a.day) return b.day - a.day;
      return b.day + new Date(Date.UTC(b.year, b.month - 1, 0)).getUTCDate() - a.day;
    }
    case 'YD': {
      const year = b.month > a.month || (b.month === a.month && b.day >= a.day) ? b.year : b.year - 1;
      return last - (serialOf(year, a.month, a.day, world.date1904) ?? fail(errors.number));
    }
    default:
      return fail(errors.number);
  }
}

// ── Texts ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** What a character of a text is to Excel: a UTF-16 unit. */
function finding(matchCase: boolean): FormulaFunction {
  return scalar(2, 3, ([wantedValue, insideValue, startValue]) => {
    const wanted = asText(wantedValue);
    const inside = asText(insideValue);
    const start = startValue === undefined ? 1 : Math.trunc(asNumber(startValue));
    if (start < 1 || start > inside.length + 1) return errors.value;
    if (matchCase) {
      const at = inside.indexOf(wanted, start - 1);
      return at < 0 ? errors.value : at + 1;
    }
    const match = wildcard(wanted, { anywhere: true }).exec(inside.slice(start - 1));
    return match === null ? errors.value : match.index + start;
  });
}

function substituted(values: readonly CellValue[]): CellValue {
  const [whole, old, replacement] = values.map((value, index) => (index < 3 ? asText(value) : '')) as [
    string,
    string,
    string,
  ];
  if (old === '') return whole;
  if (values[3] === undefined) return whole.replaceAll(old, () => replacement);
  const wanted = Math.trunc(asNumber(values[3]));
  if (wanted < 1) return errors.value;
  let at = -1;
  for (let count = 0; count < wanted; count++) {
    at = whole.indexOf(old, at < 0 ? 0 : at + old.length);
    if (at < 0) return whole;
  }
  return whole.slice(0, at) + replacement + whole.slice(at + old.length);
}

function proper(given: string): string {
  return given.toLowerCase().replace(/\p{L}+/gu, (word) => (word[0] as string).toUpperCase() + word.slice(1));
}

/** Excel's cells hold no longer texts. */
const limited = (value: string): CellValue => (value.length > 32_767 ? errors.value : value);

function rounded(round: (value: number, places: number) => number): FormulaFunction {
  return scalar(1, 2, ([value, places]) =>
    round(asNumber(value), places === undefined ? 0 : Math.trunc(asNumber(places))),
  );
}

/** Rounds in steps of a power of ten without the noise of binary fractions. */
function towards(value: number, places: number, round: (value: number) => number): number {
  const scaled = Number((Math.abs(value) * 10 ** places).toPrecision(15));
  return Math.sign(value) * Number(`${round(scaled)}e${-places}`);
}

// ── SUBTOTAL ────────────────────────────────────────────────────────────────────────────────────────────────────

const subtotals: Readonly<Record<number, (values: readonly number[]) => CellValue>> = {
  1: average,
  4: greatest,
  5: least,
  6: (values) => (values.length === 0 ? 0 : values.reduce((a, b) => a * b, 1)),
  7: (values) => deviation(values, 1),
  8: (values) => deviation(values, 0),
  9: (values) => sum(values),
  10: (values) => variance(values, 1),
  11: (values) => variance(values, 0),
};

function variance(values: readonly number[], less: number): CellValue {
  if (values.length - less < 1) return errors.divide;
  const mean = sum(values) / values.length;
  return sum(values.map((value) => (value - mean) ** 2)) / (values.length - less);
}

function deviation(values: readonly number[], less: number): CellValue {
  const found = variance(values, less);
  return typeof found === 'number' ? Math.sqrt(found) : found;
}

/** Leaves out other subtotals; from 101 on all hidden rows, below it those a filter hides. */
const subtotal: FormulaFunction = {
  least: 2,
  most: 255,
  run(world) {
    const code = Math.trunc(number(world, 0));
    const kind = code > 100 ? code - 100 : code;
    const values: CellValue[] = [];
    for (let index = 1; index < world.count; index++) {
      const range = world.argument(index);
      if (!(range instanceof CellRange)) return fail(errors.value);
      const isFiltered = range.sheet.root.child('autoFilter')?.elements.length ?? 0;
      world.each(range, (value, sheet, row, column) => {
        if (sheet === undefined) return;
        if ((code > 100 || isFiltered > 0) && world.isHiddenRow(sheet, row)) return;
        if (/^SUBTOTAL\(/i.test(world.formulaAt(sheet, row, column) ?? '')) return;
        values.push(value);
      });
    }
    if (kind === 2) return values.filter((value) => typeof value === 'number').length;
    if (kind === 3) return values.length;
    const work = subtotals[kind];
    return work === undefined ? fail(errors.value) : work(onlyNumbers(values));
  },
};

// ── The table ───────────────────────────────────────────────────────────────────────────────────────────────────

function logical(combine: (values: readonly boolean[]) => boolean): FormulaFunction {
  return {
    least: 1,
    most: 255,
    takesArrays: true,
    run(world) {
      const values: boolean[] = [];
      for (let index = 0; index < world.count; index++) {
        const operand = world.argument(index);
        if (operand instanceof CellRange || operand instanceof Matrix) {
          world.each(operand, (value) => {
            if (value instanceof CellError) fail(value);
            if (typeof value !== 'string') values.push(asBoolean(value));
          });
        } else values.push(asBoolean(operand));
      }
      return values.length === 0 ? fail(errors.value) : combine(values);
    },
  };
}

/** The value of an operand, errors included: nothing is thrown. */
function caught(work: () => Operand): Operand {
  try {
    return work();
  } catch (error) {
    if (error instanceof ErrorResult) return error.value;
    throw error;
  }
}

function replacingErrors(isReplaced: (error: CellError) => boolean): FormulaFunction {
  return {
    least: 2,
    most: 2,
    run(world) {
      const operand = caught(() => world.argument(0));
      if (world.inArray && (operand instanceof CellRange || operand instanceof Matrix)) {
        const other = world.argument(1);
        return world.map([operand, other], ([value, replacement]) =>
          value instanceof CellError && isReplaced(value) ? replacement : (value ?? 0),
        );
      }
      const value = caught(() => world.single(operand)) as CellValue;
      return value instanceof CellError && isReplaced(value) ? world.argument(1) : (value ?? 0);
    },
  };
}

/** Tests that look at the value itself, errors included. */
function test(accept: (value: CellValue) => boolean): FormulaFunction {
  return {
    least: 1,
    most: 1,
    run: (world) => {
      const operand = caught(() => world.argument(0));
      if (world.inArray && (operand instanceof CellRange || operand instanceof Matrix))
        return world.map([operand], ([value]) => accept(value));
      return accept(caught(() => world.single(operand)) as CellValue);
    },
  };
}

function counting(accept: (value: CellValue, direct: boolean) => boolean): FormulaFunction {
  return {
    least: 1,
    most: 255,
    takesArrays: true,
    run(world) {
      let count = 0;
      for (let index = 0; index < world.count; index++) {
        const operand = caught(() => world.argument(index));
        const direct = !(operand instanceof CellRange || operand instanceof Matrix);
        world.each(operand, (value) => {
          if (accept(value, direct)) count++;
        });
      }
      return count;
    },
  };
}

const ownRange = (world: FunctionWorld): Area => {
  if (!world.isGiven(0))
    return { top: world.row, bottom: world.row, left: world.column, right: world.column };
  const operand = world.argument(0);
  return operand instanceof CellRange ? operand.area : fail(errors.value);
};

const areaSize = (world: FunctionWorld, rows: boolean): number => {
  const operand = world.argument(0);
  if (operand instanceof CellRange) {
    const { top, bottom, left, right } = operand.area;
    return rows ? bottom - top + 1 : right - left + 1;
  }
  const matrix = world.matrix(operand);
  return rows ? matrix.rows.length : matrix.width;
};

const own: Readonly<Record<string, FormulaFunction>> = {
  // Logic
  IF: {
    least: 2,
    most: 3,
    run(world) {
      const condition = world.argument(0);
      if (world.inArray && (condition instanceof CellRange || condition instanceof Matrix)) {
        const [yes, no] = [world.argument(1), world.count > 2 ? world.argument(2) : false];
        return world.map([condition, yes, no], ([value, a, b]) => (asBoolean(value) ? (a ?? 0) : (b ?? 0)));
      }
      if (asBoolean(world.single(condition))) return world.isGiven(1) ? world.argument(1) : 0;
      return world.count < 3 ? false : world.isGiven(2) ? world.argument(2) : 0;
    },
  },
  IFS: {
    least: 2,
    most: 254,
    run(world) {
      for (let index = 0; index + 1 < world.count; index += 2) {
        if (asBoolean(world.single(world.argument(index)))) return world.argument(index + 1);
      }
      return fail(errors.notAvailable);
    },
  },
  SWITCH: {
    least: 3,
    most: 254,
    run(world) {
      const value = world.single(world.argument(0));
      let index = 1;
      for (; index + 1 < world.count; index += 2) {
        const candidate = world.single(world.argument(index));
        if (typeof candidate === typeof value && compareValues(candidate, value) === 0)
          return world.argument(index + 1);
      }
      return index < world.count ? world.argument(index) : fail(errors.notAvailable);
    },
  },
  CHOOSE: {
    least: 2,
    most: 255,
    run(world) {
      const index = Math.trunc(number(world, 0));
      return index >= 1 && index < world.count ? world.argument(index) : fail(errors.value);
    },
  },
  AND: logical((values) => values.every(Boolean)),
  OR: logical((values) => values.some(Boolean)),
  XOR: logical((values) => values.filter(Boolean).length % 2 === 1),
  NOT: scalar(1, 1, ([value]) => !asBoolean(value)),
  TRUE: { least: 0, most: 0, run: () => true },
  FALSE: { least: 0, most: 0, run: () => false },
  IFERROR: replacingErrors(() => true),
  IFNA: replacingErrors((error) => error === errors.notAvailable),
  NA: { least: 0, most: 0, run: () => errors.notAvailable },
  ISBLANK: test((value) => value === undefined),
  ISNUMBER: test((value) => typeof value === 'number'),
  ISTEXT: test((value) => typeof value === 'string'),
  ISNONTEXT: test((value) => typeof value !== 'string'),
  ISLOGICAL: test((value) => typeof value === 'boolean'),
  ISERROR: test((value) => value instanceof CellError),
  ISERR: test((value) => value instanceof CellError && value !== errors.notAvailable),
  ISNA: test((value) => value === errors.notAvailable),
  ISEVEN: scalar(1, 1, ([value]) => Math.trunc(asNumber(value)) % 2 === 0),
  ISODD: scalar(1, 1, ([value]) => Math.trunc(asNumber(value)) % 2 !== 0),
  ISFORMULA: {
    least: 1,
    most: 1,
    run(world) {
      const range = world.argument(0);
      if (!(range instanceof CellRange)) return fail(errors.value);
      return world.formulaAt(range.sheet, range.area.top, range.area.left) !== undefined;
    },
  },
  N: scalar(1, 1, ([value]) =>
    typeof value === 'number' || typeof value === 'boolean'
      ? Number(value)
      : value instanceof CellError
        ? value
        : 0,
  ),
  T: scalar(1, 1, ([value]) => (typeof value === 'string' || value instanceof CellError ? value : '')),

  // Counting and adding
  SUM: aggregate((values) => sum(values)),
  AVERAGE: aggregate(average),
  MIN: aggregate(least),
  MAX: aggregate(greatest),
  PRODUCT: aggregate((values) => (values.length === 0 ? 0 : values.reduce((a, b) => a * b, 1))),
  COUNT: counting(
    (value, direct) =>
      typeof value === 'number' ||
      (direct &&
        (typeof value === 'boolean' ||
          (typeof value === 'string' && (numberOf(value) ?? dateOf(value)) !== undefined))),
  ),
  COUNTA: counting(() => true),
  COUNTBLANK: {
    least: 1,
    most: 1,
    run(world) {
      const range = world.argument(0);
      if (!(range instanceof CellRange)) return fail(errors.value);
      const { top, bottom, left, right } = range.area;
      let filled = 0;
      world.each(range, (value) => {
        if (value !== '') filled++;
      });
      return (bottom - top + 1) * (right - left + 1) - filled;
    },
  },
  SUMIF: conditional((values) => sum(onlyNumbers(values)), false),
  SUMIFS: conditional((values) => sum(onlyNumbers(values)), true),
  AVERAGEIF: conditional((values) => average(onlyNumbers(values)), false),
  AVERAGEIFS: conditional((values) => average(onlyNumbers(values)), true),
  MINIFS: conditional((values) => least(onlyNumbers(values)), true),
  MAXIFS: conditional((values) => greatest(onlyNumbers(values)), true),
  COUNTIF: {
    least: 2,
    most: 2,
    run(world) {
      const pairs = conditionPairs(world, 0);
      return countWhere(world, pairs);
    },
  },
  COUNTIFS: {
    least: 2,
    most: 254,
    run: (world) =>
      world.count % 2 === 1 ? fail(errors.value) : countWhere(world, conditionPairs(world, 0)),
  },
  SUMPRODUCT: {
    least: 1,
    most: 255,
    takesArrays: true,
    run(world) {
      const matrices = Array.from({ length: world.count }, (_, index) => world.matrix(world.argument(index)));
      const [first] = matrices as [Matrix];
      if (matrices.some((one) => one.rows.length !== first.rows.length || one.width !== first.width))
        return fail(errors.value);
      const products: number[] = [];
      for (const [row, values] of first.rows.entries()) {
        for (const column of values.keys()) {
          let product = 1;
          for (const matrix of matrices) {
            const value = matrix.rows[row]?.[column];
            if (value instanceof CellError) return fail(value);
            product *= typeof value === 'number' ? value : 0;
          }
          products.push(product);
        }
      }
      return sum(products);
    },
  },
  SUBTOTAL: subtotal,

  // Looking up
  VLOOKUP: verticalLookup(true),
  HLOOKUP: verticalLookup(false),
  LOOKUP: lookupFunction,
  MATCH: {
    least: 2,
    most: 3,
    run(world) {
      const wanted = world.single(world.argument(0));
      const matrix = world.matrix(world.argument(1));
      if (matrix.rows.length > 1 && matrix.width > 1) return fail(errors.notAvailable);
      const type = number(world, 2, 1);
      const at = lookup(asList(matrix), wanted, type === 0 ? 'exact' : type > 0 ? 'ascending' : 'descending');
      return at < 0 ? fail(errors.notAvailable) : at + 1;
    },
  },
  XMATCH: {
    least: 2,
    most: 4,
    run(world) {
      const list = asList(world.matrix(world.argument(1)));
      const at = extendedMatch(
        list,
        world.single(world.argument(0)),
        number(world, 2, 0),
        number(world, 3, 1),
      );
      return at < 0 ? fail(errors.notAvailable) : at + 1;
    },
  },
  XLOOKUP: {
    least: 3,
    most: 6,
    run(world) {
      const keys = world.matrix(world.argument(1));
      const at = extendedMatch(
        asList(keys),
        world.single(world.argument(0)),
        number(world, 4, 0),
        number(world, 5, 1),
      );
      if (at < 0) return world.isGiven(3) ? world.argument(3) : fail(errors.notAvailable);
      return keys.rows.length === 1 && keys.width > 1
        ? indexed(world, world.argument(2), 0, at + 1)
        : indexed(world, world.argument(2), at + 1, 0);
    },
  },
  INDEX: {
    least: 2,
    most: 3,
    run(world) {
      const operand = world.argument(0);
      const first = Math.trunc(number(world, 1, 0));
      const { rows, columns } = sizeOf(world, operand);
      // One number counts along a single row as well.
      if (world.count < 3)
        return rows === 1 && columns > 1
          ? indexed(world, operand, 1, first)
          : indexed(world, operand, first, columns === 1 ? 1 : 0);
      return indexed(world, operand, first, Math.trunc(number(world, 2, 0)));
    },
  },
  OFFSET: {
    least: 3,
    most: 5,
    run(world) {
      const range = world.argument(0);
      if (!(range instanceof CellRange)) return fail(errors.value);
      const { top, bottom, left, right } = range.area;
      const row = top + Math.trunc(number(world, 1, 0));
      const column = left + Math.trunc(number(world, 2, 0));
      const height = Math.trunc(number(world, 3, bottom - top + 1));
      const width = Math.trunc(number(world, 4, right - left + 1));
      if (height === 0 || width === 0) return fail(errors.reference);
      const area = {
        top: height > 0 ? row : row + height + 1,
        bottom: height > 0 ? row + height - 1 : row,
        left: width > 0 ? column : column + width + 1,
        right: width > 0 ? column + width - 1 : column,
      };
      if (area.top < 1 || area.left < 1 || area.bottom > maxRows || area.right > maxColumns)
        return fail(errors.reference);
      return new CellRange(range.sheet, area);
    },
  },
  INDIRECT: {
    least: 1,
    most: 2,
    run(world) {
      if (world.isGiven(1) && !asBoolean(world.single(world.argument(1))))
        throw new NotComputable('INDIRECT in the style R1C1 is not supported');
      return world.reference(text(world, 0)) ?? fail(errors.reference);
    },
  },
  ROW: { least: 0, most: 1, run: (world) => lines(world, 'row') },
  COLUMN: { least: 0, most: 1, run: (world) => lines(world, 'column') },
  ROWS: { least: 1, most: 1, takesArrays: true, run: (world) => areaSize(world, true) },
  COLUMNS: { least: 1, most: 1, takesArrays: true, run: (world) => areaSize(world, false) },
  ADDRESS: {
    least: 2,
    most: 5,
    run(world) {
      const [row, column] = [Math.trunc(number(world, 0)), Math.trunc(number(world, 1))];
      if (row < 1 || column < 1 || row > maxRows || column > maxColumns) return fail(errors.value);
      if (world.isGiven(3) && !asBoolean(world.single(world.argument(3))))
        throw new NotComputable('ADDRESS in the style R1C1 is not supported');
      const style = number(world, 2, 1);
      const name =
        style === 1
          ? `$${columnName(column)}$${row}`
          : style === 2
            ? `${columnName(column)}$${row}`
            : style === 3
              ? `$${columnName(column)}${row}`
              : style === 4
                ? cellName(row, column)
                : fail(errors.value);
      return world.isGiven(4) ? `${sheetText(text(world, 4))}!${name}` : name;
    },
  },
  MMULT: {
    least: 2,
    most: 2,
    takesArrays: true,
    run(world) {
      const [a, b] = [world.matrix(world.argument(0)), world.matrix(world.argument(1))];
      if (a.width !== b.rows.length) return fail(errors.value);
      const numbers = ({ rows }: Matrix) =>
        rows.map((row) => row.map((value) => (typeof value === 'number' ? value : fail(errors.value))));
      const [left, right] = [numbers(a), numbers(b)];
      return new Matrix(
        left.map((row) =>
          (right[0] as number[]).map((_, column) =>
            sum(row.map((value, at) => value * (right[at] as number[])[column]!)),
          ),
        ),
      );
    },
  },
  TRANSPOSE: {
    least: 1,
    most: 1,
    takesArrays: true,
    run(world) {
      const matrix = world.matrix(world.argument(0));
      return new Matrix(Array.from({ length: matrix.width }, (_, column) => columnOf(matrix, column)));
    },
  },

  // Rounding
  ROUND: rounded(roundDigits),
  ROUNDUP: rounded((value, places) => towards(value, places, Math.ceil)),
  ROUNDDOWN: rounded((value, places) => towards(value, places, Math.floor)),
  TRUNC: rounded((value, places) => towards(value, places, Math.floor)),
  INT: scalar(1, 1, ([value]) => Math.floor(asNumber(value))),
  ABS: scalar(1, 1, ([value]) => Math.abs(asNumber(value))),
  SIGN: scalar(1, 1, ([value]) => Math.sign(asNumber(value))),
  MOD: scalar(2, 2, ([dividend, divisor]) => {
    const [a, b] = [asNumber(dividend), asNumber(divisor)];
    return b === 0 ? errors.divide : a - b * Math.floor(a / b);
  }),
  QUOTIENT: scalar(2, 2, ([dividend, divisor]) => {
    const b = asNumber(divisor);
    return b === 0 ? errors.divide : Math.trunc(asNumber(dividend) / b);
  }),
  ATAN2: scalar(2, 2, ([x, y]) =>
    asNumber(x) === 0 && asNumber(y) === 0 ? errors.divide : Math.atan2(asNumber(y), asNumber(x)),
  ),
  SQRT: scalar(1, 1, ([value]) => (asNumber(value) < 0 ? errors.number : Math.sqrt(asNumber(value)))),
  RAND: { least: 0, most: 0, run: () => Math.random() },
  RANDBETWEEN: scalar(2, 2, ([low, high]) => {
    const [from, to] = [Math.ceil(asNumber(low)), Math.floor(asNumber(high))];
    return from > to ? errors.number : from + Math.floor(Math.random() * (to - from + 1));
  }),

  // Texts
  CONCATENATE: scalar(1, 255, (values) => limited(values.map(asText).join(''))),
  CONCAT: {
    least: 1,
    most: 254,
    takesArrays: true,
    run(world) {
      let joined = '';
      for (let index = 0; index < world.count; index++)
        world.each(world.argument(index), (value) => (joined += asText(value)));
      return limited(joined);
    },
  },
  TEXTJOIN: {
    least: 3,
    most: 252,
    takesArrays: true,
    run(world) {
      const separator = text(world, 0);
      const skipEmpty = asBoolean(world.single(world.argument(1)));
      const pieces: string[] = [];
      for (let index = 2; index < world.count; index++) {
        for (const row of world.matrix(world.argument(index)).rows) {
          for (const value of row) {
            const piece = asText(value);
            if (piece !== '' || !skipEmpty) pieces.push(piece);
          }
        }
      }
      return limited(pieces.join(separator));
    },
  },
  LEFT: scalar(1, 2, ([value, count]) => {
    const length = count === undefined ? 1 : Math.trunc(asNumber(count));
    return length < 0 ? errors.value : asText(value).slice(0, length);
  }),
  RIGHT: scalar(1, 2, ([value, count]) => {
    const length = count === undefined ? 1 : Math.trunc(asNumber(count));
    return length < 0 ? errors.value : length === 0 ? '' : asText(value).slice(-length);
  }),
  MID: scalar(3, 3, ([value, startValue, count]) => {
    const [start, length] = [Math.trunc(asNumber(startValue)), Math.trunc(asNumber(count))];
    return start < 1 || length < 0 ? errors.value : asText(value).slice(start - 1, start - 1 + length);
  }),
  LEN: scalar(1, 1, ([value]) => asText(value).length),
  FIND: finding(true),
  SEARCH: finding(false),
  SUBSTITUTE: scalar(3, 4, substituted),
  REPLACE: scalar(4, 4, ([value, startValue, count, replacement]) => {
    const [whole, start, length] = [
      asText(value),
      Math.trunc(asNumber(startValue)),
      Math.trunc(asNumber(count)),
    ];
    return start < 1 || length < 0
      ? errors.value
      : whole.slice(0, start - 1) + asText(replacement) + whole.slice(start - 1 + length);
  }),
  TRIM: scalar(1, 1, ([value]) => asText(value).replace(/ +/g, ' ').replace(/^ | $/g, '')),
  CLEAN: scalar(1, 1, ([value]) => asText(value).replace(/[\x00-\x1f]/g, '')),
  UPPER: scalar(1, 1, ([value]) => asText(value).toUpperCase()),
  LOWER: scalar(1, 1, ([value]) => asText(value).toLowerCase()),
  PROPER: scalar(1, 1, ([value]) => proper(asText(value))),
  EXACT: scalar(2, 2, ([a, b]) => asText(a) === asText(b)),
  REPT: scalar(2, 2, ([value, count]) => {
    const times = Math.trunc(asNumber(count));
    return times < 0 || asText(value).length * times > 32_767 ? errors.value : asText(value).repeat(times);
  }),
  CHAR: scalar(1, 1, ([value]) => {
    const code = Math.trunc(asNumber(value));
    return code < 1 || code > 255
      ? errors.value
      : new TextDecoder('windows-1252').decode(Uint8Array.of(code));
  }),
  UNICHAR: scalar(1, 1, ([value]) => {
    const code = Math.trunc(asNumber(value));
    return code < 1 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)
      ? errors.value
      : String.fromCodePoint(code);
  }),
  CODE: scalar(1, 1, ([value]) => asText(value).charCodeAt(0) || errors.value),
  UNICODE: scalar(1, 1, ([value]) => asText(value).codePointAt(0) ?? errors.value),
  VALUE: scalar(1, 1, ([value]) => asNumber(value)),
  NUMBERVALUE: scalar(1, 3, ([value, decimal, group]) => {
    const point = decimal === undefined ? '.' : (asText(decimal)[0] ?? '.');
    const separator = group === undefined ? ',' : (asText(group)[0] ?? ',');
    const plain = asText(value).replace(/\s/g, '').replaceAll(separator, '').replace(point, '.');
    return plain === '' ? 0 : (numberOf(plain) ?? errors.value);
  }),
  TEXT: scalar(2, 2, ([value, format], world) => {
    if (typeof value === 'boolean') return asText(value);
    const given = typeof value === 'string' ? (numberOf(value) ?? dateOf(value) ?? value) : asNumber(value);
    return formatValue(given, asText(format), world.date1904);
  }),
  FIXED: scalar(1, 3, ([value, places, plain]) => {
    const decimals = places === undefined ? 2 : Math.trunc(asNumber(places));
    const grouped = plain === undefined || !asBoolean(plain);
    const format = `${grouped ? '#,##0' : '0'}${decimals > 0 ? `.${'0'.repeat(Math.min(decimals, 30))}` : ''}`;
    return formatValue(roundDigits(asNumber(value), decimals), format);
  }),
  DOLLAR: scalar(1, 2, ([value, places]) => {
    const decimals = places === undefined ? 2 : Math.max(0, Math.trunc(asNumber(places)));
    const digits = `"$"#,##0${decimals > 0 ? `.${'0'.repeat(Math.min(decimals, 30))}` : ''}`;
    return formatValue(asNumber(value), `${digits}_);(${digits})`).trim();
  }),
  HYPERLINK: { least: 1, most: 2, run: (world) => world.single(world.argument(world.isGiven(1) ? 1 : 0)) },

  // Dates
  DATE: scalar(3, 3, ([yearValue, month, day], world) => {
    const year = Math.trunc(asNumber(yearValue));
    const whole = year < 1900 ? year + 1900 : year;
    return (
      serialOf(whole, Math.trunc(asNumber(month)), Math.trunc(asNumber(day)), world.date1904) ?? errors.number
    );
  }),
  TIME: scalar(3, 3, ([hours, minutes, seconds]) => {
    const total =
      Math.trunc(asNumber(hours)) * 3600 + Math.trunc(asNumber(minutes)) * 60 + Math.trunc(asNumber(seconds));
    return total < 0 ? errors.number : (total % 86_400) / 86_400;
  }),
  YEAR: datePart(({ year }) => year),
  MONTH: datePart(({ month }) => month),
  DAY: datePart(({ day }) => day),
  HOUR: datePart(({ hours }) => hours),
  MINUTE: datePart(({ minutes }) => minutes),
  SECOND: datePart(({ seconds, milliseconds }) => (seconds + (milliseconds >= 500 ? 1 : 0)) % 60),
  WEEKDAY: scalar(1, 2, ([value, type], world) => {
    const { weekday } = dateParts(serial(value, world), world.date1904);
    const kind = type === undefined ? 1 : asNumber(type);
    if (kind === 1 || kind === 17) return weekday + 1;
    if (kind === 2 || kind === 11) return ((weekday + 6) % 7) + 1;
    if (kind === 3) return (weekday + 6) % 7;
    return kind >= 12 && kind <= 16 ? ((weekday - (kind - 10) + 7) % 7) + 1 : errors.number;
  }),
  ISOWEEKNUM: scalar(1, 1, ([value], world) => {
    const day = new Date((Math.floor(serial(value, world)) - unixBase(world)) * 86_400_000);
    const thursday = new Date(day.getTime() + (4 - (day.getUTCDay() || 7)) * 86_400_000);
    return Math.floor((thursday.getTime() - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / 604_800_000) + 1;
  }),
  WEEKNUM: scalar(1, 2, ([value, type], world) => {
    const kind = type === undefined ? 1 : asNumber(type);
    const first =
      kind === 1 || kind === 17
        ? 0
        : kind === 2 || kind === 11
          ? 1
          : kind >= 12 && kind <= 16
            ? kind - 10
            : fail(errors.number);
    const day = Math.floor(serial(value, world));
    const { year } = dateParts(day, world.date1904);
    const newYear = serialOf(year, 1, 1, world.date1904) ?? fail(errors.number);
    const offset = (dateParts(newYear, world.date1904).weekday - first + 7) % 7;
    return Math.floor((day - newYear + offset) / 7) + 1;
  }),
  EDATE: scalar(2, 2, ([value, months], world) => monthsLater(world, value, asNumber(months), false)),
  EOMONTH: scalar(2, 2, ([value, months], world) => monthsLater(world, value, asNumber(months), true)),
  DATEVALUE: scalar(1, 1, ([value], world) => {
    const found = dateOf(asText(value));
    if (found === undefined) return errors.value;
    return Math.floor(found) - (world.date1904 ? 1462 : 0);
  }),
  TIMEVALUE: scalar(1, 1, ([value]) => {
    const found = dateOf(asText(value));
    return found === undefined ? errors.value : found % 1;
  }),
  DAYS: scalar(
    2,
    2,
    ([last, first], world) => Math.floor(serial(last, world)) - Math.floor(serial(first, world)),
  ),
  DATEDIF: { least: 3, most: 3, run: dateDifference },
  NETWORKDAYS: {
    least: 2,
    most: 3,
    run: (world) =>
      workdays(
        Math.floor(serial(world.single(world.argument(0)), world)),
        Math.floor(serial(world.single(world.argument(1)), world)),
        holidaySet(world, 2),
        weekendOf(1),
      ),
  },
  'NETWORKDAYS.INTL': {
    least: 2,
    most: 4,
    run: (world) =>
      workdays(
        Math.floor(serial(world.single(world.argument(0)), world)),
        Math.floor(serial(world.single(world.argument(1)), world)),
        holidaySet(world, 3),
        weekendOf(world.isGiven(2) ? world.single(world.argument(2)) : 1),
      ),
  },
  WORKDAY: { least: 2, most: 3, run: (world) => workdayAfter(world, weekendOf(1), holidaySet(world, 2)) },
  'WORKDAY.INTL': {
    least: 2,
    most: 4,
    run: (world) =>
      workdayAfter(
        world,
        weekendOf(world.isGiven(2) ? world.single(world.argument(2)) : 1),
        holidaySet(world, 3),
      ),
  },
  TODAY: { least: 0, most: 0, run: (world) => Math.floor(world.now() / 86_400_000) + unixBase(world) },
  NOW: { least: 0, most: 0, run: (world) => world.now() / 86_400_000 + unixBase(world) },
};

const table: ReadonlyMap<string, FormulaFunction> = new Map(Object.entries(own));

function countWhere(world: FunctionWorld, pairs: readonly (readonly [Operand, CellValue])[]): number {
  const [first] = pairs;
  if (first === undefined) return fail(errors.value);
  const matrix = largest(world, first[0], pairs);
  return whereAll(world, matrix, pairs).length;
}

function sizeOf(world: FunctionWorld, operand: Operand): { readonly rows: number; readonly columns: number } {
  if (operand instanceof CellRange) {
    const { top, bottom, left, right } = operand.area;
    return { rows: bottom - top + 1, columns: right - left + 1 };
  }
  const matrix = world.matrix(operand);
  return { rows: matrix.rows.length, columns: matrix.width };
}

function lines(world: FunctionWorld, which: 'row' | 'column'): Operand {
  const { top, bottom, left, right } = ownRange(world);
  if (!world.inArray) return which === 'row' ? top : left;
  if (which === 'row') return new Matrix(Array.from({ length: bottom - top + 1 }, (_, at) => [top + at]));
  return new Matrix([Array.from({ length: right - left + 1 }, (_, at) => left + at)]);
}

// ── From formulajs ──────────────────────────────────────────────────────────────────────────────────────────────

/** Where the library only has the newer name. */
const renamed: Readonly<Record<string, string>> = {
  STDEV: 'STDEV.S',
  STDEVP: 'STDEV.P',
  VAR: 'VAR.S',
  VARP: 'VAR.P',
  MODE: 'MODE.SNGL',
  RANK: 'RANK.EQ',
  PERCENTILE: 'PERCENTILE.INC',
  QUARTILE: 'QUARTILE.INC',
};

/**
 * How arguments are given: `single` numbers or texts, `list` a flat list of the numbers of all arguments, `pairs` two lists in which
 * only places count where both have a number, `tables` ranges as tables.
 */
type Form = 'single' | 'list' | 'pairs' | 'tables';

const singles =
  'ACOS ACOSH ACOT ACOTH ASIN ASINH ATAN ATANH COS COSH COT COTH CSC CSCH DEGREES EVEN EXP FACT FACTDOUBLE LN LOG LOG10 ODD PI POWER RADIANS ROMAN SEC SECH SIN SINH TAN TANH COMBIN COMBINA PERMUT BASE DECIMAL BIN2DEC BIN2HEX BIN2OCT DEC2BIN DEC2HEX DEC2OCT HEX2BIN HEX2DEC HEX2OCT OCT2BIN OCT2DEC OCT2HEX BITAND BITOR BITXOR BITLSHIFT BITRSHIFT CEILING FLOOR MROUND PMT PV FV NPER RATE IPMT PPMT CUMIPMT CUMPRINC SLN SYD DB DDB EFFECT NOMINAL DOLLARDE DOLLARFR';
const lists =
  'MEDIAN GEOMEAN HARMEAN DEVSQ AVEDEV SUMSQ GCD LCM MODE MODE.SNGL STDEV STDEVP VAR VARP STDEV.S STDEV.P VAR.S VAR.P SKEW KURT MULTINOMIAL';
const pairs = 'CORREL SLOPE INTERCEPT RSQ FORECAST SUMX2MY2 SUMX2PY2 SUMXMY2';
const tables =
  'LARGE SMALL PERCENTILE QUARTILE NPV IRR RANK RANK.EQ RANK.AVG PERCENTILE.INC PERCENTILE.EXC QUARTILE.INC QUARTILE.EXC';

const borrowed: ReadonlyMap<string, Form> = new Map<string, Form>([
  ...singles.split(' ').map((name) => [name, 'single'] as const),
  ...lists.split(' ').map((name) => [name, 'list'] as const),
  ...pairs.split(' ').map((name) => [name, 'pairs'] as const),
  ...tables.split(' ').map((name) => [name, 'tables'] as const),
]);

function borrow(work: (...given: unknown[]) => unknown, form: Form): FormulaFunction {
  const call = (given: readonly unknown[]): CellValue => fromLibrary(work(...given));
  if (form === 'list')
    return { least: 1, most: 255, takesArrays: true, run: (world) => call(aggregated(world)) };
  if (form === 'single') {
    return scalar(0, 30, (values) =>
      call(
        values.map((value) => {
          if (value instanceof CellError) fail(value);
          return typeof value === 'string'
            ? (numberOf(value) ?? value)
            : typeof value === 'boolean'
              ? Number(value)
              : (value ?? 0);
        }),
      ),
    );
  }
  if (form === 'pairs') {
    return {
      least: 2,
      most: 3,
      takesArrays: true,
      run(world) {
        const first = world.count - 2;
        const [a, b] = [first, first + 1].map((index) => world.matrix(world.argument(index)).rows.flat());
        if (a === undefined || b === undefined || a.length !== b.length) return fail(errors.notAvailable);
        const kept = a
          .map((value, index) => [value, b[index]] as const)
          .filter((pair) => onlyNumbers(pair).length === 2);
        if (kept.length === 0) return fail(errors.divide);
        const before = first > 0 ? [number(world, 0)] : [];
        const result = call([...before, kept.map(([value]) => value), kept.map(([, value]) => value)]);
        // Values that are all the same have no slope.
        return result === errors.number ? errors.divide : result;
      },
    };
  }
  return {
    least: 1,
    most: 30,
    takesArrays: true,
    run(world) {
      const given = Array.from({ length: world.count }, (_, index) => {
        const operand = world.argument(index);
        if (!(operand instanceof CellRange || operand instanceof Matrix)) return asNumber(operand);
        const { rows, width } = world.matrix(operand);
        for (const row of rows) for (const value of row) if (value instanceof CellError) fail(value);
        return width === 1 || rows.length === 1
          ? rows.flat().filter((value) => typeof value === 'number')
          : rows;
      });
      return call(given);
    },
  };
}

function fromLibrary(result: unknown): CellValue {
  if (result instanceof Error)
    return CellError.of(/^#[A-Z/0]+[!?]?$/.test(result.message) ? result.message : '#VALUE!');
  if (typeof result === 'number') return Number.isFinite(result) ? result : errors.number;
  // The texts it gives are numbers of other systems, whose letters Excel writes large.
  if (typeof result === 'string') return result.toUpperCase();
  if (typeof result === 'boolean') return result;
  throw new NotComputable('a function gave a result of an unknown kind');
}
