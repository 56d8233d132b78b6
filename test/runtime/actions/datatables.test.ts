// The Variables actions on data tables: a table before, arguments, the table after or the output, or the error.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { variablesActions } from '../../../src/runtime/actions/variables.ts';
import { Datarow, Datatable, type Value } from '../../../src/runtime/values.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { slowClock } from './slowClock.ts';

type Arguments = Readonly<Record<string, Value>>;

const context = contextIn('/flows');
const run = (id: string, given: Arguments) => runAction(variablesActions, `Variables.${id}`, given, context);
const table = (columns: string[], ...rows: Value[][]) =>
  new Datatable(
    [...columns],
    rows.map((row) => [...row]),
  );
const rowsOf = (value: Value | undefined) => (value as Datatable).rows;
const people = () => table(['Name', 'Age'], ['Ann', 30], ['Bob', 20], ['ann', 40]);

describe('actions that change a table', () => {
  it.each<[id: string, before: Datatable, given: Arguments, after: Datatable]>([
    [
      'AddRowToDataTable.AppendRowToDataTable',
      table(['A', 'B'], [1, 2]),
      { RowToAdd: [3, 'x'] },
      table(['A', 'B'], [1, 2], [3, 'x']),
    ],
    [
      'AddRowToDataTable.AppendRowToDataTable',
      table(['A']),
      { RowToAdd: new Datarow(table(['Z']), [7]) },
      table(['A'], [7]),
    ],
    [
      'AddRowToDataTable.InsertItemToDataTable',
      table(['A'], [1]),
      { RowIndex: 0, RowToAdd: [0] },
      table(['A'], [0], [1]),
    ],
    [
      'AddRowToDataTable.InsertItemToDataTable',
      table(['A'], [1]),
      { RowIndex: 1, RowToAdd: [2] },
      table(['A'], [1], [2]),
    ],
    [
      'AddColumnToDataTable.AppendColumnToDataTable',
      table(['A'], [1]),
      { ColumnName: 'B' },
      table(['A', 'B'], [1, null]),
    ],
    [
      'AddColumnToDataTable.InsertColumnToDataTable',
      table(['A'], [1]),
      { ColumnName: 'B', ColumnIndex: 0 },
      table(['B', 'A'], [null, 1]),
    ],
    [
      'DeleteColumnFromDataTable.DeleteColumnWithName',
      table(['A', 'B'], [1, 2]),
      { ColumnName: 'a' },
      table(['B'], [2]),
    ],
    [
      'DeleteColumnFromDataTable.DeleteColumnWithIndex',
      table(['A', 'B'], [1, 2]),
      { ColumnIndex: 1 },
      table(['A'], [1]),
    ],
    ['DeleteRowFromDataTable', table(['A'], [1], [2]), { RowIndex: 0 }, table(['A'], [2])],
    [
      'ModifyDataTableItem',
      people(),
      { ColumnNameOrIndex: 'age', RowIndex: 1, Value: 21 },
      table(['Name', 'Age'], ['Ann', 30], ['Bob', 21], ['ann', 40]),
    ],
    [
      'ModifyDataTableItem',
      table(['A', 'B'], [1, 2]),
      { ColumnNameOrIndex: 1, RowIndex: 0, Value: 'x' },
      table(['A', 'B'], [1, 'x']),
    ],
    [
      'ModifyDataTableItem',
      table(['1', '0'], [1, 2]),
      { ColumnNameOrIndex: '0', RowIndex: 0, Value: 'x' },
      table(['1', '0'], [1, 'x']),
    ],
    [
      'DeleteEmptyRowsFromDataTable',
      table(['A', 'B'], ['', null], ['', 1], [null, null]),
      {},
      table(['A', 'B'], ['', 1]),
    ],
    [
      'DeleteDuplicateRowsFromDataTable',
      table(['A', 'B'], [1, 'x'], [2, 'x'], [1, 'x'], [1, 'X']),
      {},
      table(['A', 'B'], [1, 'x'], [2, 'x'], [1, 'X']),
    ],
    ['ClearDataTable', people(), {}, table(['Name', 'Age'])],
    [
      'SortDataTable.SortWithColumnName',
      people(),
      { ColumnName: 'Age' },
      table(['Name', 'Age'], ['Bob', 20], ['Ann', 30], ['ann', 40]),
    ],
    [
      'SortDataTable.SortWithColumnIndex',
      people(),
      { ColumnIndex: 1, Order: 'Descending' },
      table(['Name', 'Age'], ['ann', 40], ['Ann', 30], ['Bob', 20]),
    ],
    [
      'SortDataTable.SortWithColumnName',
      table(['A'], ['b'], [null], ['a']),
      { ColumnName: 'A' },
      table(['A'], [null], ['a'], ['b']),
    ],
  ])('%s of %o with %o', async (id, before, given, after) => {
    expect(await run(id, { DataTable: before, ...given })).toEqual({});
    expect(before).toEqual(after);
  });

  it('changes through a row are seen in the table', async () => {
    const whole = people();
    const row = new Datarow(whole, whole.rows[0] as Value[]);
    await run('AddColumnToDataTable.AppendColumnToDataTable', { DataTable: whole, ColumnName: 'City' });
    expect(row.cells).toEqual(['Ann', 30, null]);
  });
});

