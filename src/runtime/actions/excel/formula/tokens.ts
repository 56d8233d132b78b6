// A formula as a sequence of tokens that, joined again, are the formula as it was written. Only what stands for cells is taken apart.
import { columnName, columnNumber, maxColumns, maxRows } from '../addresses.ts';

/** One end of a reference; undefined parts make whole rows or columns. */
export interface ReferenceEnd {
  readonly row: number | undefined;
  readonly column: number | undefined;
  readonly rowFixed: boolean;
  readonly columnFixed: boolean;
}

export interface ReferenceToken {
  readonly kind: 'reference';
  readonly text: string;
  /** The worksheet named in front, undefined for the one the formula is on. */
  readonly sheet: string | undefined;
  /** Set for `First:Last!A1`, a range over several sheets. */
  readonly lastSheet: string | undefined;
  /** `[1]Sheet1!A1`: cells of another file. */
  readonly isExternal: boolean;
  readonly from: ReferenceEnd;
  /** Undefined for a single cell. */
  readonly to: ReferenceEnd | undefined;
}

export interface OtherToken {
  readonly kind: 'number' | 'text' | 'error' | 'function' | 'name' | 'operator' | 'space' | 'table';
  readonly text: string;
}

export type FormulaToken = ReferenceToken | OtherToken;

/** The text is no formula. */
export class FormulaError extends Error {
  override readonly name = 'FormulaError';
}

const sheetPart =
  /(?:'((?:[^']|'')+)'|((?:\[[^\]]+\])?[\p{L}_\\][\p{L}\p{N}_.\\]*(?::[\p{L}_\\][\p{L}\p{N}_.\\]*)?|\[\d+\]))!/uy;
