// The Variables actions on data tables. They change the table they are given in place; rows are looked at by zero-based index.
import {
  type ActionArguments,
  type ActionContext,
  type ActionDefinition,
  ActionError,
  type ActionResult,
} from '../action.ts';
import { describe, isNumeric, toText } from '../convert.ts';
import { escapePattern } from '../dotnet/regex.ts';
import { copy, isBlank } from '../operations.ts';
import { Datarow, Datatable, type Value } from '../values.ts';
import { CsvError, printCsvRow, type RowSplitter } from './csv.ts';
import { csvRows, csvSeparator, csvSplitters, csvTable, type SplitterOf } from './csvTable.ts';
import { commonType, compareAlike, identity } from './order.ts';
import { pattern } from './pattern.ts';
import { holds, type Rule, readRules } from './rules.ts';
import { sortInTurns, Turns } from './turns.ts';
import { tableArgument } from './typed.ts';

// ── Arguments ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Index of the column a number or a text names; a text is a name first and an index second. */
function columnIndex(table: Datatable, reference: Value): number {
  const text = toText(reference).trim();
  if (isNumeric(reference) || (table.columnIndex(text) < 0 && /^-?\d+$/.test(text))) {
    return columnAt(table, Number(text), table.columns.length - 1);
  }
  return columnNamed(table, text);
}

function columnNamed(table: Datatable, name: string): number {
  const index = table.columnIndex(name);
  if (index >= 0) return index;
  throw new ActionError(
    'ColumnNameNotFoundError',
    `The table has no column '${name}'. Its columns are ${table.columns.map((one) => `'${one}'`).join(', ')}.`,
    'Check the spelling of the column name, and whether the table was read with its first line as column names.',
  );
}

function columnAt(table: Datatable, index: number, last: number): number {
  if (index >= 0 && index <= last) return index;
  throw new ActionError(
    'ColumnIndexOutOfRangeError',
    `Column index ${index} is outside the table, which has ${table.columns.length} columns. The first index is 0.`,
    'Check the number of columns before using the index.',
  );
}

function rowAt(table: Datatable, index: number, last: number): number {
  if (index >= 0 && index <= last) return index;
  throw new ActionError(
    'ItemIndexOutOfRangeError',
    `Row index ${index} is outside the table, which has ${table.rows.length} rows. The first index is 0.`,
    'Compare the index with the RowsCount property of the table first.',
  );
}

// ── Rows and columns ────────────────────────────────────────────────────────────────────────────────────────────

function createTable(args: ActionArguments): ActionResult {
  const given = args.value('InputTable');
  // The default of the argument is the text of an empty table.
  return {
    outputs: {
      DataTable: typeof given === 'string' ? new Datatable([], []) : copy(tableArgument(args, 'InputTable')),
    },
  };
}

function insertRow(args: ActionArguments, at: 'end' | 'index'): ActionResult {
  const table = tableArgument(args);
  const given = args.value('RowToAdd');
  const cells = given instanceof Datarow ? given.cells : given;
  if (!Array.isArray(cells)) {
    throw new ActionError(
      'IncompatibleTypeError',
      `${describe(given)} is no row.`,
      'Give a list or a data row with one cell per column.',
    );
  }
  if (cells.length !== table.columns.length) {
    throw new ActionError(
      'InvalidInputArgumentsError',
      `A row of ${cells.length} cells does not fit a table of ${table.columns.length} columns.`,
      'Give the row as many cells as the table has columns.',
    );
  }
  const index = at === 'end' ? table.rows.length : rowAt(table, args.integer('RowIndex'), table.rows.length);
  table.rows.splice(index, 0, cells.map(copy));
  return {};
}

function insertColumn(args: ActionArguments, at: 'end' | 'index'): ActionResult {
  const table = tableArgument(args);
  const name = args.text('ColumnName');
  const last = table.columns.length;
  const index = at === 'end' ? last : columnAt(table, args.integer('ColumnIndex'), last);
  if (table.columnIndex(name) >= 0) {
    throw new ActionError(
      'DuplicateColumnNameError',
      `The table already has a column '${name}'.`,
      'Give the new column another name; letter case makes no difference.',
    );
  }
  table.columns.splice(index, 0, name);
  for (const row of table.rows) row.splice(index, 0, null);
  return {};
}