describe('Merge data tables', () => {
  const first = () => table(['A', 'B'], [1, 2]);
  const second = () => table(['b', 'C'], [3, 4]);

  it.each<[mode: string, second: Datatable, after: Datatable]>([
    ['AddExtraColumns', second(), table(['A', 'B', 'C'], [1, 2, null], [null, 3, 4])],
    ['IgnoreExtraColumns', second(), table(['A', 'B'], [1, 2], [null, 3])],
    ['ErrorOnExtraColumns', table(['B'], [3]), table(['A', 'B'], [1, 2], [null, 3])],
  ])('%s', async (MergeMode, SecondDataTable, after) => {
    const FirstDataTable = first();
    const untouched = structuredClone({ ...SecondDataTable });
    await run('MergeDataTables', { FirstDataTable, SecondDataTable, MergeMode });
    expect(FirstDataTable).toEqual(after);
    expect({ ...SecondDataTable }, 'the second table stays as it is').toEqual(untouched);
  });

  it('a table doubles when it is merged with itself', async () => {
    const itself = first();
    await run('MergeDataTables', { FirstDataTable: itself, SecondDataTable: itself });
    expect(itself).toEqual(table(['A', 'B'], [1, 2], [1, 2]));
  });
});

describe('Filter data table', () => {
  const stock = table(
    ['Item', 'Count', 'Note'],
    ['apple', 5, ''],
    ['Pear', 10, 'ripe'],
    ['plum', 20, null],
    ['grape', null, 'Ripe'],
  );
  const rules = (...rows: Value[][]) => table(['RULE', 'COLUMN', 'OPERATOR', 'VALUE'], ...rows);

  it.each<[rows: Value[][], matchCase: boolean, items: string[]]>([
    [[], true, ['apple', 'Pear', 'plum', 'grape']],
    [[['', 'Item', 'Equal', 'apple']], true, ['apple']],
    [[['', 'item', 'Equal', 'pear']], true, []],
    [[['', 'item', 'Equal', 'pear']], false, ['Pear']],
    [[['', 0, 'NotEqual', 'apple']], true, ['Pear', 'plum', 'grape']],
    [[['', '1', 'Equal', '10']], true, ['Pear']],
    [[['Or', 'Count', 'GreaterThan', 5]], true, ['Pear', 'plum']],
    [[['', 'Count', 'GreaterThanOrEqual', '10']], true, ['Pear', 'plum']],
    [[['', 'Count', 'LessThan', 10]], true, ['apple']],
    [[['', 'Count', 'LessOrEqual', 10]], true, ['apple', 'Pear']],
    [[['', 'Item', 'Contains', 'p']], true, ['apple', 'plum', 'grape']],
    [[['', 'Item', 'Contains', 'P']], false, ['apple', 'Pear', 'plum', 'grape']],
    [[['', 'Item', 'NotContains', 'pl']], true, ['Pear', 'grape']],
    [[['', 'Count', 'Contains', 0]], true, ['Pear', 'plum']],
    [[['', 'Item', 'StartsWith', 'p']], true, ['plum']],
    [[['', 'Item', 'NotStartsWith', 'p']], false, ['apple', 'grape']],
    [[['', 'Item', 'EndsWith', 'e']], true, ['apple', 'grape']],
    [[['', 'Item', 'NotEndsWith', 'e']], true, ['Pear', 'plum']],
    [[['', 'Note', 'IsEmpty', '']], true, ['apple', 'plum']],
    [[['', 'Note', 'IsNotEmpty', '']], true, ['Pear', 'grape']],
    [[['', 'Count', 'IsBlank', '']], true, ['grape']],
    [[['', 'Count', 'IsNotBlank', '']], true, ['apple', 'Pear', 'plum']],
    [
      [
        ['And', 'Item', 'Equal', 'plum'],
        ['Or', 'Item', 'Equal', 'apple'],
      ],
      true,
      ['apple', 'plum'],
    ],
    [
      [
        ['Or', 'Count', 'GreaterThan', 5],
        ['And', 'Note', 'IsNotEmpty', ''],
      ],
      true,
      ['Pear'],
    ],
    // And binds stronger than Or
    [
      [
        ['', 'Item', 'Equal', 'apple'],
        ['Or', 'Item', 'Contains', 'l'],
        ['And', 'Count', 'Equal', 20],
      ],
      true,
      ['apple', 'plum'],
    ],
  ])('%j, match case %s: %j', async (rows, MatchCase, items) => {
    const result = await run('FilterDataTable', {
      DataTable: stock,
      FilterParameters: rules(...rows),
      MatchCase,
    });
    const filtered = result.outputs?.FilteredDataTable as Datatable;
    expect(filtered.columns).toEqual(stock.columns);
    expect(filtered.rows.map(([item]) => item)).toEqual(items);
    expect(stock.rows, 'the table itself stays as it is').toHaveLength(4);
  });
});