const cellPart = /(\$?)([A-Za-z]{1,3})(\$?)(\d{1,7})(?![\p{L}\p{N}_.(])/uy;
const columnsPart = /(\$?)([A-Za-z]{1,3}):(\$?)([A-Za-z]{1,3})(?![\p{L}\p{N}_.(])/uy;
const rowsPart = /(\$?)(\d{1,7}):(\$?)(\d{1,7})(?![\p{L}\p{N}_.])/uy;
const numberPart = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const errorPart =
  /#(?:REF!|DIV\/0!|N\/A|NAME\?|NULL!|NUM!|VALUE!|SPILL!|CALC!|GETTING_DATA|FIELD!|BLOCKED!|CONNECT!|UNKNOWN!)/iy;
const functionPart = /[\p{L}_\\][\p{L}\p{N}_.\\]*(?=\()/uy;
const namePart = /[\p{L}_\\][\p{L}\p{N}_.\\?]*/uy;

/** Splits a formula, without its `=`. Throws a FormulaError where it cannot be understood. */
export function tokenize(formula: string): FormulaToken[] {
  const tokens: FormulaToken[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(formula);
  };
  const push = (kind: OtherToken['kind'], text: string) => {
    tokens.push({ kind, text });
    at += text.length;
  };
  while (at < formula.length) {
    const character = formula[at] as string;
    if (character === '"') {
      let end = at + 1;
      for (;;) {
        end = formula.indexOf('"', end);
        if (end < 0) throw new FormulaError('a text is never closed');
        if (formula[end + 1] !== '"') break;
        end += 2;
      }
      push('text', formula.slice(at, end + 1));
      continue;
    }
    if (/\s/.test(character)) {
      push('space', /^\s+/.exec(formula.slice(at))?.[0] as string);
      continue;
    }
    const start = at;
    const sheets = match(sheetPart);
    if (sheets !== null) at += sheets[0].length;
    const reference = readReference(formula, match);
    if (reference !== undefined) {
      const text = formula.slice(start, at + reference.length);
      tokens.push({ kind: 'reference', text, ...sheetNames(sheets), from: reference.from, to: reference.to });
      at = start + text.length;
      continue;
    }
    if (sheets !== null) {
      // `Sheet1!Name`, or `Sheet1!#REF!`: a name, or nothing any more.
      const rest = match(errorPart) ?? match(namePart);
      if (rest === null) throw new FormulaError(`nothing follows ${sheets[0]}`);
      const text = formula.slice(start, at + rest[0].length);
      at = start;
      push(rest[0].startsWith('#') ? 'error' : 'name', text);
      continue;
    }
    const error = match(errorPart);
    if (error !== null) {
      push('error', error[0]);
      continue;
    }
    const number = match(numberPart);
    if (number !== null) {
      push('number', number[0]);
      continue;
    }
    const called = match(functionPart);
    if (called !== null) {
      push('function', called[0]);
      continue;
    }
    const name = match(namePart);
    if (name !== null) {
      const isTable = formula[at + name[0].length] === '[';
      push(isTable ? 'table' : 'name', isTable ? name[0] + brackets(formula, at + name[0].length) : name[0]);
      continue;
    }
    if (character === '[') {
      push('table', brackets(formula, at));
      continue;
    }
    const operator = ['<>', '<=', '>='].find((one) => formula.startsWith(one, at)) ?? character;
    if (!'+-*/^&=<>%(),;:{}@#!'.includes(operator[0] as string))
      throw new FormulaError(`"${character}" means nothing here`);
    push('operator', operator);
  }
  return tokens;
}

/** `[…]` with what is nested in it. */
function brackets(formula: string, from: number): string {
  let depth = 0;
  for (let at = from; at < formula.length; at++) {
    const character = formula[at];
    if (character === "'") at++;
    else if (character === '[') depth++;
    else if (character === ']' && --depth === 0) return formula.slice(from, at + 1);
  }
  throw new FormulaError('a bracket is never closed');
}

function readReference(
  formula: string,
  match: (pattern: RegExp) => RegExpExecArray | null,
):
  | { readonly from: ReferenceEnd; readonly to: ReferenceEnd | undefined; readonly length: number }
  | undefined {
  const first = match(cellPart);
  if (first !== null) {
    const from = cellEnd(first);
    if (from === undefined) return undefined;
    const end = cellPart.lastIndex;
    if (formula[end] === ':') {
      cellPart.lastIndex = end + 1;
      const second = cellPart.exec(formula);
      const to = second === null ? undefined : cellEnd(second);
      if (second !== null && to !== undefined)
        return { from, to, length: first[0].length + 1 + second[0].length };
    }
    return { from, to: undefined, length: first[0].length };
  }
  const columns = match(columnsPart);
  if (columns !== null) {
    const [left, right] = [columnNumber(columns[2] as string), columnNumber(columns[4] as string)];
    if (left > 0 && right > 0) {
      return {
        from: { row: undefined, column: left, rowFixed: false, columnFixed: columns[1] !== '' },
        to: { row: undefined, column: right, rowFixed: false, columnFixed: columns[3] !== '' },
        length: columns[0].length,
      };
    }
  }
  const rows = match(rowsPart);
  if (rows !== null) {
    const [top, bottom] = [Number(rows[2]), Number(rows[4])];
    if (top >= 1 && bottom >= 1 && top <= maxRows && bottom <= maxRows) {
      return {
        from: { row: top, column: undefined, rowFixed: rows[1] !== '', columnFixed: false },
        to: { row: bottom, column: undefined, rowFixed: rows[3] !== '', columnFixed: false },
        length: rows[0].length,
      };
    }
  }
  return undefined;
}

function cellEnd(match: RegExpExecArray): ReferenceEnd | undefined {
  const [, columnFixed, letters, rowFixed, digits] = match;
  const column = columnNumber(letters as string);
  const row = Number(digits);
  if (column === 0 || row === 0 || row > maxRows) return undefined;
  return { row, column, rowFixed: rowFixed !== '', columnFixed: columnFixed !== '' };
}

function sheetNames(
  match: RegExpExecArray | null,
): Pick<ReferenceToken, 'sheet' | 'lastSheet' | 'isExternal'> {
  if (match === null) return { sheet: undefined, lastSheet: undefined, isExternal: false };
  const written = match[1]?.replaceAll("''", "'") ?? (match[2] as string);
  const isExternal = written.includes('[');
  const colon = isExternal ? -1 : written.indexOf(':');
  return colon < 0
    ? { sheet: written, lastSheet: undefined, isExternal }
    : { sheet: written.slice(0, colon), lastSheet: written.slice(colon + 1), isExternal };
}

/** A reference as formulas write it. */
export function referenceText(
  sheet: string | undefined,
  lastSheet: string | undefined,
  from: ReferenceEnd,
  to: ReferenceEnd | undefined,
): string {
  const range = to === undefined ? endText(from) : `${endText(from)}:${endText(to)}`;
  if (sheet === undefined) return range;
  return `${sheetText(lastSheet === undefined ? sheet : `${sheet}:${lastSheet}`)}!${range}`;
}

function endText({ row, column, rowFixed, columnFixed }: ReferenceEnd): string {
  const letters = column === undefined ? '' : (columnFixed ? '$' : '') + columnName(column);
  return letters + (row === undefined ? '' : `${rowFixed ? '$' : ''}${row}`);
}

/** A worksheet's name in front of `!`: in quotes when it could be read as something else. */
export function sheetText(name: string): string {
  const plain = /^[\p{L}_][\p{L}\p{N}_.]*$/u.test(name);
  // A name such as `AB12` or `R1C1` would be read as a cell.
  const likeCell = /^[a-z]{1,3}\d+$/i.test(name) || /^r\d*(c\d*)?$/i.test(name) || /^c\d*$/i.test(name);
  return plain && !likeCell && !/^(?:true|false)$/i.test(name) ? name : `'${name.replaceAll("'", "''")}'`;
}

/** True when both ends stay on a worksheet. */
export const isOnSheet = (end: ReferenceEnd): boolean =>
  (end.row === undefined || (end.row >= 1 && end.row <= maxRows)) &&
  (end.column === undefined || (end.column >= 1 && end.column <= maxColumns));
