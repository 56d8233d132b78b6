// Reading: values of cells and ranges, formulas, first free rows and columns, empty cells, lookups.
import type { ActionArguments, ActionDefinition } from '../../action.ts';
import { toText } from '../../convert.ts';
import { nearest } from '../../dotnet/decimal.ts';
import { Datatable, FlowDatetime, FlowDecimal, type Value } from '../../values.ts';
import { OfficeProblem } from '../office/problem.ts';
import { Turns } from '../turns.ts';
import { workbookAction } from './action.ts';
import { columnName, requireOnSheet } from './addresses.ts';
import { columnArgument, namedArgument, rangeArgument, type Target, targets } from './arguments.ts';
import { CellError, type CellValue, FormulaCell } from './cells.ts';
import { datetimeToSerial, serialToDatetime } from './dates.ts';
import { type Calculator, plainName } from './formula/calculator.ts';
import { sourceText } from './formula/shift.ts';
import { tokenize } from './formula/tokens.ts';
import type { CellRange } from './formula/values.ts';
import type { ExcelSession } from './session.ts';
import type { Sheet } from './sheet.ts';

const readError = 'ReadCellValuesError';

/** A table of more cells than this does not fit into the memory of a run. */
const maxTableCells = 50_000_000;

/** So many cells are read before the run may stop again. */
const sliceCells = 50_000;

/** `TypedValues`, `PlainText`, `FormattedTextValues`; older flows say with "as text" that they want plain text. */
function modeOf(args: ActionArguments): string {
  return args.has('ReadAsText') && !args.has('GetCellContentsMode')
    ? args.boolean('ReadAsText')
      ? 'PlainText'
      : 'TypedValues'
    : args.member('GetCellContentsMode');
}

/** A cell as a flow sees it: numbers under a date format are datetimes, empty cells blank, errors their code as text. */
function flowValue(
  session: ExcelSession,
  sheet: Sheet,
  row: number,
  column: number,
  value: CellValue,
): Value {
  if (value === undefined) return null;
  if (value instanceof CellError) return value.code;
  if (typeof value !== 'number') return value;
  const { styles, date1904 } = session.workbook;
  if (!styles.isDate(sheet.style(row, column))) return value;
  // Dates outside of the calendar stay the numbers they are.
  return value >= 0 && value < 2_958_466 ? serialToDatetime(value, date1904) : value;
}

function read(
  session: ExcelSession,
  calculator: Calculator,
  sheet: Sheet,
  row: number,
  column: number,
  mode: string,
): Value {
  const value = calculator.valueOf(sheet, row, column);
  if (mode === 'FormattedTextValues') return session.shownText(sheet, row, column, value);
  const typed = flowValue(session, sheet, row, column, value);
  return mode === 'PlainText' ? toText(typed) : typed;
}

async function readTable(
  session: ExcelSession,
  { sheet, area }: CellRange,
  mode: string,
  namesFirst: boolean,
  signal: AbortSignal,
): Promise<Datatable> {
  requireOnSheet(area);
  const width = area.right - area.left + 1;
  if (width * (area.bottom - area.top + 1) > maxTableCells) {
    throw new OfficeProblem(
      `The range has ${width * (area.bottom - area.top + 1)} cells, more than the ${maxTableCells} a data table can hold.`,
      'Read only the rows and columns the flow needs; "Get first free column/row" tells where the data ends.',
    );
  }
  const rows: Value[][] = [];
  let row = area.top;
  // In slices, so that the run can be stopped while a large sheet is read.
  const slice = Math.max(1, Math.floor(sliceCells / width));
  while (row <= area.bottom) {
    const from = row;
    const last = Math.min(area.bottom, row + slice - 1);
    await session.withValues(signal, (calculator) => {
      rows.length = from - area.top;
      for (row = from; row <= last; row++) {
        const found = sheet.rows.get(row);
        // A list that grows would keep room for more.
        const cells: Value[] = new Array(width);
        for (let column = area.left; column <= area.right; column++) {
          const isEmpty =
            sheet.arrays.length === 0 && (found === undefined || found.value(column) === undefined);
          cells[column - area.left] = isEmpty
            ? mode === 'TypedValues'
              ? null
              : ''
            : read(session, calculator, sheet, row, column, mode);
        }
        rows.push(cells);
      }
    });
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }
  const header = namesFirst ? rows.shift() : undefined;
  return new Datatable(columnNames(header, width), rows);
}