describe('Join data tables', () => {
  const orders = table(['Id', 'Customer'], [1, 'c1'], [2, 'c2'], [3, 'c9']);
  const customers = table(['Id', 'Name'], ['c1', 'Ann'], ['c2', 'Bob'], ['c3', 'Cyd']);
  const rules = table(['FIRST COLUMN', 'OPERATOR', 'SECOND COLUMN'], ['Customer', 'Equal', 'Id']);

  it.each<[operation: string, rows: Value[][]]>([
    [
      'Inner',
      [
        [1, 'c1', 'c1', 'Ann'],
        [2, 'c2', 'c2', 'Bob'],
      ],
    ],
    [
      'Left',
      [
        [1, 'c1', 'c1', 'Ann'],
        [2, 'c2', 'c2', 'Bob'],
        [3, 'c9', null, null],
      ],
    ],
    [
      'Full',
      [
        [1, 'c1', 'c1', 'Ann'],
        [2, 'c2', 'c2', 'Bob'],
        [3, 'c9', null, null],
        [null, null, 'c3', 'Cyd'],
      ],
    ],
  ])('%s', async (JoinOperation, rows) => {
    const result = await run('JoinDataTable', {
      FirstDataTable: orders,
      SecondDataTable: customers,
      JoinOperation,
      JoinParameters: rules,
    });
    expect(result.outputs?.JoinedDataTable).toEqual(table(['Id', 'Customer', 'Id_1', 'Name'], ...rows));
  });
});