function deleteColumn(args: ActionArguments, by: 'name' | 'index'): ActionResult {
  const table = tableArgument(args);
  const index =
    by === 'name'
      ? columnNamed(table, args.text('ColumnName'))
      : columnAt(table, args.integer('ColumnIndex'), table.columns.length - 1);
  table.columns.splice(index, 1);
  for (const row of table.rows) row.splice(index, 1);
  return {};
}

function deleteRow(args: ActionArguments): ActionResult {
  const table = tableArgument(args);
  table.rows.splice(rowAt(table, args.integer('RowIndex'), table.rows.length - 1), 1);
  return {};
}

function updateCell(args: ActionArguments): ActionResult {
  const table = tableArgument(args);
  const column = columnIndex(table, args.value('ColumnNameOrIndex'));
  const row = table.rows[rowAt(table, args.integer('RowIndex'), table.rows.length - 1)] as Value[];
  row[column] = copy(args.value('Value'));
  return {};
}

/** The rows that `keep` accepts, in order. Throws the signal's reason. */
async function rowsThat(
  rows: readonly Value[][],
  keep: (row: Value[]) => boolean,
  signal: AbortSignal,
): Promise<Value[][]> {
  const turns = new Turns(signal);
  const kept: Value[][] = [];
  for (const row of rows) {
    if (keep(row)) kept.push(row);
    if (turns.isOver) await turns.next();
  }
  return kept;
}

/** Puts `rows` in place of the rows of a table. */
function setRows(table: Datatable, rows: readonly Value[][]): ActionResult {
  table.rows.length = 0;
  for (const row of rows) table.rows.push(row);
  return {};
}

function requireOneType(table: Datatable, column: number): void {
  if (commonType(table.rows.map((row) => row[column] ?? null)) !== undefined) return;
  throw new ActionError(
    'ColumnTypeMismatchError',
    `The cells of the column '${table.columns[column]}' have different types.`,
    'Convert the cells to one type first, for example all to text.',
  );
}

async function deleteEmptyRows(args: ActionArguments, { signal }: ActionContext): Promise<ActionResult> {
  const table = tableArgument(args);
  return setRows(table, await rowsThat(table.rows, (row) => !row.every(isBlank), signal));
}

async function deleteDuplicateRows(args: ActionArguments, { signal }: ActionContext): Promise<ActionResult> {
  const table = tableArgument(args);
  for (const column of table.columns.keys()) requireOneType(table, column);
  const seen = new Set<string>();
  const isNew = (row: Value[]) => seen.size < seen.add(identity(row, false)).size;
  return setRows(table, await rowsThat(table.rows, isNew, signal));
}

async function sortTable(
  args: ActionArguments,
  by: 'name' | 'index',
  signal: AbortSignal,
): Promise<ActionResult> {
  const table = tableArgument(args);
  const column =
    by === 'name'
      ? columnNamed(table, args.text('ColumnName'))
      : columnAt(table, args.integer('ColumnIndex'), table.columns.length - 1);
  requireOneType(table, column);
  const sign = args.member('Order') === 'Descending' ? -1 : 1;
  const order = (a: Value[], b: Value[]) => sign * compareAlike(a[column] ?? null, b[column] ?? null);
  return setRows(table, await sortInTurns(table.rows, order, signal));
}

// ── Rules: filter and join ──────────────────────────────────────────────────────────────────────────────────────

async function filterTable(args: ActionArguments, { signal }: ActionContext): Promise<ActionResult> {
  const table = tableArgument(args);
  const ignoreCase = !args.boolean('MatchCase');
  const rules = readRules(tableArgument(args, 'FilterParameters')).map((rule) => ({
    ...rule,
    subjects: [columnIndex(table, rule.subjects[0] ?? null), rule.subjects[1] ?? null],
  }));
  const passes = (row: Value[]) =>
    holds(rules, ({ subjects }) => [row[subjects[0] as number] ?? null, subjects[1] ?? null], ignoreCase);
  const rows = await rowsThat(table.rows, passes, signal);
  return {
    outputs: {
      FilteredDataTable: new Datatable(
        [...table.columns],
        rows.map((row) => row.map(copy)),
      ),
    },
  };
}

