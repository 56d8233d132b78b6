// Changing cells: single values, blocks of rows, clearing. What is entered as text is understood as Excel understands it.
import { toText } from '../../convert.ts';
import { nearest } from '../../dotnet/decimal.ts';
import { CustomObject, Datarow, Datatable, FlowDatetime, FlowDecimal, type Value } from '../../values.ts';
import { OfficeProblem } from '../office/problem.ts';
import { Turns } from '../turns.ts';
import { type Area, cellName, maxColumns, maxRows, requireOnSheet } from './addresses.ts';
import { type Content, FormulaCell, isSame, type Row } from './cells.ts';
import { datetimeToSerial } from './dates.ts';
import { enteredContent } from './entered.ts';
import type { ExcelSession } from './session.ts';
import type { Sheet } from './sheet.ts';

/** Excel's limit for the text of one cell. */
const maxTextLength = 32_767;

/** Throws an OfficeProblem when a protected sheet keeps cells of the area from being changed. */
export function requireUnlocked(session: ExcelSession, sheet: Sheet, area: Area | undefined): void {
  const protection = sheet.root.child('sheetProtection');
  if (protection === undefined || !/^(?:1|true)$/.test(protection.get('sheet') ?? '')) return;
  const locked =
    area === undefined
      ? 'rows, columns, filters and sizes cannot be changed'
      : lockedCell(session, sheet, area);
  if (locked === undefined) return;
  throw new OfficeProblem(
    `The worksheet "${sheet.name}" is protected: ${locked}.`,
    'Take the protection off in Excel (Review > Unprotect Sheet).',
  );
}

/** Stops at the first locked cell, which nearly always is the first of all. */
function lockedCell(session: ExcelSession, sheet: Sheet, area: Area): string | undefined {
  // All rows behind the last one are alike, and all columns behind the last one that has cells or a format.
  const [rows, columns] = sheet.extent;
  const bottom = Math.max(area.top, Math.min(area.bottom, rows + 1));
  const right = Math.max(area.left, Math.min(area.right, columns + 1));
  for (let row = area.top; row <= bottom; row++) {
    for (let column = area.left; column <= right; column++) {
      if (session.workbook.styles.isLocked(sheet.style(row, column)))
        return `the cell ${cellName(row, column)} is locked`;
    }
  }
  return undefined;
}

/** What a value becomes in a cell of the given style, and the style the cell then has. */
function contentOf(
  value: Value,
  session: ExcelSession,
  style: number,
  row: number,
  column: number,
): readonly [Content, number] {
  const { workbook } = session;
  if (value === null) return [undefined, style];
  // A cell holds 15 digits.
  if (value instanceof FlowDecimal) return [nearest(value), style];
  if (typeof value === 'number') {
    if (!Number.isFinite(value))
      throw new OfficeProblem(
        'An infinite number cannot be written into a cell.',
        'Check how the number is computed.',
      );
    return [value === 0 ? 0 : value, style];
  }
  if (typeof value === 'boolean') return [value, style];
  if (value instanceof FlowDatetime) {
    const serial = datetimeToSerial(value, workbook.date1904);
    if (serial === undefined) return [toText(value), style];
    if (workbook.styles.isDate(style)) return [serial, style];
    return [serial, workbook.styles.withFormat(style, Number.isInteger(serial) ? 14 : 22)];
  }
  const text = typeof value === 'string' ? value : toText(value);
  if (text.length > maxTextLength && !text.startsWith('=')) {
    throw new OfficeProblem(
      `A text of ${text.length} characters does not fit into ${cellName(row, column)}; a cell holds ${maxTextLength}.`,
      'Split the text over several cells.',
    );
  }
  return enteredContent(text, workbook, style, row, column);
}

/** The rows a value fills: a table all its rows, a row or list of lists likewise, a list one cell per row, anything else one cell. */
function rowsOf(value: Value): readonly (readonly Value[])[] {
  if (value instanceof Datatable) return value.rows;
  if (value instanceof Datarow) return [value.cells];
  if (!Array.isArray(value)) return [[value]];
  return value.map((item) => (item instanceof Datarow ? item.cells : Array.isArray(item) ? item : [item]));
}

/**
 * Writes a value with its first cell at `row`, `column`; returns the area it filled. Nothing is written when it does not fit on the
 * sheet, or when the cells cannot be changed. Throws an OfficeProblem or the signal's reason.
 */