describe('Find or replace in data table', () => {
  const goods = () => table(['A', 'B'], ['cat', 'Cathy'], ['dog', 1], ['cat.', 12]);

  it.each<[variant: string, given: Arguments, matches: Value[][]]>([
    [
      'FindItemInDataTableEverywhere',
      { ValueToFind: 'cat' },
      [
        [0, 0],
        [0, 1],
        [2, 0],
      ],
    ],
    ['FindItemInDataTableEverywhere', { ValueToFind: 'cat', AllMatches: false }, [[0, 0]]],
    ['FindItemInDataTableEverywhere', { ValueToFind: 'Cat', MatchCase: true }, [[0, 1]]],
    ['FindItemInDataTableEverywhere', { ValueToFind: 'CAT', MatchEntireCellContents: true }, [[0, 0]]],
    [
      'FindItemInDataTableEverywhere',
      { ValueToFind: '1' },
      [
        [1, 1],
        [2, 1],
      ],
    ],
    ['FindItemInDataTableEverywhere', { ValueToFind: '.' }, [[2, 0]]],
    ['FindItemInDataTableByColumnIndex', { ValueToFind: 'cat', ColumnNameOrIndex: 'B' }, [[0, 1]]],
    [
      'FindItemInDataTableByColumnIndex',
      { ValueToFind: 'cat', ColumnNameOrIndex: 0 },
      [
        [0, 0],
        [2, 0],
      ],
    ],
    [
      'FindItemInDataTableWithRegexEverywhere',
      { ValueToFind: '^\\d+$' },
      [
        [1, 1],
        [2, 1],
      ],
    ],
    ['FindItemInDataTableWithRegexByColumnIndex', { ValueToFind: '^c', ColumnNameOrIndex: 'b' }, []],
  ])('%s %j: %j', async (variant, given, matches) => {
    const before = goods();
    const result = await run(`FindOrReplaceInDataTable.${variant}`, { DataTable: before, ...given });
    expect(result.outputs?.DataTableMatches).toEqual(table(['Row', 'Column'], ...matches));
    expect(before, 'finding changes nothing').toEqual(goods());
  });

  it.each<[variant: string, given: Arguments, after: Value[][]]>([
    [
      'ReplaceItemInDataTableEverywhere',
      { ValueToFind: 'cat', TextToReplaceWith: '$1' },
      [
        ['$1', '$1hy'],
        ['dog', 1],
        ['$1.', 12],
      ],
    ],
    [
      'ReplaceItemInDataTableEverywhere',
      { ValueToFind: 'cat', TextToReplaceWith: 'x', AllMatches: false },
      [
        ['x', 'Cathy'],
        ['dog', 1],
        ['cat.', 12],
      ],
    ],
    [
      'ReplaceItemInDataTableByColumnIndex',
      { ValueToFind: '1', TextToReplaceWith: '7', ColumnNameOrIndex: 'B' },
      [
        ['cat', 'Cathy'],
        ['dog', '7'],
        ['cat.', '72'],
      ],
    ],
    [
      'ReplaceItemInDataTableWithRegexEverywhere',
      { ValueToFind: '(\\d)(\\d)', TextToReplaceWith: '$2$1' },
      [
        ['cat', 'Cathy'],
        ['dog', 1],
        ['cat.', '21'],
      ],
    ],
    [
      'ReplaceItemInDataTableWithRegexByColumnIndex',
      { ValueToFind: 'o', TextToReplaceWith: '0', ColumnNameOrIndex: 0 },
      [
        ['cat', 'Cathy'],
        ['d0g', 1],
        ['cat.', 12],
      ],
    ],
  ])('%s %j: %j', async (variant, given, after) => {
    const DataTable = goods();
    await run(`FindOrReplaceInDataTable.${variant}`, { DataTable, ...given });
    expect(DataTable.rows).toEqual(after);
  });
});