/** Columns of the second table that the first one has too get `_1`, `_2` … behind their name. */
async function joinTables(args: ActionArguments, { signal }: ActionContext): Promise<ActionResult> {
  const [first, second] = [tableArgument(args, 'FirstDataTable'), tableArgument(args, 'SecondDataTable')];
  const operation = args.member('JoinOperation');
  const rules = readRules(tableArgument(args, 'JoinParameters')).map((rule) => ({
    ...rule,
    subjects: [columnIndex(first, rule.subjects[0] ?? null), columnIndex(second, rule.subjects[1] ?? null)],
  }));
  const joined = new Datatable([...first.columns], []);
  for (const name of second.columns) {
    let free = name;
    for (let number = 1; joined.columnIndex(free) >= 0; number++) free = `${name}_${number}`;
    joined.columns.push(free);
  }
  const blanks = (count: number): Value[] => Array.from({ length: count }, () => null);
  const matched = new Set<Value[]>();
  const candidatesOf = candidates(rules, second.rows);
  const turns = new Turns(signal);
  for (const left of first.rows) {
    const partners: Value[][] = [];
    for (const right of candidatesOf(left)) {
      const operands = ({ subjects }: Rule): readonly [Value, Value] => [
        left[subjects[0] as number] ?? null,
        right[subjects[1] as number] ?? null,
      ];
      if (holds(rules, operands, false)) partners.push(right);
      if (turns.isOver) await turns.next();
    }
    for (const right of partners) {
      matched.add(right);
      joined.rows.push([...left, ...right].map(copy));
    }
    if (partners.length === 0 && operation !== 'Inner') {
      joined.rows.push([...left.map(copy), ...blanks(second.columns.length)]);
    }
  }
  if (operation === 'Full') {
    for (const right of second.rows) {
      if (!matched.has(right)) joined.rows.push([...blanks(first.columns.length), ...right.map(copy)]);
    }
  }
  return { outputs: { JoinedDataTable: joined } };
}

/**
 * The rows of the second table that a row of the first may meet. With a first rule that wants two columns to be equal, and texts or
 * numbers only in the second one, these are found by their value instead of being looked through.
 */
function candidates(rules: readonly Rule[], rows: readonly Value[][]): (left: Value[]) => readonly Value[][] {
  const [first, ...more] = rules;
  if (first?.isEquality !== true || more.some(({ joinedBy }) => joinedBy === 'or')) return () => rows;
  const [leftColumn, rightColumn] = first.subjects as readonly [number, number];
  const type = typeof (rows[0]?.[rightColumn] ?? null);
  if (type !== 'string' && type !== 'number') return () => rows;
  const byValue = new Map<Value, Value[][]>();
  for (const row of rows) {
    const value = row[rightColumn] ?? null;
    // Values of several types can be equal without being the same.
    if (typeof value !== type) return () => rows;
    const known = byValue.get(value);
    if (known === undefined) byValue.set(value, [row]);
    else known.push(row);
  }
  return (left) => {
    const value = left[leftColumn] ?? null;
    return typeof value === type ? (byValue.get(value) ?? []) : rows;
  };
}

/** Appends the rows of the second table to the first; columns meet by name. */
async function mergeTables(args: ActionArguments, { signal }: ActionContext): Promise<ActionResult> {
  const [first, second] = [tableArgument(args, 'FirstDataTable'), tableArgument(args, 'SecondDataTable')];
  const extra = second.columns.filter((name) => first.columnIndex(name) < 0);
  const mode = args.member('MergeMode');
  if (mode === 'ErrorOnExtraColumns' && extra.length > 0) {
    throw new ActionError(
      'MissingSchemaError',
      `The first table has no column ${extra.map((name) => `'${name}'`).join(', ')}.`,
      'Add the missing columns first, or choose to add or to ignore extra columns.',
    );
  }
  const rows = second.rows.map((row) => row.map(copy));
  const source = second.columns.map((name) => name.toLowerCase());
  if (mode === 'AddExtraColumns') {
    first.columns.push(...extra);
    for (const row of first.rows) row.push(...extra.map(() => null));
  }
  const places = first.columns.map((name) => source.indexOf(name.toLowerCase()));
  const turns = new Turns(signal);
  for (const row of rows) {
    first.rows.push(places.map((place) => row[place] ?? null));
    if (turns.isOver) await turns.next();
  }
  return {};
}

