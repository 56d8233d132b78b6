// How Power Fx turns one type into another, compares and orders. Blank counts as 0, no text and false. Texts are those of the English
// (US) culture. The rules of classic expressions are in ../operations.ts.

import { describe, isNumeric, parseNumeric, toText } from '../convert.ts';
import { cultures } from '../dotnet/culture.ts';
import { formatDatetime } from '../dotnet/dateFormat.ts';
import { compareDecimals, decimalText, multiplyDecimals, numeric } from '../dotnet/decimal.ts';
import { LogicError } from '../errors.ts';
import { divide, equal } from '../operations.ts';
import {
  CustomObject,
  Datarow,
  Datatable,
  FlowDatetime,
  type Numeric,
  typeName,
  type Value,
} from '../values.ts';

/** A mistake that only Power Fx knows; `Error(…)` raises it as well. */
export function powerFxError(message: string): LogicError {
  return new LogicError(
    'PowerFxError',
    message,
    'Check the values the formula works with, or catch the error with IfError.',
  );
}

function impossible(value: Value, wanted: string): never {
  throw new LogicError(
    'ConversionFailed',
    `${describe(value)} cannot be used as ${wanted}.`,
    'Convert it in the formula first, with Value, Text, DateValue or Boolean.',
  );
}

export function textOf(value: Value): string {
  if (typeof value === 'string') return value;
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (isNumeric(value)) return decimalText(value);
  if (value instanceof FlowDatetime) {
    return formatDatetime(value, isTime(value) ? 'h:mm tt' : 'M/d/yyyy h:mm tt', cultures['en-US']);
  }
  return toText(value);
}

export function numberOf(value: Value): Numeric {
  if (isNumeric(value)) return value;
  if (value === null) return 0;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return (typeof value === 'string' ? readNumber(value) : undefined) ?? impossible(value, 'a number');
}

/** A whole number, cut off; for positions and counts. */
export function wholeOf(value: Value): number {
  return Math.trunc(Number(decimalText(numberOf(value))));
}

/** The number a text spells: blanks around it, group separators, `$` in front or `%` behind allowed; undefined when it spells none. */
export function readNumber(text: string): Numeric | undefined {
  const match = /^\s*([+-]?)\s*\$?\s*([+-]?)([\d,]*\.?\d*(?:e[+-]?\d+)?)\s*(%?)\s*$/i.exec(text);
  if (match === null) return undefined;
  const [, sign, inner, digits = '', percent] = match;
  const number = parseNumeric(`${sign}${inner}${digits.replaceAll(',', '')}${percent === '%' ? 'e-2' : ''}`);
  return percent === '%' && /e/i.test(digits) ? undefined : number;
}

export function truthOf(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  if (value === null) return false;
  if (isNumeric(value)) return value !== 0;
  const word = typeof value === 'string' ? value.trim().toLowerCase() : '';
  return word === 'true' || word === 'false' ? word === 'true' : impossible(value, 'true or false');
}

/** Times without a date lie on this day, as they do in Excel. */
const timeDay = FlowDatetime.of(1899, 12, 30).ticks;
const dayMs = 86_400_000;

export const timeOf = (hour: number, minute: number, second: number, ms: number): FlowDatetime =>
  new FlowDatetime(timeDay + ((hour * 60 + minute) * 60 + second) * 1000 + ms);

/** True for a value of the function Time. */
export const isTime = (value: FlowDatetime): boolean =>
  value.ticks >= timeDay && value.ticks < timeDay + dayMs;

/** Milliseconds since midnight of a time. */
export const timeMs = (value: FlowDatetime): number => value.ticks - timeDay;

export function rowsOf(value: Value): readonly Value[] {
  if (Array.isArray(value)) return value;
  if (value === null) return [];
  if (value instanceof Datatable) return value.rows.map((row) => new Datarow(value, row));
  if (value instanceof Datarow) return value.cells;
  return impossible(value, 'a table');
}

/** The column of a row: a field of a record, a cell, or `Value` of a plain value. Undefined when it has none of that name. */
export function columnOf(row: Value, name: string): Value | undefined {
  if (row instanceof CustomObject) return row.entries.get(name);
  if (row instanceof Datarow) return row.cells[row.table.columns.indexOf(name)];
  const isPlain = row === null || typeof row !== 'object' || isNumeric(row) || row instanceof FlowDatetime;
  return isPlain && name === 'Value' ? row : undefined;
}

/** `=`: by content, text letter by letter; a number and a text when the text spells it. Blank equals only blank. */
export function same(left: Value, right: Value): boolean {
  if (left === null || right === null) return left === right;
  if (isNumeric(left) && typeof right === 'string') return sameNumber(left, right);
  if (isNumeric(right) && typeof left === 'string') return sameNumber(right, left);
  if (isNumeric(left) && isNumeric(right)) return compareDecimals(left, right) === 0;
  return typeName(left) === typeName(right) && equal(left, right);
}

function sameNumber(number: Numeric, text: string): boolean {
  const read = readNumber(text);
  return read !== undefined && compareDecimals(read, number) === 0;
}

const words = new Intl.Collator('en', { sensitivity: 'accent' });

/** Order of two values: numbers, dates and Booleans by value, texts alphabetically whatever their case. Blank counts as 0. */
export function order(left: Value, right: Value): number {
  if (left instanceof FlowDatetime && right instanceof FlowDatetime) return left.ticks - right.ticks;
  if (typeof left === 'string' && typeof right === 'string') return words.compare(left, right);
  return compareDecimals(numberOf(left), numberOf(right));
}

/** A result of arithmetic; undefined is one that is too large. */
export function inRange(value: Numeric | undefined): Numeric {
  if (value !== undefined) return value;
  throw new LogicError(
    'NumberOutOfRange',
    'The result is too large for a number.',
    'Numbers go up to 79,228,162,514,264,337,593,543,950,335, in both directions.',
  );
}

/** Whole powers exactly, others to 15 digits. */
export function power(base: Numeric, exponent: Numeric): Numeric {
  if (typeof exponent === 'number' && Number.isInteger(exponent) && Math.abs(exponent) <= 200) {
    let result: Numeric = 1;
    for (let i = 0; i < Math.abs(exponent); i++) result = inRange(multiplyDecimals(result, base));
    return exponent < 0 ? divide(1, result) : result;
  }
  const result = Number(textOf(base)) ** Number(textOf(exponent));
  if (Number.isNaN(result)) throw powerFxError('This power has no real value.');
  return inRange(Math.abs(result) < 2 ** 96 ? numeric(result) : undefined);
}
