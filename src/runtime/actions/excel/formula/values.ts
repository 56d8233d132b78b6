// What formulas compute with: values, tables of values and ranges of cells, and how Excel turns one into another.
import type { Area } from '../addresses.ts';
import { CellError, type CellValue } from '../cells.ts';
import { dateOf, numberOf } from '../entry.ts';
import type { Sheet } from '../sheet.ts';

/** Rows of values. Always at least one row and column; all rows are equally long. */
export class Matrix {
  readonly rows: readonly (readonly CellValue[])[];
  constructor(rows: readonly (readonly CellValue[])[]) {
    this.rows = rows;
  }
  get width(): number {
    return this.rows[0]?.length ?? 0;
  }
}

export class CellRange {
  readonly sheet: Sheet;
  readonly area: Area;
  constructor(sheet: Sheet, area: Area) {
    this.sheet = sheet;
    this.area = area;
  }
}

export type Operand = CellValue | Matrix | CellRange;

/** Why a formula cannot be computed here: the formula as a whole has no value, not even an error. */
export class NotComputable extends Error {
  override readonly name = 'NotComputable';
}

/** An error value on its way out of nested calls. */
export class ErrorResult extends Error {
  readonly value: CellError;
  constructor(value: CellError) {
    super(value.code);
    this.value = value;
  }
}

export const errors = {
  value: CellError.of('#VALUE!'),
  divide: CellError.of('#DIV/0!'),
  reference: CellError.of('#REF!'),
  name: CellError.of('#NAME?'),
  number: CellError.of('#NUM!'),
  notAvailable: CellError.of('#N/A'),
} as const;

export function fail(error: CellError): never {
  throw new ErrorResult(error);
}

/** A single value as a number. Text that spells one counts, `""` does not. Throws ErrorResult. */
export function asNumber(value: CellValue): number {
  if (typeof value === 'number') return value;
  if (value === undefined) return 0;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof CellError) return fail(value);
  return numberOf(value) ?? dateOf(value) ?? fail(errors.value);
}

/** Numbers as formulas turn them into text: up to 15 significant digits. */
export function asText(value: CellValue): string {
  if (typeof value === 'string') return value;
  if (value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  if (value instanceof CellError) return fail(value);
  return plainNumber(value);
}

export function plainNumber(value: number): string {
  if (value === 0) return '0';
  const absolute = Math.abs(value);
  const precise = Number(value.toPrecision(15));
  if (absolute < 1e21 && absolute >= 1e-9) {
    const text = String(precise);
    if (!text.includes('e')) return text;
    return precise.toFixed(20).replace(/\.?0+$/, '');
  }
  const [mantissa = '', power = ''] = precise.toExponential().split('e');
  return `${mantissa}E${power[0]}${power.slice(1).padStart(2, '0')}`;
}

export function asBoolean(value: CellValue): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0;
  if (value === undefined) return false;
  if (value instanceof CellError) return fail(value);
  if (/^true$/i.test(value)) return true;
  if (/^false$/i.test(value)) return false;
  return fail(errors.value);
}

const rank = (value: CellValue): number =>
  typeof value === 'number' ? 0 : typeof value === 'string' ? 1 : 2;

/** Order of two values as Excel sorts and compares them: numbers, texts in any letter case, then FALSE and TRUE. Empty equals 0, "" and FALSE. */
export function compareValues(left: CellValue, right: CellValue): number {
  if (left instanceof CellError) fail(left);
  if (right instanceof CellError) fail(right);
  const a = left ?? emptyLike(right);
  const b = right ?? emptyLike(left);
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b);
  return Math.sign(Number(a) - Number(b));
}

const collator = new Intl.Collator('en', { sensitivity: 'accent' });

export const compareTexts = (a: string, b: string): number => (a === b ? 0 : collator.compare(a, b));

function emptyLike(other: CellValue): CellValue {
  return typeof other === 'string' ? '' : typeof other === 'boolean' ? false : 0;
}

/** A pattern with `*`, `?` and `~` as Excel's criteria and searches use them; the whole text must match unless `anywhere`. */
export function wildcard(
  pattern: string,
  options: { readonly anywhere?: boolean; readonly matchCase?: boolean } = {},
): RegExp {
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] as string;
    if (character === '~' && /[*?~]/.test(pattern[at + 1] ?? '')) source += `\\${pattern[++at]}`;
    // Several stars in a row mean the same as one, and would make the search slow.
    else if (character === '*') source += source.endsWith('[\\s\\S]*?') ? '' : '[\\s\\S]*?';
    else if (character === '?') source += '[\\s\\S]';
    else source += character.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  }
  return new RegExp(
    options.anywhere === true ? source : `^${source}$`,
    options.matchCase === true ? 'u' : 'iu',
  );
}
