// Sorting the rows of a worksheet, range or table, as Excel sorts: numbers, texts, FALSE and TRUE, errors, and empty cells last.
import type { ActionArguments, ActionDefinition } from '../../action.ts';
import { toText } from '../../convert.ts';
import { Datatable } from '../../values.ts';
import { OfficeProblem } from '../office/problem.ts';
import { sortInTurns, Turns } from '../turns.ts';
import { tableArgument } from '../typed.ts';
import { workbookAction } from './action.ts';
import { type Area, areaName, columnName, columnNumber, overlaps } from './addresses.ts';
import { type Target, targets } from './arguments.ts';
import { CellError, type CellValue, type Content, FormulaCell, type Row } from './cells.ts';
import { requireUnlocked } from './edits.ts';
import { hasFilter } from './filtering.ts';
import { moveFormula, sourceText } from './formula/shift.ts';
import { compareTexts } from './formula/values.ts';
import type { ExcelSession } from './session.ts';
import type { Sheet } from './sheet.ts';

interface Key {
  readonly column: number;
  readonly descending: boolean;
}

/** The rules in a table of two columns: what to sort by, and `asc` or `desc`. */
function keysOf(args: ActionArguments, columnOf: (name: string) => number): Key[] {
  const table = args.has('SortParameters') ? tableArgument(args, 'SortParameters') : new Datatable([], []);
  const keys = table.rows.map((row): Key => {
    const direction = toText(row[1] ?? null)
      .trim()
      .toLowerCase();
    if (direction !== '' && !/^(?:asc|desc)(?:ending)?$/.test(direction)) {
      throw new OfficeProblem(`"${direction}" is no direction to sort in.`, 'Write asc or desc.');
    }
    return { column: columnOf(toText(row[0] ?? null).trim()), descending: direction.startsWith('desc') };
  });
  if (keys.length > 0) return keys;
  throw new OfficeProblem('There is no rule to sort by.', 'Give at least one column and its direction.');
}

const rank = (value: CellValue): number =>
  value === undefined
    ? 4
    : value instanceof CellError
      ? 3
      : typeof value === 'boolean'
        ? 2
        : typeof value === 'string'
          ? 1
          : 0;

function compare(left: CellValue, right: CellValue, descending: boolean): number {
  const [a, b] = [rank(left), rank(right)];
  // Empty cells come last in either direction.
  if (a === 4 || b === 4) return a - b;
  const order =
    a !== b
      ? a - b
      : typeof left === 'string' && typeof right === 'string'
        ? compareTexts(left, right)
        : a === 3
          ? 0
          : Number(left) - Number(right);
  return descending ? -order : order;
}

interface SortedRow {
  readonly index: number;
  readonly values: readonly CellValue[];
  readonly columns: readonly number[];
  readonly contents: readonly Content[];
  readonly styles: readonly number[];
  /** Texts of formulas at the row's old place. */
  readonly formulas: readonly (string | undefined)[];
}

/** So many rows are looked at before the run may stop. */
const slice = 5000;

/** Moves whole rows of `area` into order, with their formats; references within a row go with it. Rows a filter hides stay in place. */
async function sortArea(
  session: ExcelSession,
  sheet: Sheet,
  area: Area,
  keys: readonly Key[],
  signal: AbortSignal,
): Promise<void> {
  requireUnlocked(session, sheet, undefined);
  const merged = sheet.mergedAreas.find((one) => overlaps(one, area));
  if (merged !== undefined) {
    throw new OfficeProblem(
      `The range to sort holds the merged cells ${areaName(merged)}.`,
      'Unmerge them in Excel, or sort a range without them.',
    );
  }
  sheet.requireWholeArrays(area);
  if (sheet.arrays.some((one) => one.area !== undefined && overlaps(one.area, area))) {
    throw new OfficeProblem('A range with an array formula cannot be sorted.', 'Sort a range without it.');
  }
  const skipsHidden = hasFilter(sheet);
  const turns = new Turns(signal);
  const rows: SortedRow[] = [];
  for (let from = area.top; from <= area.bottom; from += slice) {
    const before = rows.length;
    await session.withValues(signal, (calculator) => {
      rows.length = before;
      for (let index = from; index <= Math.min(area.bottom, from + slice - 1); index++) {
        const row = sheet.rows.get(index);
        if (skipsHidden && row?.isHidden) continue;
        const values = keys.map(({ column }) => calculator.valueOf(sheet, index, column));
        rows.push({ ...cellsIn(row, area), index, values });
      }
    });
    await turns.next();
  }
  const places = rows.map(({ index }) => index);
  const sorted = await sortInTurns(
    rows,
    (a, b) => {
      for (const [at, { descending }] of keys.entries()) {
        const order = compare(a.values[at], b.values[at], descending);
        if (order !== 0) return order;
      }
      return 0;
    },
    signal,
  );
  for (const [at, source] of sorted.entries()) {
    if (turns.isOver) await turns.next();
    const index = places[at] as number;
    if (source.index === index) continue;
    putRow(sheet.rows.need(index), source, area);
  }
  sheet.formulasChanged();
  session.workbook.cellsChanged(sheet, area);
}

