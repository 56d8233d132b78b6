// Cells and ranges by their names: `A1`, `$B$2:D9`, `C:E`, `3:4`. Rows and columns count from 1.
import { OfficeProblem } from '../office/problem.ts';

/** The size of a worksheet in every current file format. */
export const maxRows = 1_048_576;
export const maxColumns = 16_384;

/** A rectangle of cells, its borders included. */
export interface Area {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

export function cellArea(row: number, column: number): Area {
  return { top: row, left: column, bottom: row, right: column };
}

/** The rectangle between two opposite corners in any order. */
export function areaBetween(row: number, column: number, otherRow: number, otherColumn: number): Area {
  return {
    top: Math.min(row, otherRow),
    left: Math.min(column, otherColumn),
    bottom: Math.max(row, otherRow),
    right: Math.max(column, otherColumn),
  };
}

export const isSingleCell = (area: Area): boolean => area.top === area.bottom && area.left === area.right;

export const contains = (area: Area, row: number, column: number): boolean =>
  row >= area.top && row <= area.bottom && column >= area.left && column <= area.right;

export const overlaps = (a: Area, b: Area): boolean =>
  a.top <= b.bottom && b.top <= a.bottom && a.left <= b.right && b.left <= a.right;

export const isSameArea = (a: Area, b: Area): boolean =>
  a.top === b.top && a.left === b.left && a.bottom === b.bottom && a.right === b.right;

const names: string[] = [];

/** The letters of a column: 1 is `A`, 28 is `AB`. */
export function columnName(column: number): string {
  let name = names[column];
  if (name === undefined) {
    name = '';
    for (let rest = column; rest > 0; rest = Math.floor((rest - 1) / 26)) {
      name = String.fromCharCode(65 + ((rest - 1) % 26)) + name;
    }
    if (column <= maxColumns) names[column] = name;
  }
  return name;
}

/** The number of a column given by letters in any case; 0 when it is none. */
export function columnNumber(letters: string): number {
  if (!/^[a-z]{1,3}$/i.test(letters)) return 0;
  let number = 0;
  for (const letter of letters.toUpperCase()) number = number * 26 + letter.charCodeAt(0) - 64;
  return number <= maxColumns ? number : 0;
}

export const cellName = (row: number, column: number): string => `${columnName(column)}${row}`;

/** As files write it: `B2`, or `B2:C9`. */
export function areaName(area: Area): string {
  const first = cellName(area.top, area.left);
  return isSingleCell(area) ? first : `${first}:${cellName(area.bottom, area.right)}`;
}

const areaPattern = /^\$?([a-z]{1,3})?\$?(\d{1,7})?(?::\$?([a-z]{1,3})?\$?(\d{1,7})?)?$/i;

/** The range a text names (`B2`, `$B$2:C9`, `A:C`, `2:5`), undefined when it is none. */
export function parseArea(text: string): Area | undefined {
  const match = areaPattern.exec(text.trim());
  if (match === null) return undefined;
  const [, fromColumn, fromRow, toColumn, toRow] = match;
  const isRange = text.includes(':');
  if (!isRange && (fromColumn === undefined || fromRow === undefined)) return undefined;
  if (
    isRange &&
    ((fromColumn === undefined) !== (toColumn === undefined) ||
      (fromRow === undefined) !== (toRow === undefined))
  )
    return undefined;
  if (fromColumn === undefined && fromRow === undefined) return undefined;
  const column = (letters: string | undefined, otherwise: number) =>
    letters === undefined ? otherwise : columnNumber(letters);
  const row = (digits: string | undefined, otherwise: number) =>
    digits === undefined ? otherwise : Number(digits);
  const area = areaBetween(
    row(fromRow, 1),
    column(fromColumn, 1),
    row(isRange ? toRow : fromRow, maxRows),
    column(isRange ? toColumn : fromColumn, maxColumns),
  );
  return area.top >= 1 && area.left >= 1 && area.bottom <= maxRows ? area : undefined;
}

/** Throws an OfficeProblem when the cells are not all on a worksheet. */
export function requireOnSheet(area: Area): void {
  if (area.top >= 1 && area.left >= 1 && area.bottom <= maxRows && area.right <= maxColumns) return;
  throw new OfficeProblem(
    `Row ${area.top < 1 ? area.top : area.bottom}, column ${area.left < 1 ? area.left : area.right} is outside a worksheet, which has ${maxRows} rows and ${maxColumns} columns, both counted from 1.`,
    'Check how row and column are computed.',
  );
}