/** Without a name a column is called `Column1`, `Column2` … Throws an OfficeProblem when two have the same name. */
function columnNames(header: readonly Value[] | undefined, width: number): string[] {
  const names = Array.from(
    { length: width },
    (_, index) => toText(header?.[index] ?? null).trim() || `Column${index + 1}`,
  );
  const seen = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    const first = seen.get(name.toLowerCase());
    if (first !== undefined) {
      throw new OfficeProblem(
        `Two columns of the range are called "${name}" (columns ${first + 1} and ${index + 1} of the range).`,
        'Give every column its own name, or read without "First line of range contains column names".',
      );
    }
    seen.set(name.toLowerCase(), index);
  }
  return names;
}

function readingTable(variant: string, target: Target): ActionDefinition {
  return workbookAction(`ReadFromExcel.${variant}`, readError, async (args, session, signal) => {
    const range = await target(args, session, signal);
    return {
      RangeValue: await readTable(session, range, modeOf(args), args.boolean('FirstLineIsHeader'), signal),
    };
  });
}

/** Rows and columns at the end of a table that hold nothing. */
function trimmed(table: Datatable): Datatable {
  const isEmpty = (value: Value | undefined) => value === null || value === '' || value === undefined;
  let height = table.rows.length;
  while (height > 0 && table.rows[height - 1]?.every(isEmpty)) height--;
  let width = table.columns.length;
  while (width > 0 && table.rows.every((row) => isEmpty(row[width - 1]))) width--;
  return new Datatable(
    table.columns.slice(0, width),
    table.rows.slice(0, height).map((row) => row.slice(0, width)),
  );
}

// ── Formulas ────────────────────────────────────────────────────────────────────────────────────────────────────

/** The formula as a person sees it, or the content of a cell that has none; empty for an empty cell. */
function formulaText({ sheet, area }: CellRange): string {
  const content = sheet.content(area.top, area.left);
  if (!(content instanceof FormulaCell)) {
    if (content === undefined) return '';
    return typeof content === 'object'
      ? content instanceof CellError
        ? content.code
        : content.text
      : toText(content);
  }
  const text = sourceText(content.source, area.top, area.left);
  const shown = tokenize(text)
    .map((token) => (token.kind === 'function' ? plainName(token.text) : token.text))
    .join('');
  return `=${shown}`;
}

// ── Free and empty cells ────────────────────────────────────────────────────────────────────────────────────────

/** True when a cell holds nothing at all; a formula that gives an empty text holds something. */
const isEmptyCell = (sheet: Sheet, row: number, column: number): boolean =>
  sheet.content(row, column) === undefined;

type Order = 'Rows' | 'Columns';

/** The empty cells of a range in an order. Throws the signal's reason. */
async function* emptyCells(
  { sheet, area }: CellRange,
  order: Order,
  signal: AbortSignal,
): AsyncGenerator<readonly [row: number, column: number]> {
  const { top, bottom, left, right } = area;
  const isByRow = order === 'Rows';
  const [lines, places] = isByRow
    ? [[top, bottom] as const, [left, right] as const]
    : [[left, right] as const, [top, bottom] as const];
  const turns = new Turns(signal);
  for (let line = lines[0]; line <= lines[1]; line++) {
    for (let place = places[0]; place <= places[1]; place++) {
      const [row, column] = isByRow ? [line, place] : [place, line];
      if (isEmptyCell(sheet, row, column)) yield [row, column];
      if ((place & 1023) === 0 && turns.isOver) await turns.next();
    }
    if (turns.isOver) await turns.next();
  }
}