describe('tables, lists and CSV text', () => {
  it.each<[id: string, given: Arguments, outputs: Arguments]>([
    ['CreateNewDatatable', {}, { DataTable: table([]) }],
    ['CreateNewDatatable', { InputTable: people() }, { DataTable: people() }],
    [
      'RetrieveDataTableColumnIntoList',
      { DataTable: people(), ColumnNameOrIndex: 'name' },
      { ColumnAsList: ['Ann', 'Bob', 'ann'] },
    ],
    [
      'RetrieveDataTableColumnIntoList',
      { DataTable: people(), ColumnNameOrIndex: 1 },
      { ColumnAsList: [30, 20, 40] },
    ],
    [
      'RetrieveDataTableColumnIntoList',
      { DataTable: new Datarow(people(), ['Zoe', 1]), ColumnNameOrIndex: 0 },
      { ColumnAsList: ['Zoe'] },
    ],
    [
      'GenerateDataTableFromCSV.ReadPredefinedSeparator',
      {
        CSVText: 'Name,Age\r\n Ann , 30\r\n"B, C",\r\n',
        FirstLineContainsColumnNames: true,
        ColumnsSeparator: 'Comma',
      },
      { CSVTable: table(['Name', 'Age'], ['Ann', 30], ['B, C', '']) },
    ],
    [
      'GenerateDataTableFromCSV.ReadPredefinedSeparator',
      { CSVText: '1.50\t007\t12345678901234567\t2024-01-31\t-2', ColumnsSeparator: 'Tab' },
      {
        CSVTable: table(
          ['Column1', 'Column2', 'Column3', 'Column4', 'Column5'],
          [1.5, '007', '12345678901234567', '2024-01-31', -2],
        ),
      },
    ],
    [
      'GenerateDataTableFromCSV.ReadPredefinedSeparator',
      { CSVText: '5;6', ColumnsSeparator: 'Semicolon', ReadFieldsAsText: true },
      { CSVTable: table(['Column1', 'Column2'], ['5', '6']) },
    ],
    [
      'GenerateDataTableFromCSV.ReadCustomSeparator',
      { CSVText: 'a || b\nc', CustomColumnsSeparator: '||', TrimFields: false },
      { CSVTable: table(['Column1', 'Column2'], ['a ', ' b'], ['c', '']) },
    ],
    [
      'GenerateDataTableFromCSV.ReadFixedColumnWidths',
      { CSVText: 'AnnBerlin\nBobRome', FixedColumnWidths: '3,0' },
      { CSVTable: table(['Column1', 'Column2'], ['Ann', 'Berlin'], ['Bob', 'Rome']) },
    ],
    [
      'ConvertDataTableToCSV.DataTableToCSVCommonSeparator',
      { DataTable: people(), ColumnsSeparator: 'Semicolon', IncludeColumnNames: true },
      { CSVText: 'Name;Age\r\nAnn;30\r\nBob;20\r\nann;40' },
    ],
    [
      'ConvertDataTableToCSV.DataTableToCSVCustomSeparator',
      { DataTable: table(['A', 'B'], ['x|y', true]), CustomColumnsSeparator: '|' },
      { CSVText: '"x|y"|True' },
    ],
  ])('%s %o', async (id, given, outputs) => {
    expect(await run(id, given)).toEqual({ outputs });
  });

  it('a new table shares nothing with the table it was made from', async () => {
    const InputTable = people();
    const { outputs } = await run('CreateNewDatatable', { InputTable });
    rowsOf(outputs?.DataTable)[0]?.fill('changed');
    expect(InputTable).toEqual(people());
  });

  it('CSV text reads back as the same table', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '1', ',', ';', '"', '\n', ' ', "'"), minLength: 1 });
    const rows = fc.array(fc.array(cell, { minLength: 2, maxLength: 2 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(rows, async (cells) => {
        const written = await run('ConvertDataTableToCSV.DataTableToCSVCustomSeparator', {
          DataTable: table(['A', 'B'], ...cells),
          CustomColumnsSeparator: ';',
        });
        const read = await run('GenerateDataTableFromCSV.ReadCustomSeparator', {
          CSVText: written.outputs?.CSVText as string,
          CustomColumnsSeparator: ';',
          TrimFields: false,
          ReadFieldsAsText: true,
        });
        expect(rowsOf(read.outputs?.CSVTable)).toEqual(cells);
      }),
    );
  });

  it('sorting a table keeps its rows whole and equal rows in their order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 5 })), async (keys) => {
        const DataTable = table(['Key', 'Place'], ...keys.map((key, place) => [key, place]));
        await run('SortDataTable.SortWithColumnName', { DataTable, ColumnName: 'Key' });
        const expected = keys
          .map((key, place) => [key, place] as [number, number])
          .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
        expect(DataTable.rows).toEqual(expected);
      }),
    );
  });
});