// ── Find and replace ────────────────────────────────────────────────────────────────────────────────────────────

interface Search {
  readonly regex: boolean;
  readonly byColumn: boolean;
  readonly replace: boolean;
}

/** Looks at cells as text, row by row; a replaced cell becomes text. The result lists the row and column index of every match. */
async function findOrReplace(
  args: ActionArguments,
  { regex, byColumn, replace }: Search,
  signal: AbortSignal,
): Promise<ActionResult> {
  const table = tableArgument(args);
  const wanted = args.text('ValueToFind');
  const all = args.boolean('AllMatches');
  const whole = !regex && args.boolean('MatchEntireCellContents');
  const literal = whole ? `\\A${escapePattern(wanted)}\\z` : escapePattern(wanted);
  const expression = pattern(regex ? wanted : literal, !regex && !args.boolean('MatchCase'));
  const given = replace ? args.text('TextToReplaceWith') : '';
  const replacement = regex ? given : given.replaceAll('$', '$$$$');
  const columns = byColumn
    ? [columnIndex(table, args.value('ColumnNameOrIndex'))]
    : [...table.columns.keys()];
  const matches = new Datatable(['Row', 'Column'], []);
  const turns = new Turns(signal);
  search: for (const [index, row] of table.rows.entries()) {
    if (turns.isOver) await turns.next();
    for (const column of columns) {
      const text = toText(row[column] ?? null);
      if (expression.first(text) === undefined) continue;
      matches.rows.push([index, column]);
      if (replace) row[column] = expression.replace(text, replacement);
      if (!all) break search;
    }
  }
  return { outputs: { DataTableMatches: matches } };
}

const searches: readonly ActionDefinition[] = [false, true].flatMap((replace) =>
  [false, true].flatMap((regex) =>
    [false, true].map((byColumn) => ({
      id: `Variables.FindOrReplaceInDataTable.${replace ? 'Replace' : 'Find'}ItemInDataTable${regex ? 'WithRegex' : ''}${byColumn ? 'ByColumnIndex' : 'Everywhere'}`,
      run: (args: ActionArguments, { signal }: ActionContext) =>
        findOrReplace(args, { regex, byColumn, replace }, signal),
    })),
  ),
);

// ── CSV ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const parsingError = 'CSVParsingError';

/**
 * A field as a value: text that is plainly a number becomes one. Leading zeros and more than 15 digits are kept as text,
 * because a number would lose them; dates stay text because their order of day and month is unknown.
 */
function typedField(field: string): Value {
  const isNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(field) && field.replace(/\D/g, '').length <= 15;
  return isNumber ? Number(field) : field;
}

/** So many characters of a text are split before the run may stop. */
const pieceLength = 1024 ** 2;

async function rowsOf(text: string, splitter: RowSplitter, signal: AbortSignal): Promise<string[][]> {
  const turns = new Turns(signal);
  const rows: string[][] = [];
  let length = pieceLength;
  for (let at = 0; at < text.length || at === 0; ) {
    const end = Math.min(text.length, at + length);
    const found = splitter.push(text.slice(at, end), end === text.length);
    for (const row of found) rows.push(row);
    // A row longer than a piece is looked at again with each: larger ones keep that rare.
    if (found.length === 0) length *= 2;
    at = Math.max(end, 1);
    await turns.next();
  }
  return rows;
}

const splitters = csvSplitters(parsingError);

/** "Read from CSV text variable"; `splitterOf` says how the text falls into rows. */
function reading(variant: string, splitterOf: SplitterOf): ActionDefinition {
  return {
    id: `Variables.GenerateDataTableFromCSV.${variant}`,
    async run(args, { signal }) {
      try {
        const splitter = await splitterOf(args, args.boolean('TrimFields'), signal);
        const fields = await rowsOf(args.text('CSVText'), splitter, signal);
        const table = csvTable(fields, args.boolean('FirstLineContainsColumnNames'), parsingError);
        const typed = args.boolean('ReadFieldsAsText')
          ? table
          : new Datatable(
              table.columns,
              table.rows.map((row) => row.map((field) => typedField(field as string))),
            );
        return { outputs: { CSVTable: typed } };
      } catch (error) {
        if (!(error instanceof CsvError)) throw error;
        throw new ActionError(
          parsingError,
          `Line ${error.line} of the CSV text cannot be read: ${error.message}.`,
          'Check the quotes in that line and the separator the action uses.',
          { cause: error },
        );
      }
    },
  };
}