async function firstEmpty(
  range: CellRange,
  order: Order,
  signal: AbortSignal,
): Promise<Record<string, Value>> {
  for await (const [row, column] of emptyCells(range, order, signal)) {
    return { EmptyCellRowIndex: row, EmptyCellColumnIndex: column };
  }
  throw new OfficeProblem('The range has no empty cell.', 'Search a larger range, or handle this error.');
}

const emptyTarget = (
  args: ActionArguments,
  session: ExcelSession,
  signal: AbortSignal,
  named: boolean,
): Promise<CellRange> =>
  named ? namedArgument(args, session, signal, 'NamedCell') : targets.range(args, session, signal);

/** A list of all empty cells longer than this is of no use to a flow. */
const maxListed = 2_000_000;

const emptySearches: readonly ActionDefinition[] = [false, true].flatMap((named) => {
  const search = (
    variant: string,
    run: (args: ActionArguments, range: CellRange, signal: AbortSignal) => Promise<Record<string, Value>>,
  ) =>
    workbookAction(
      `GetEmptyCellFromExcel.GetEmptyCells${named ? 'NamedCell' : 'AbsoluteRange'}${variant}`,
      'GetEmptyCellsError',
      async (args, session, signal) => run(args, await emptyTarget(args, session, signal, named), signal),
    );
  const within = (inside: boolean, what: string) => {
    if (inside) return;
    throw new OfficeProblem(`The ${what} is not within the range to search.`, 'Choose one inside the range.');
  };
  return [
    search('FirstEmptyCell', (args, range, signal) =>
      firstEmpty(range, args.member('EmptyCellsSearchDirection') as Order, signal),
    ),
    search('FirstEmptyCellInColumn', (args, range, signal) => {
      const column = columnArgument(args, 'SearchColumn');
      within(column >= range.area.left && column <= range.area.right, `column ${columnName(column)}`);
      return firstEmpty(
        { sheet: range.sheet, area: { ...range.area, left: column, right: column } },
        'Rows',
        signal,
      );
    }),
    search('FirstEmptyCellInRow', (args, range, signal) => {
      const row = args.integer('SearchRow');
      within(row >= range.area.top && row <= range.area.bottom, `row ${row}`);
      return firstEmpty(
        { sheet: range.sheet, area: { ...range.area, top: row, bottom: row } },
        'Rows',
        signal,
      );
    }),
    search('AllEmptyCells', async (_, range, signal) => {
      const found: Value[][] = [];
      for await (const [row, column] of emptyCells(range, 'Rows', signal)) {
        if (found.length >= maxListed) {
          throw new OfficeProblem(
            `The range has more than ${maxListed} empty cells.`,
            'Search a smaller range.',
          );
        }
        found.push([row, column]);
      }
      return { EmptyCells: new Datatable(['Row', 'Column'], found) };
    }),
  ];
});

// ── Lookups ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** The LOOKUP function on cells of the active worksheet, with a value of the flow. */
async function lookup(
  session: ExcelSession,
  wanted: Value,
  keys: CellRange,
  results: CellRange | undefined,
  signal: AbortSignal,
): Promise<Value> {
  const serial =
    wanted instanceof FlowDatetime ? datetimeToSerial(wanted, session.workbook.date1904) : undefined;
  const number = wanted instanceof FlowDecimal ? nearest(wanted) : undefined;
  const value =
    serial ??
    number ??
    (typeof wanted === 'object' && wanted !== null ? toText(wanted) : (wanted ?? undefined));
  const found = await session.withValues(signal, (calculator) => calculator.lookup(value, keys, results));
  if (found.value instanceof CellError) {
    throw new OfficeProblem(
      found.value.code === '#N/A'
        ? `The value '${toText(wanted)}' was not found.`
        : `The lookup gave ${found.value.code}.`,
      'Check the value and the range: its first column or row must be sorted in ascending order.',
    );
  }
  const { place } = found;
  return place === undefined
    ? (found.value ?? null)
    : flowValue(session, place.sheet, place.row, place.column, found.value);
}