describe('errors', () => {
  it.each<[id: string, given: Arguments, code: string]>([
    [
      'AddRowToDataTable.AppendRowToDataTable',
      { DataTable: people(), RowToAdd: ['x'] },
      'InvalidInputArgumentsError',
    ],
    [
      'AddRowToDataTable.AppendRowToDataTable',
      { DataTable: people(), RowToAdd: 'x' },
      'IncompatibleTypeError',
    ],
    [
      'AddRowToDataTable.InsertItemToDataTable',
      { DataTable: people(), RowToAdd: ['x', 1], RowIndex: 4 },
      'ItemIndexOutOfRangeError',
    ],
    [
      'AddColumnToDataTable.AppendColumnToDataTable',
      { DataTable: people(), ColumnName: 'NAME' },
      'DuplicateColumnNameError',
    ],
    [
      'AddColumnToDataTable.InsertColumnToDataTable',
      { DataTable: people(), ColumnName: 'X', ColumnIndex: 3 },
      'ColumnIndexOutOfRangeError',
    ],
    [
      'DeleteColumnFromDataTable.DeleteColumnWithName',
      { DataTable: people(), ColumnName: 'City' },
      'ColumnNameNotFoundError',
    ],
    [
      'DeleteColumnFromDataTable.DeleteColumnWithName',
      { DataTable: people(), ColumnName: '0' },
      'ColumnNameNotFoundError',
    ],
    [
      'DeleteColumnFromDataTable.DeleteColumnWithIndex',
      { DataTable: people(), ColumnIndex: 2 },
      'ColumnIndexOutOfRangeError',
    ],
    ['DeleteRowFromDataTable', { DataTable: people(), RowIndex: 3 }, 'ItemIndexOutOfRangeError'],
    [
      'ModifyDataTableItem',
      { DataTable: people(), ColumnNameOrIndex: 'City', RowIndex: 0, Value: 1 },
      'ColumnNameNotFoundError',
    ],
    [
      'ModifyDataTableItem',
      { DataTable: people(), ColumnNameOrIndex: 2, RowIndex: 0, Value: 1 },
      'ColumnIndexOutOfRangeError',
    ],
    [
      'ModifyDataTableItem',
      { DataTable: people(), ColumnNameOrIndex: '-1', RowIndex: 0, Value: 1 },
      'ColumnIndexOutOfRangeError',
    ],
    [
      'ModifyDataTableItem',
      { DataTable: people(), ColumnNameOrIndex: 0, RowIndex: -1, Value: 1 },
      'ItemIndexOutOfRangeError',
    ],
    ['DeleteDuplicateRowsFromDataTable', { DataTable: table(['A'], [1], ['1']) }, 'ColumnTypeMismatchError'],
    [
      'SortDataTable.SortWithColumnName',
      { DataTable: table(['A'], [1], ['a']), ColumnName: 'A' },
      'ColumnTypeMismatchError',
    ],
    [
      'SortDataTable.SortWithColumnIndex',
      { DataTable: people(), ColumnIndex: 9 },
      'ColumnIndexOutOfRangeError',
    ],
    [
      'FilterDataTable',
      {
        DataTable: people(),
        FilterParameters: table(['RULE', 'COLUMN', 'OPERATOR', 'VALUE'], ['', 'City', 'Equal', 1]),
      },
      'ColumnNameNotFoundError',
    ],
    [
      'FilterDataTable',
      {
        DataTable: people(),
        FilterParameters: table(['COLUMN', 'OPERATOR', 'VALUE'], ['Age', 'GreaterThan', 'old']),
      },
      'ColumnTypeMismatchError',
    ],
    [
      'FilterDataTable',
      {
        DataTable: people(),
        FilterParameters: table(['COLUMN', 'OPERATOR', 'VALUE'], ['Age', 'Resembles', 1]),
      },
      'ActionFailed',
    ],
    [
      'MergeDataTables',
      { FirstDataTable: people(), SecondDataTable: table(['City']), MergeMode: 'ErrorOnExtraColumns' },
      'MissingSchemaError',
    ],
    [
      'RetrieveDataTableColumnIntoList',
      { DataTable: people(), ColumnNameOrIndex: 'City' },
      'ColumnNameNotFoundError',
    ],
    [
      'FindOrReplaceInDataTable.FindItemInDataTableWithRegexEverywhere',
      { DataTable: people(), ValueToFind: '(' },
      'InvalidRegularExpressionError',
    ],
    [
      'GenerateDataTableFromCSV.ReadCustomSeparator',
      { CSVText: 'a,"b', CustomColumnsSeparator: ',' },
      'CSVParsingError',
    ],
    [
      'GenerateDataTableFromCSV.ReadCustomSeparator',
      { CSVText: 'a,a\n1,2', CustomColumnsSeparator: ',', FirstLineContainsColumnNames: true },
      'CSVParsingError',
    ],
    [
      'GenerateDataTableFromCSV.ReadCustomSeparator',
      { CSVText: 'a', CustomColumnsSeparator: '' },
      'CSVParsingError',
    ],
    [
      'GenerateDataTableFromCSV.ReadFixedColumnWidths',
      { CSVText: 'a', FixedColumnWidths: 'wide' },
      'CSVParsingError',
    ],
    [
      'ConvertDataTableToCSV.DataTableToCSVCustomSeparator',
      { DataTable: people(), CustomColumnsSeparator: '' },
      'ConversionError',
    ],
  ])('%s %o → %s', async (id, given, code) => {
    expect(await errorOf(run(id, given))).toMatch(new RegExp(`^${code}: .`));
  });

  it('refuses what is no table', async () => {
    expect(await errorOf(run('ClearDataTable', { DataTable: 'text' }))).toMatch(
      /^InvalidArgument: .*"DataTable"/,
    );
  });
});

