// How the references in a formula change: when the formula moves, when rows and columns come and go, when a worksheet is renamed
// or deleted. All else in the formula stays as it was written.
import { type Area, maxColumns, maxRows } from '../addresses.ts';
import type { SharedFormula } from '../cells.ts';
import {
  FormulaError,
  type FormulaToken,
  isOnSheet,
  type ReferenceEnd,
  type ReferenceToken,
  referenceText,
  tokenize,
} from './tokens.ts';

/**
 * Rows or columns that were put in or taken out in front of `at`. With `across`, only cells within these columns (for rows) or rows
 * (for columns) moved.
 */
export interface SheetEdit {
  readonly axis: 'row' | 'column';
  readonly kind: 'insert' | 'delete';
  readonly at: number;
  readonly count: number;
  readonly across?: readonly [first: number, last: number];
}

/** `formula` with every part replaced by what `change` makes of it; as it was when it cannot be understood. */
function rewriteParts(formula: string, change: (token: FormulaToken) => string): string {
  let tokens: FormulaToken[];
  try {
    tokens = tokenize(formula);
  } catch (error) {
    if (error instanceof FormulaError) return formula;
    throw error;
  }
  return tokens.map(change).join('');
}

/** The same for its references alone. */
const rewrite = (formula: string, change: (token: ReferenceToken) => string): string =>
  rewriteParts(formula, (token) => (token.kind === 'reference' ? change(token) : token.text));

/** A formula as it reads after it was filled or copied by so many rows and columns. */
export function moveFormula(formula: string, rows: number, columns: number): string {
  if (rows === 0 && columns === 0) return formula;
  return rewrite(formula, (token) => {
    if (token.isExternal) return token.text;
    const from = moveEnd(token.from, rows, columns);
    const to = token.to && moveEnd(token.to, rows, columns);
    if (!isOnSheet(from) || (to !== undefined && !isOnSheet(to))) return '#REF!';
    return referenceText(token.sheet, token.lastSheet, from, to);
  });
}

/** One end of a reference, moved where it is not fixed. */
export function moveEnd(end: ReferenceEnd, rows: number, columns: number): ReferenceEnd {
  return {
    ...end,
    row: end.row === undefined || end.rowFixed ? end.row : end.row + rows,
    column: end.column === undefined || end.columnFixed ? end.column : end.column + columns,
  };
}

/** The text of a formula at one of the cells that share it. */
export const sourceText = (source: SharedFormula, row: number, column: number): string =>
  moveFormula(source.text, row - source.row, column - source.column);

/**
 * A formula on `home` after an edit of the sheet `edited`. `resized` is called when a range gets more or fewer cells than it had,
 * so that the result may differ.
 */
export function shiftFormula(
  formula: string,
  home: string,
  edited: string,
  edit: SheetEdit,
  resized: () => void = () => {},
): string {
  const name = edited.toLowerCase();
  if (home.toLowerCase() !== name && !formula.includes('!')) return formula;
  return rewrite(formula, (token) => {
    const sheet = token.sheet ?? home;
    if (token.isExternal || token.lastSheet !== undefined || sheet.toLowerCase() !== name) return token.text;
    const area = areaOf(token);
    const moved = shiftArea(area, edit);
    if (moved === undefined || !isSameSize(area, moved)) resized();
    if (moved === undefined)
      return token.sheet === undefined
        ? '#REF!'
        : `${token.text.slice(0, token.text.lastIndexOf('!'))}!#REF!`;
    if (moved === area) return token.text;
    return referenceText(token.sheet, undefined, ...endsOf(token, moved));
  });
}

/** The cells a reference stands for. */
export function areaOf({ from, to }: Pick<ReferenceToken, 'from' | 'to'>): Area {
  const end = to ?? from;
  const rows = [from.row ?? 1, end.row ?? maxRows];
  const columns = [from.column ?? 1, end.column ?? maxColumns];
  return {
    top: Math.min(...rows),
    bottom: Math.max(...rows),
    left: Math.min(...columns),
    right: Math.max(...columns),
  };
}

const isSameSize = (a: Area, b: Area): boolean =>
  a.bottom - a.top === b.bottom - b.top && a.right - a.left === b.right - b.left;

function endsOf({ from, to }: ReferenceToken, area: Area): [ReferenceEnd, ReferenceEnd | undefined] {
  const rowOf = (end: ReferenceEnd, row: number) => (end.row === undefined ? undefined : row);
  const columnOf = (end: ReferenceEnd, column: number) => (end.column === undefined ? undefined : column);
  const first = { ...from, row: rowOf(from, area.top), column: columnOf(from, area.left) };
  return [first, to && { ...to, row: rowOf(to, area.bottom), column: columnOf(to, area.right) }];
}

/** Where the cells of an area are after an edit: undefined when all of them are gone, the same object when nothing changed. */
export function shiftArea(area: Area, edit: SheetEdit): Area | undefined {
  const isRow = edit.axis === 'row';
  if (edit.across !== undefined) {
    const [first, last] = edit.across;
    // A range that only partly lies in the moved stripe stays where it is, as Excel leaves it.
    if ((isRow ? area.left : area.top) < first || (isRow ? area.right : area.bottom) > last) return area;
  }
  const limit = isRow ? maxRows : maxColumns;
  let [start, end] = isRow ? [area.top, area.bottom] : [area.left, area.right];
  // Whole columns have all rows, whatever is put in or taken out.
  if (start === 1 && end === limit) return area;
  const { at, count } = edit;
  if (edit.kind === 'insert') {
    if (end < at) return area;
    if (start >= at) start += count;
    end = Math.min(end + count, limit);
    if (start > limit) return undefined;
  } else {
    if (end < at) return area;
    if (start >= at && end < at + count) return undefined;
    if (start >= at + count) start -= count;
    else if (start > at) start = at;
    end = end >= at + count ? end - count : at - 1;
  }
  return isRow ? { ...area, top: start, bottom: end } : { ...area, left: start, right: end };
}

/** A formula after a worksheet got another name; `undefined` = it was deleted. */
export function renameInFormula(formula: string, name: string, newName: string | undefined): string {
  // Sheet names are rare in formulas, and taking a formula apart is not free.
  if (!formula.includes('!')) return formula;
  const wanted = name.toLowerCase();
  return rewriteParts(formula, (token) => {
    if (token.kind === 'reference') {
      const isFirst = token.sheet?.toLowerCase() === wanted;
      const isLast = token.lastSheet?.toLowerCase() === wanted;
      if (token.isExternal || (!isFirst && !isLast)) return token.text;
      if (newName === undefined) return '#REF!';
      return referenceText(
        isFirst ? newName : token.sheet,
        isLast ? newName : token.lastSheet,
        token.from,
        token.to,
      );
    }
    if ((token.kind === 'name' || token.kind === 'error') && token.text.includes('!')) {
      const at = token.text.lastIndexOf('!', token.text.length - 2);
      const sheet = token.text.slice(0, at).replace(/^'|'$/g, '').replaceAll("''", "'");
      if (sheet.toLowerCase() !== wanted) return token.text;
      if (newName === undefined) return '#REF!';
      return `'${newName.replaceAll("'", "''")}'${token.text.slice(at)}`;
    }
    return token.text;
  });
}
