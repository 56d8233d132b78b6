// Between CSV rows (csv.ts) and flow values, for all actions that read or write CSV. `code` is the error name of the calling action.
import { type ActionArguments, ActionError } from '../action.ts';
import { toText } from '../convert.ts';
import { CustomObject, Datarow, Datatable, type Value } from '../values.ts';
import { listSeparator } from './windows.ts';

const separators: Readonly<Record<string, string>> = { Comma: ',', Semicolon: ';', Tab: '\t' };

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
export function csvColumnWidths(args: ActionArguments, code: string): number[] {
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

/** Columns without a name are called `Column1`, `Column2` …; rows that are too short get empty cells. All cells are text. */
export function csvTable(rows: readonly (readonly string[])[], namesFirst: boolean, code: string): Datatable {
  const names = (namesFirst ? rows[0] : undefined) ?? [];
  const body = namesFirst ? rows.slice(1) : rows;
  const width = body.reduce((most, row) => Math.max(most, row.length), names.length);
  const columns = Array.from({ length: width }, (_, index) => names[index] || `Column${index + 1}`);
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new ActionError(
      code,
      `Two columns of the CSV text are called "${twice}".`,
      'Give every column its own name, or read the text without column names.',
    );
  }
  return new Datatable(
    columns,
    body.map((row) => columns.map((_, index) => row[index] ?? '')),
  );
}

/** A table gives its rows, a row or a list of values one row, a list of rows or lists several, any other value one cell. */
export function csvRows(value: Value, withNames: boolean): string[][] {
  const texts = (cells: readonly Value[]) => cells.map(toText);
  if (value instanceof Datatable)
    return [...(withNames ? [[...value.columns]] : []), ...value.rows.map(texts)];
  if (value instanceof Datarow) return [...(withNames ? [[...value.table.columns]] : []), texts(value.cells)];
  if (value instanceof CustomObject) {
    return [...(withNames ? [[...value.entries.keys()]] : []), texts([...value.entries.values()])];
  }
  if (!Array.isArray(value)) return [[toText(value)]];
  const nested = value.length > 0 && value.every((item) => Array.isArray(item) || item instanceof Datarow);
  return nested ? value.flatMap((item) => csvRows(item, false)) : [texts(value)];
}
