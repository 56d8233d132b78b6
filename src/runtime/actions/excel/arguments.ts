// The arguments of Excel actions: instances, columns by letter or number, ranges of cells in the ways the designer offers.
import { type ActionArguments, ActionError } from '../../action.ts';
import { describe, toText } from '../../convert.ts';
import { OfficeProblem } from '../office/problem.ts';
import { instanceArgument } from '../typed.ts';
import { type Area, areaBetween, cellArea, columnNumber, maxColumns, requireOnSheet } from './addresses.ts';
import { CellRange } from './formula/values.ts';
import { ExcelSession } from './session.ts';
import type { Sheet } from './sheet.ts';
import type { SheetEntry } from './workbook.ts';

/** Throws `InvalidArgument` for what is no instance, an OfficeProblem for one that was closed. */
export function sessionArgument(args: ActionArguments, name = 'Instance'): ExcelSession {
  const session = instanceArgument(args, name, ExcelSession, 'an Excel instance');
  if (!session.isClosed) return session;
  throw new OfficeProblem(
    `The Excel instance with "${session.name}" was closed.`,
    'Launch Excel again, or close it later.',
  );
}

/** A column as a flow gives it: letters in any case, or its number. Throws `InvalidArgument`. */
export function columnArgument(args: ActionArguments, name: string): number {
  const column = columnOf(toText(args.value(name)));
  if (column !== undefined) return column;
  throw noColumn(args, name);
}

/** The first column and how many: one column, or several in a row as Excel takes them, such as `D:F`. Throws `InvalidArgument`. */
export function columnsArgument(args: ActionArguments, name: string): { at: number; count: number } {
  const range = /^\s*([a-z]+)\s*:\s*([a-z]+)\s*$/i.exec(toText(args.value(name)));
  if (range === null) return { at: columnArgument(args, name), count: 1 };
  const first = columnOf(range[1] as string);
  const last = columnOf(range[2] as string);
  if (first === undefined || last === undefined) throw noColumn(args, name);
  return { at: Math.min(first, last), count: Math.abs(last - first) + 1 };
}

function columnOf(written: string): number | undefined {
  const text = written.trim();
  const column = /^\d+$/.test(text) ? Number(text) : columnNumber(text);
  return column >= 1 && column <= maxColumns ? column : undefined;
}

const noColumn = (args: ActionArguments, name: string): ActionError =>
  new ActionError(
    'InvalidArgument',
    `${describe(args.value(name))} cannot be used for the argument "${name}", which expects a column.`,
    'Give its letters, such as B or AA, or its number, counted from 1.',
  );

/** Throws `InvalidArgument`, or an OfficeProblem for a row no sheet has. */
export function cellArgument(args: ActionArguments, column: string, row: string): Area {
  const area = cellArea(args.integer(row), columnArgument(args, column));
  requireOnSheet(area);
  return area;
}

/** The range between `StartColumn`, `StartRow`, `EndColumn` and `EndRow`, whichever corner comes first. */
export function rangeArgument(args: ActionArguments, prefix = ''): Area {
  const area = areaBetween(
    args.integer(`${prefix}StartRow`),
    columnArgument(args, `${prefix}StartColumn`),
    args.integer(`${prefix}EndRow`),
    columnArgument(args, `${prefix}EndColumn`),
  );
  requireOnSheet(area);
  return area;
}

/** The cells between the active one and the one `OffsetX` columns and `OffsetY` rows away. */
export function relativeArgument(args: ActionArguments, session: ExcelSession, sheet: Sheet): Area {
  const [row, column] = session.selectionOf(sheet).active;
  const across = args.member('HorizontalDirection') === 'Left' ? -1 : 1;
  const down = args.member('VerticalDirection') === 'Above' ? -1 : 1;
  const area = areaBetween(
    row,
    column,
    row + down * args.integer('OffsetY'),
    column + across * args.integer('OffsetX'),
  );
  requireOnSheet(area);
  return area;
}

/** The cells a name or address stands for. Throws an OfficeProblem when there are none. */
export async function namedArgument(
  args: ActionArguments,
  session: ExcelSession,
  signal: AbortSignal,
  name = 'CellName',
): Promise<CellRange> {
  return await session.rangeNamed(args.text(name).trim(), await session.activeSheet(signal), signal);
}

/** Which cells an action works on, by the variant of its id. */
export type Target = (
  args: ActionArguments,
  session: ExcelSession,
  signal: AbortSignal,
) => Promise<CellRange>;

const onActiveSheet =
  (area: (args: ActionArguments, session: ExcelSession, sheet: Sheet) => Area | undefined): Target =>
  async (args, session, signal) => {
    const sheet = await session.activeSheet(signal);
    return new CellRange(sheet, area(args, session, sheet) ?? cellArea(1, 1));
  };

export const targets = {
  cell: (column: string, row: string): Target => onActiveSheet((args) => cellArgument(args, column, row)),
  range: onActiveSheet((args) => rangeArgument(args)),
  relative: onActiveSheet(relativeArgument),
  selection: onActiveSheet((_, session, sheet) => session.selectionOf(sheet).area),
  used: onActiveSheet((_, __, sheet) => sheet.usedArea),
  active: onActiveSheet((_, session, sheet) => cellArea(...session.selectionOf(sheet).active)),
  named:
    (name: string): Target =>
    (args, session, signal) =>
      namedArgument(args, session, signal, name),
} as const;

/** The worksheet with a name, in any letter case. `code` is the error for one that is not there. */
export function sheetNamed(session: ExcelSession, name: string, code: string): SheetEntry {
  const entry = session.workbook.entryNamed(name.trim()) ?? session.workbook.entryNamed(name);
  if (entry !== undefined) return entry;
  throw new ActionError(
    code,
    `"${session.name}" has no worksheet "${name}". Its worksheets are ${sheetList(session)}.`,
    'Check the name, or list the worksheets with "Get all Excel worksheets".',
  );
}

/** The worksheet with a number, counted from 1. */
export function sheetNumbered(session: ExcelSession, number: number, code: string): SheetEntry {
  const entry = session.workbook.entries[number - 1];
  if (entry !== undefined) return entry;
  throw new ActionError(
    code,
    `"${session.name}" has no worksheet number ${number}. It has ${session.workbook.entries.length}: ${sheetList(session)}.`,
    'Worksheets are counted from 1.',
  );
}

const sheetList = (session: ExcelSession): string =>
  session.workbook.entries.map((entry) => `"${session.workbook.sheetName(entry)}"`).join(', ');