export async function writeValue(
  session: ExcelSession,
  sheet: Sheet,
  row: number,
  column: number,
  value: Value,
  signal: AbortSignal,
): Promise<Area | undefined> {
  const rows = rowsOf(value instanceof CustomObject ? toText(value) : value);
  let width = 0;
  for (const cells of rows) width = Math.max(width, cells.length);
  if (rows.length === 0 || width === 0) return undefined;
  const area = { top: row, left: column, bottom: row + rows.length - 1, right: column + width - 1 };
  if (area.bottom > maxRows || area.right > maxColumns) {
    throw new OfficeProblem(
      `${rows.length} rows and ${width} columns do not fit on the worksheet from ${cellName(row, column)} on; it has ${maxRows} rows and ${maxColumns} columns.`,
      'Write fewer rows, or spread them over several worksheets.',
    );
  }
  requireOnSheet(area);
  requireUnlocked(session, sheet, area);
  sheet.requireWholeArrays(area);
  const block: Block = {
    session,
    sheet,
    column,
    columnStyles: Array.from({ length: width }, (_, offset) => sheet.columnStyle(column + offset)),
    layout: [[], []],
  };
  const turns = new Turns(signal);
  for (const [at, cells] of rows.entries()) {
    writeRow(block, row + at, cells);
    if (turns.isOver) await turns.next();
  }
  session.workbook.cellsChanged(sheet, area);
  return area;
}

/** What the rows of one write have in common. */
interface Block {
  readonly session: ExcelSession;
  readonly sheet: Sheet;
  /** The first one. */
  readonly column: number;
  /** Styles of whole columns, from the first on. */
  readonly columnStyles: readonly number[];
  /** Columns and styles of the last new row: the next one mostly has the same and shares them. */
  layout: readonly [columns: readonly number[], styles: readonly number[]];
}

function writeRow(block: Block, index: number, cells: readonly Value[]): void {
  const { session, sheet, column } = block;
  const existing = sheet.rows.get(index);
  if (existing !== undefined && existing.columns.length > 0) {
    for (const [offset, value] of cells.entries()) {
      const at = column + offset;
      const [content, style] = contentOf(value, session, sheet.style(index, at), index, at);
      // An empty cell that was empty before and has no format need not exist.
      if (content === undefined && style === 0 && existing.find(at) < 0) continue;
      sheet.set(index, at, content, style);
    }
    return;
  }
  // A row without cells, as most of a large table are: built at once.
  const columns: number[] = [];
  const styles: number[] = [];
  const values: Content[] = [];
  let hasFormulas = false;
  const rowStyle = existing?.ownStyle ?? 0;
  for (let offset = 0; offset < cells.length; offset++) {
    const at = column + offset;
    const before = rowStyle || (block.columnStyles[offset] as number);
    const [content, style] = contentOf(cells[offset] as Value, session, before, index, at);
    if (content === undefined && style === 0) continue;
    if (content instanceof FormulaCell) hasFormulas = true;
    columns.push(at);
    styles.push(style);
    values.push(content);
  }
  if (columns.length === 0) return;
  const target: Row = existing ?? sheet.rows.need(index);
  if (!isSame(columns, block.layout[0]) || !isSame(styles, block.layout[1])) block.layout = [columns, styles];
  [target.columns, target.styles] = block.layout;
  // A copy is no longer than its cells; a list that grows keeps room for more.
  target.values = values.slice();
  if (hasFormulas) sheet.formulasChanged();
  sheet.changed = true;
}

/** Takes contents out of an area, with their formats when `formats`. Throws an OfficeProblem or the signal's reason. */
export async function clearArea(
  session: ExcelSession,
  sheet: Sheet,
  area: Area,
  formats: boolean,
  signal: AbortSignal,
): Promise<void> {
  requireUnlocked(session, sheet, area);
  sheet.requireWholeArrays(area);
  const turns = new Turns(signal);
  for (const row of sheet.rows.between(area.top, area.bottom)) {
    if (turns.isOver) await turns.next();
    for (const column of [...row.columns]) {
      if (column < area.left || column > area.right) continue;
      if (row.value(column) instanceof FormulaCell) sheet.formulasChanged();
      if (formats) row.delete(column);
      else row.set(column, undefined, row.style(column) ?? 0);
    }
  }
  session.workbook.cellsChanged(sheet, area);
}