/** Close to the longest text there can be. */
const maxTextLength = 500_000_000;

/** "Convert data table to text". The last row has no line end. */
function printing(variant: string, custom: boolean): ActionDefinition {
  return {
    id: `Variables.ConvertDataTableToCSV.${variant}`,
    async run(args, { signal }) {
      const rows = csvRows(tableArgument(args), args.boolean('IncludeColumnNames'));
      const separator = await csvSeparator(args, custom, 'ConversionError', signal);
      const turns = new Turns(signal);
      let text = '';
      for (const row of rows) {
        text += printCsvRow(row, separator);
        if (text.length > maxTextLength) {
          throw new ActionError(
            'ConversionError',
            `The text of the table would be longer than ${maxTextLength.toLocaleString('en')} characters.`,
            'Write the table into a file with "Write to CSV file".',
          );
        }
        if (turns.isOver) await turns.next();
      }
      return { outputs: { CSVText: text.replace(/\r\n$/, '') } };
    },
  };
}

// ── The table ───────────────────────────────────────────────────────────────────────────────────────────────────

export const datatableActions: readonly ActionDefinition[] = [
  { id: 'Variables.CreateNewDatatable', run: createTable },
  { id: 'Variables.AddRowToDataTable.AppendRowToDataTable', run: (args) => insertRow(args, 'end') },
  { id: 'Variables.AddRowToDataTable.InsertItemToDataTable', run: (args) => insertRow(args, 'index') },
  { id: 'Variables.AddColumnToDataTable.AppendColumnToDataTable', run: (args) => insertColumn(args, 'end') },
  {
    id: 'Variables.AddColumnToDataTable.InsertColumnToDataTable',
    run: (args) => insertColumn(args, 'index'),
  },
  {
    id: 'Variables.DeleteColumnFromDataTable.DeleteColumnWithName',
    run: (args) => deleteColumn(args, 'name'),
  },
  {
    id: 'Variables.DeleteColumnFromDataTable.DeleteColumnWithIndex',
    run: (args) => deleteColumn(args, 'index'),
  },
  { id: 'Variables.DeleteRowFromDataTable', run: deleteRow },
  { id: 'Variables.ModifyDataTableItem', run: updateCell },
  {
    id: 'Variables.DeleteEmptyRowsFromDataTable',
    run: deleteEmptyRows,
  },
  { id: 'Variables.DeleteDuplicateRowsFromDataTable', run: deleteDuplicateRows },
  { id: 'Variables.ClearDataTable', run: (args) => setRows(tableArgument(args), []) },
  {
    id: 'Variables.SortDataTable.SortWithColumnName',
    run: (args, { signal }) => sortTable(args, 'name', signal),
  },
  {
    id: 'Variables.SortDataTable.SortWithColumnIndex',
    run: (args, { signal }) => sortTable(args, 'index', signal),
  },
  { id: 'Variables.FilterDataTable', run: filterTable },
  { id: 'Variables.JoinDataTable', run: joinTables },
  { id: 'Variables.MergeDataTables', run: mergeTables },
  {
    id: 'Variables.RetrieveDataTableColumnIntoList',
    run(args) {
      const table = tableArgument(args);
      const column = columnIndex(table, args.value('ColumnNameOrIndex'));
      return { outputs: { ColumnAsList: table.rows.map((row) => copy(row[column] ?? null)) } };
    },
  },
  ...searches,
  reading('ReadPredefinedSeparator', splitters.predefined),
  reading('ReadCustomSeparator', splitters.custom),
  reading('ReadFixedColumnWidths', splitters.fixedWidths),
  printing('DataTableToCSVCommonSeparator', false),
  printing('DataTableToCSVCustomSeparator', true),
];