function lookingUp(variant: string, keys: Target, results: Target | undefined): ActionDefinition {
  return workbookAction(`LookupRange.${variant}`, 'LookupError', async (args, session, signal) => ({
    Result: await lookup(
      session,
      args.value('LookupValue'),
      await keys(args, session, signal),
      await results?.(args, session, signal),
      signal,
    ),
  }));
}

const resultRange: Target = async (args, session, signal) => ({
  sheet: await session.activeSheet(signal),
  area: rangeArgument(args, 'Values'),
});

export const readingActions: readonly ActionDefinition[] = [
  workbookAction('ReadFromExcel.ReadCell', readError, async (args, session, signal) => {
    const { sheet, area } = await targets.cell('StartColumn', 'StartRow')(args, session, signal);
    const mode = modeOf(args);
    return {
      CellValue: await session.withValues(signal, (calculator) =>
        read(session, calculator, sheet, area.top, area.left, mode),
      ),
    };
  }),
  readingTable('ReadCells', targets.range),
  readingTable('Read', targets.selection),
  readingTable('ReadAllCells', targets.used),
  workbookAction('ReadFromExcel.ReadNamedCell', readError, async (args, session, signal) => {
    const table = await readTable(
      session,
      await namedArgument(args, session, signal),
      modeOf(args),
      false,
      signal,
    );
    return { RangeValue: args.boolean('TrimEmptyCells') ? trimmed(table) : table };
  }),
  workbookAction(
    'ReadCellFormula.ReadFormulaFromCellCoordinates',
    'ReadFormulaFromCellError',
    async (args, session, signal) => ({
      CellFormula: formulaText(await targets.cell('Column', 'Row')(args, session, signal)),
    }),
  ),
  workbookAction(
    'ReadCellFormula.ReadFormulaFromNamedCell',
    'ReadFormulaFromCellError',
    async (args, session, signal) => ({
      CellFormula: formulaText(await namedArgument(args, session, signal)),
    }),
  ),
  workbookAction('GetFirstFreeColumnRow', 'RetrieveFirstFreeColumnRowError', async (_, session, signal) => {
    const used = (await session.activeSheet(signal)).usedArea;
    return { FirstFreeColumn: (used?.right ?? 0) + 1, FirstFreeRow: (used?.bottom ?? 0) + 1 };
  }),
  workbookAction('GetFirstFreeRowOnColumn', 'RetrieveFirstFreeRowError', async (args, session, signal) => ({
    FirstFreeRowOnColumn:
      (await session.activeSheet(signal)).lastFilledRow(columnArgument(args, 'Column')) + 1,
  })),
  workbookAction('GetTableRange', 'GetRangeFromTableError', async (args, session, signal) => {
    const name = args.text('TableName').trim();
    const area = args.boolean('IsPivot')
      ? await session.pivotArea(name)
      : (await session.tableNamed(name, signal)).area;
    return {
      FirstColumnIndex: area.left,
      FirstRowIndex: area.top,
      LastColumnIndex: area.right,
      LastRowIndex: area.bottom,
    };
  }),
  ...emptySearches,
  lookingUp('LookupRangeCoordinatesArray', targets.range, undefined),
  lookingUp('LookupRangeCoordinatesNonArray', targets.range, resultRange),
  lookingUp('LookupRangeNamedCellArray', targets.named('CellName'), undefined),
  lookingUp('LookupRangeNamedCellNonArray', targets.named('CellName'), targets.named('ValuesCellName')),
];