const ids = (length: number) =>
  new Datatable(
    ['Id'],
    Array.from({ length }, (_, at) => [`id ${at}`]),
  );

describe('joining large tables', () => {
  const equalIds = table(['OPERATOR', 'A', 'B'], ['Equal', 'Id', 'Id']);
  const join = async (first: Datatable, second: Datatable, rules = equalIds, world = context) =>
    rowsOf(
      (
        await runAction(
          variablesActions,
          'Variables.JoinDataTable',
          { FirstDataTable: first, SecondDataTable: second, JoinOperation: 'Inner', JoinParameters: rules },
          world,
        )
      ).outputs?.JoinedDataTable,
    );

  it('finds the rows of one value without looking at all of them', async () => {
    const started = performance.now();
    expect(await join(ids(20_000), ids(20_000))).toHaveLength(20_000);
    // Twenty thousand times twenty thousand comparisons take half a minute.
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('values of different types that are equal still meet', async () => {
    expect(await join(table(['Id'], [1], ['2'], [null]), table(['Id'], ['1'], ['2'], ['']))).toEqual([
      [1, '1'],
      ['2', '2'],
      [null, ''],
    ]);
    expect(await join(table(['Id'], ['1'], [2]), table(['Id'], [1], [2]))).toEqual([
      ['1', 1],
      [2, 2],
    ]);
    expect(await join(table(['Id'], ['1'], ['a']), table(['Id'], ['1'], [1]))).toEqual([
      ['1', '1'],
      ['1', 1],
    ]);
  });

  it('a rule joined by Or looks at all rows', async () => {
    const rules = table(
      ['RULE', 'OPERATOR', 'A', 'B'],
      ['', 'Equal', 'Id', 'Id'],
      ['Or', 'Contains', 'Id', 'Id'],
    );
    expect(await join(table(['Id'], ['ab']), table(['Id'], ['a'], ['x'], ['ab']), rules)).toEqual([
      ['ab', 'a'],
      ['ab', 'ab'],
    ]);
  });
});

describe('a run can be stopped in the middle of', () => {
  slowClock();
  it.each<[string, Arguments]>([
    [
      'JoinDataTable',
      {
        FirstDataTable: ids(2_000),
        SecondDataTable: ids(2_000),
        JoinParameters: table(['OPERATOR', 'A', 'B'], ['NotEqual', 'Id', 'Id']),
      },
    ],
    ['SortDataTable.SortWithColumnIndex', { DataTable: ids(20_000), ColumnIndex: 0 }],
    ['DeleteDuplicateRowsFromDataTable', { DataTable: ids(2_000) }],
    ['FindOrReplaceInDataTable.FindItemInDataTableEverywhere', { DataTable: ids(2_000), ValueToFind: 'x' }],
    ['ConvertDataTableToCSV.DataTableToCSVCommonSeparator', { DataTable: ids(2_000) }],
    ['GenerateDataTableFromCSV.ReadPredefinedSeparator', { CSVText: 'a,b,c\n'.repeat(2_000) }],
  ])('%s', async (id, given) => {
    const stop = new AbortController();
    const work = runAction(
      variablesActions,
      `Variables.${id}`,
      given,
      contextIn('/flows', { signal: stop.signal }),
    );
    setTimeout(() => stop.abort(new Error('stopped')), 0);
    await expect(work).rejects.toThrow('stopped');
  });
});

it('rows are duplicates only when all of their cells are the same', async () => {
  const given = table(['A', 'B'], ['a', 'b1 c'], ['a', 'b1 c'], ['ab', '1 c'], ['', 'ab1 c'], ['a', 'b1 C']);
  await run('DeleteDuplicateRowsFromDataTable', { DataTable: given });
  expect(given.rows).toEqual([
    ['a', 'b1 c'],
    ['ab', '1 c'],
    ['', 'ab1 c'],
    ['a', 'b1 C'],
  ]);
});