type RowCells = Pick<SortedRow, 'columns' | 'styles' | 'contents' | 'formulas'>;

const isWithin = (row: Row, { left, right }: Area): boolean =>
  row.columns.length === 0 || ((row.columns[0] as number) >= left && (row.columns.at(-1) as number) <= right);

/** The cells of a row that are in `area`. Rows that are in it as a whole go on sharing their columns and styles. */
function cellsIn(row: Row | undefined, area: Area): RowCells {
  if (row === undefined) return { columns: [], styles: [], contents: [], formulas: [] };
  const formulas = row.values.map((content, at) =>
    content instanceof FormulaCell
      ? sourceText(content.source, row.index, row.columns[at] as number)
      : undefined,
  );
  const all = { columns: row.columns, styles: row.styles, contents: row.values, formulas };
  if (isWithin(row, area)) return all;
  const places = row.columns.flatMap((column, at) =>
    column >= area.left && column <= area.right ? [at] : [],
  );
  const pick = <T>(list: readonly T[]) => places.map((at) => list[at] as T);
  return {
    columns: pick(all.columns),
    styles: pick(all.styles),
    contents: pick(all.contents),
    formulas: pick(all.formulas),
  };
}

/** Gives a row the cells of another in `area`. */
function putRow(target: Row, source: SortedRow, area: Area): void {
  const contents = source.contents.map((content, at): Content => {
    const text = source.formulas[at];
    if (!(content instanceof FormulaCell) || text === undefined) return content;
    const moved = moveFormula(text, target.index - source.index, 0);
    return content.copy({ text: moved, row: target.index, column: source.columns[at] as number });
  });
  if (isWithin(target, area)) {
    target.columns = source.columns;
    target.styles = source.styles;
    target.values = contents;
    return;
  }
  for (const column of target.columns.filter((one) => one >= area.left && one <= area.right))
    target.delete(column);
  for (const [at, column] of source.columns.entries())
    target.set(column, contents[at], source.styles[at] as number);
}

/** A column of the sheet, by letters, number or header text. */
const columnIn =
  (sheet: Sheet, area: Area, hasHeader: boolean) =>
  (name: string): number => {
    const header = hasHeader ? headerColumn(sheet, area, name) : undefined;
    const column = header ?? (/^\d+$/.test(name) ? Number(name) : columnNumber(name));
    if (column >= area.left && column <= area.right) return column;
    throw new OfficeProblem(
      column > 0
        ? `Column ${columnName(column)} is not within the range ${areaName(area)} to sort.`
        : `"${name}" is no column of the range ${areaName(area)}.`,
      'Give the letters or the number of a column of the range, or its header.',
    );
  };

function headerColumn(sheet: Sheet, area: Area, name: string): number | undefined {
  // Letters go before headers: "A" is column A also when another column has the header "a".
  if (/^\d+$/.test(name) || columnNumber(name) > 0) return undefined;
  for (let column = area.left; column <= area.right; column++) {
    const content = sheet.content(area.top, column);
    const text = typeof content === 'string' ? content : undefined;
    if (text?.trim().toLowerCase() === name.toLowerCase()) return column;
  }
  return undefined;
}

const sorting = (variant: string, target: Target): ActionDefinition =>
  workbookAction(
    `SortCellsFromExcel.${variant}`,
    'SortCellsInWorksheetError',
    async (args, session, signal) => {
      const { sheet, area } = await target(args, session, signal);
      const hasHeader = args.boolean('FirstRowIsHeader');
      const keys = keysOf(args, columnIn(sheet, area, hasHeader));
      const used = sheet.usedArea;
      // Whole columns end where the sheet does.
      const bottom = Math.min(area.bottom, used?.bottom ?? area.top);
      const body = { ...area, top: hasHeader ? area.top + 1 : area.top, bottom };
      if (body.bottom > body.top) await sortArea(session, sheet, body, keys, signal);
    },
  );

const sortingTable = workbookAction(
  'SortCellsFromExcel.SortTable',
  'SortCellsInWorksheetError',
  async (args, session, signal) => {
    const table = await session.tableNamed(args.text('TableName').trim(), signal);
    const sheet = table.sheetEntry.sheet as Sheet;
    const keys = keysOf(args, (name) => {
      const at = table.columns.findIndex((one) => one.toLowerCase() === name.toLowerCase());
      return at >= 0 ? table.area.left + at : columnIn(sheet, table.area, false)(name);
    });
    const body = {
      ...table.area,
      top: table.area.top + table.headerRows,
      bottom: table.area.bottom - table.totalRows,
    };
    if (body.bottom > body.top) await sortArea(session, sheet, body, keys, signal);
  },
);

export const sortingActions: readonly ActionDefinition[] = [
  sorting('SortWorksheet', targets.used),
  sorting('SortRangeCoordinates', targets.range),
  sorting('SortRangeNamedCell', targets.named('NamedCell')),
  sortingTable,
];
