// Between CSV rows (csv.ts) and flow values, for all actions that read or write CSV. `code` is the error name of the calling action.
import { type ActionArguments, ActionError } from '../action.ts';
import { toText } from '../convert.ts';
import { CustomObject, Datarow, Datatable, type Value } from '../values.ts';
import { CsvSplitter, FixedWidthSplitter, type RowSplitter } from './csv.ts';
import { listSeparator } from './windows.ts';

const separators: Readonly<Record<string, string>> = { Comma: ',', Semicolon: ';', Tab: '\t' };

/** How a CSV action splits its text into rows, from its arguments and whether fields are trimmed. */
export type SplitterOf = (args: ActionArguments, trim: boolean, signal: AbortSignal) => Promise<RowSplitter>;

/** The three ways in which CSV is read; a wrong separator or width is the error `code`. */
export const csvSplitters = (
  code: string,
): Readonly<Record<'predefined' | 'custom' | 'fixedWidths', SplitterOf>> => ({
  predefined: async (args, trim, signal) =>
    new CsvSplitter(await csvSeparator(args, false, code, signal), trim),
  custom: async (args, trim, signal) => new CsvSplitter(await csvSeparator(args, true, code, signal), trim),
  fixedWidths: async (args, trim) => new FixedWidthSplitter(csvColumnWidths(args, code), trim),
});

/** The separator a CSV action asks for: the text in `CustomColumnsSeparator`, or the member in `ColumnsSeparator`. */
export async function csvSeparator(
  args: ActionArguments,
  custom: boolean,
  code: string,
  signal: AbortSignal,
): Promise<string> {
  if (!custom) return separators[args.member('ColumnsSeparator')] ?? (await listSeparator(signal));
  const separator = args.text('CustomColumnsSeparator');
  if (separator !== '') return separator;
  throw new ActionError(
    code,
    'The columns separator is empty.',
    'Give the text that separates the columns, for example ;',
  );
}

/** The widths in `FixedColumnWidths`, such as `10,5,20`. */
function csvColumnWidths(args: ActionArguments, code: string): number[] {
  const text = args.text('FixedColumnWidths');
  const widths = text
    .split(/[,;\s]+/)
    .filter((part) => part !== '')
    .map(Number);
  if (widths.length > 0 && widths.every(Number.isInteger)) return widths;
  throw new ActionError(
    code,
    `"${text}" is not a list of column widths.`,
    'Give the widths in characters, separated by commas, for example 10,5,20.',
  );
}

/**
 * A table of the rows, which become its own. Columns without a name are called `Column1`, `Column2` …; rows that are too short get
 * empty cells. All cells are text.
 */
export function csvTable(rows: string[][], namesFirst: boolean, code: string): Datatable {
  const names = (namesFirst ? rows.shift() : undefined) ?? [];
  const width = rows.reduce((most, row) => Math.max(most, row.length), names.length);
  const columns = Array.from({ length: width }, (_, index) => names[index] || `Column${index + 1}`);
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new ActionError(
      code,
      `Two columns of the CSV text are called "${twice}".`,
      'Give every column its own name, or read the text without column names.',
    );
  }
  for (const row of rows) while (row.length < width) row.push('');
  return new Datatable(columns, rows);
}

/** A table gives its rows, a row or a list of values one row, a list of rows or lists several, any other value one cell. */
export function* csvRows(value: Value, withNames: boolean): Generator<string[]> {
  if (value instanceof Datatable) {
    if (withNames) yield [...value.columns];
    for (const row of value.rows) yield row.map(toText);
  } else if (value instanceof Datarow) {
    if (withNames) yield [...value.table.columns];
    yield value.cells.map(toText);
  } else if (value instanceof CustomObject) {
    if (withNames) yield [...value.entries.keys()];
    yield [...value.entries.values()].map(toText);
  } else if (!Array.isArray(value)) {
    yield [toText(value)];
  } else if (value.length > 0 && value.every((item) => Array.isArray(item) || item instanceof Datarow)) {
    for (const item of value) yield* csvRows(item, false);
  } else {
    yield value.map(toText);
  }
}
