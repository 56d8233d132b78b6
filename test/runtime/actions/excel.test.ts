// The Excel actions, each on a real workbook, and each documented error of theirs.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { actionIds, type CatalogAction, findAction } from '../../../src/language/catalog/catalog.ts';
import { excelActions } from '../../../src/runtime/actions/excel/index.ts';
import {
  CustomObject,
  Datarow,
  Datatable,
  FileValue,
  FlowDatetime,
  type Value,
} from '../../../src/runtime/values.ts';
import { argumentsOf, errorOf } from './arguments.ts';
import { checkFile, excelIn, sheetXml, stylesWith, writeWorkbook } from './excelWorld.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const folder = temporaryFolder();

async function blankBook() {
  const place = await folder();
  const excel = excelIn(place);
  return { place, excel, book: await excel.blank() };
}

/** A table with a header in A1: name, city, amount. */
const people = (): Value => [
  ['Name', 'City', 'Amount'],
  ['Eve', 'Paris', 5],
  ['adam', 'Rome', 12],
  ['Bob', 'paris', 3],
  ['Cleo', null, 40],
  ['Dan', 'Oslo', null],
];

test('all Excel actions of the catalog are carried out but these', () => {
  const ids = excelActions.map(({ id }) => id);
  const wanted = actionIds().filter((id) => {
    const found = findAction(id);
    return id.startsWith('Excel.') && found?.replacedBy === undefined && !found?.definition.removed;
  });
  expect(wanted.filter((id) => !ids.includes(id))).toEqual([
    'Excel.AutoFillCells.AutoFillCellsFromCoordinates',
    'Excel.AutoFillCells.AutoFillNamedCells',
    'Excel.CopyExcelWorksheet.CopyWorksheetWithIndex',
    'Excel.CopyExcelWorksheet.CopyWorksheetWithName',
    'Excel.RunMacro',
  ]);
});

test('an action on a closed workbook fails with an error the catalog knows for it', async () => {
  const { excel, book } = await blankBook();
  await book.do('CloseExcel.Close');
  let tried = 0;
  for (const definition of excelActions) {
    const entry = findAction(definition.id)?.definition as CatalogAction;
    if (!entry.arguments.some(({ name }) => name === 'Instance')) continue;
    const given = Object.fromEntries(
      entry.arguments.filter(({ required }) => required).map(({ name }) => [name, 'x' as Value]),
    );
    const args = argumentsOf(definition.id, { ...given, Instance: book.instance }, '/');
    const [code, message] = (await errorOf(Promise.resolve(definition.run(args, excel.context)))).split(': ');
    expect(
      entry.errorNames.map(({ name }) => name),
      definition.id,
    ).toContain(code);
    expect(message).toBe('The Excel instance with "Book1" was closed.');
    tried++;
  }
  expect(tried).toBe(excelActions.length - 6);
});

describe('instances', () => {
  test('attach finds what an instance of the run has open, by path, name or file; nothing else', async () => {
    const { place, excel, book } = await blankBook();
    await book.write('A1', 'mine');
    await book.saveAs('Report.xlsx');
    for (const name of [
      'Report.xlsx',
      'report',
      join(place, 'Report.xlsx'),
      new FileValue(join(place, 'Report.xlsx'), new Map()),
    ]) {
      const { Instance } = await excel.call('Attach', { DocumentName: name });
      expect(await excel.book(Instance as Value).read('A1')).toBe('mine');
    }
    expect(await errorOf(excel.call('Attach', { DocumentName: 'Other.xlsx' }))).toContain(
      'SpecifiedExcelDocumentNotFoundError: No open workbook of this run is called "Other.xlsx"',
    );
    await book.do('CloseExcel.Close');
    expect(await errorOf(excel.call('Attach', { DocumentName: 'Report.xlsx' }))).toContain(
      'SpecifiedExcelDocumentNotFoundError',
    );
  });

  test('what was not saved is gone when the run ends', async () => {
    const { place, excel, book } = await blankBook();
    await book.write('A1', 1);
    await book.saveAs('a.xlsx');
    await book.write('A1', 2);
    await excel.context.close();
    expect(await errorOf(book.read('A1'))).toContain('was closed');
    expect(await (await excelIn(place).open('a.xlsx')).read('A1')).toBe(1);
  });

  test('a workbook that is open already is shared under an existing process, and read-only under its own', async () => {
    const { excel, book } = await blankBook();
    await book.saveAs('a.xlsx');
    await book.write('A1', 'unsaved');
    const { Instance } = await excel.call('LaunchExcel.LaunchAndOpenUnderExistingProcess', {
      Path: 'a.xlsx',
    });
    expect(await excel.book(Instance as Value).read('A1')).toBe('unsaved');
    const other = await excel.open('a.xlsx');
    expect(await other.read('A1')).toBeNull();
    expect(await errorOf(other.do('SaveExcel.Save'))).toContain('read-only');
    expect(await errorOf(other.saveAs('a.xlsx'))).toContain('is open in another Excel instance of this run');
  });

  test('something else in place of an instance', async () => {
    const { excel } = await blankBook();
    expect(await errorOf(excel.call('GetAllWorksheets', { Instance: 'no' }))).toContain(
      'expects an Excel instance',
    );
    const book = await excel.blank();
    await book.do('CloseExcel.Close');
    expect(await errorOf(book.do('CloseExcel.Close'))).toContain(
      'CloseExcelInstanceError: The Excel instance with "Book1" was closed.',
    );
  });
});

describe('writing', () => {
  test.each<[string, Value, Value, string]>([
    ['a number', 1.5, 1.5, '1.5'],
    ['text that is a number', '007', 7, '7'],
    ['a percentage', '12.5%', 0.125, '12.50%'],
    ['a word', 'word', 'word', 'word'],
    ['text marked as text', "'007", '007', '007'],
    ['True', true, true, 'TRUE'],
    ['a date', FlowDatetime.of(2024, 1, 31), FlowDatetime.of(2024, 1, 31), '1/31/2024'],
    [
      'a date with time',
      FlowDatetime.of(2024, 1, 31, 13, 5, 9),
      FlowDatetime.of(2024, 1, 31, 13, 5, 9),
      '1/31/2024 13:05',
    ],
    ['a date as text', '2024-01-31', FlowDatetime.of(2024, 1, 31), '1/31/2024'],
    ['a date before Excel', FlowDatetime.of(1850, 1, 1), '01/01/1850 00:00:00', '01/01/1850 00:00:00'],
    [
      'lines, tabs and odd characters',
      'a\nb\tc <&> "é" 😀 \u0001 _x0041_',
      'a\nb\tc <&> "é" 😀 \u0001 _x0041_',
      'a\nb\tc <&> "é" 😀 \u0001 _x0041_',
    ],
    ['an object', new CustomObject([['k', 1]]), '{ "k": 1 }', '{ "k": 1 }'],
    ['nothing', null, null, ''],
    ['an empty text', '', null, ''],
    ['an error value', '#N/A', '#N/A', '#N/A'],
    ['a formula', '=1+1', 2, '2'],
  ])('%s, also after saving', async (_, value, typed, shown) => {
    const { place, book } = await blankBook();
    await book.write('B2', value);
    expect([await book.read('B2'), await book.read('B2', 'FormattedTextValues')]).toEqual([typed, shown]);
    await book.saveAs('a.xlsx');
    await checkFile(join(place, 'a.xlsx'));
    const again = await excelIn(place).open('a.xlsx');
    expect([await again.read('B2'), await again.read('B2', 'FormattedTextValues')]).toEqual([typed, shown]);
  });

  test('tables, rows, lists and lists of lists fill cells to the right and below', async () => {
    const { book } = await blankBook();
    const table = new Datatable(
      ['a', 'b'],
      [
        [1, 2],
        [3, 4],
      ],
    );
    await book.write('A1', table);
    await book.write('D1', ['x', 'y', 'z']);
    await book.write('E1', new Datarow(table, [8, 9]));
    await book.write('E2', [[1, 2], 3]);
    expect((await book.all()).rows).toEqual([
      [1, 2, null, 'x', 8, 9],
      [3, 4, null, 'y', 1, 2],
      [null, null, null, 'z', 3, null],
    ]);
    await book.write('A1', []);
    expect(await book.read('A1')).toBe(1);
  });

  test('cells keep their formats; text cells keep text', async () => {
    const path = await writeWorkbook(join(await folder(), 'a.xlsx'), {
      styles: stylesWith('@', '0.0', 'yyyy-mm-dd'),
      sheets: {
        Data: sheetXml(
          '<cols><col min="4" max="4" style="2" width="9"/></cols>',
          '<row r="1"><c r="A1" s="1"/><c r="B1" s="2"/><c r="C1" s="3"/></row><row r="2" s="1" customFormat="1"/>',
          '',
        ),
      },
    });
    const book = await excelIn(await folder()).open(path);
    await book.write('A1', [['007', '7', '2024-01-31', '2.25']]);
    await book.write('A2', ['0042']);
    expect((await book.all({ GetCellContentsMode: 'FormattedTextValues' })).rows).toEqual([
      ['007', '7.0', '2024-01-31', '2.3'],
      ['0042', '', '', ''],
    ]);
  });

  test('at the active cell, at a name, into all cells of a name', async () => {
    const path = await writeWorkbook(join(await folder(), 'a.xlsx'), {
      workbook:
        '<definedNames><definedName name="Box">Data!$B$2:$C$3</definedName><definedName name="Box" localSheetId="1">\'It\'\'s\'!$A$1</definedName></definedNames>',
      sheets: { Data: '', "It's": '' },
    });
    const book = await excelIn(await folder()).open(path);
    await book.do('ActivateCellInExcel.ActivateCell', { Column: 'D', Row: 4 });
    await book.do('WriteToExcel.Write', { Value: 'active' });
    await book.do('WriteToExcel.WriteNamedCell', { CellName: 'box', Value: 1, WriteToAllCells: true });
    await book.do('WriteToExcel.WriteNamedCell', { CellName: 'C5', Value: 'five' });
    const { RangeValue } = await book.do('ReadFromExcel.ReadNamedCell', { CellName: 'Box' });
    expect((RangeValue as Datatable).rows).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect((await book.all()).rows.at(-1)).toEqual([null, 'five', null]);
    await book.do('SetActiveWorksheet.ActivateWorksheetByIndex', { Index: 2 });
    await book.do('WriteToExcel.WriteNamedCell', { CellName: 'Box', Value: 'local' });
    expect(await book.read('A1')).toBe('local');
    expect(await errorOf(book.do('WriteToExcel.WriteNamedCell', { CellName: 'Nothing', Value: 1 }))).toBe(
      'WriteValueToExcelError: The workbook has no cells with the name "Nothing".',
    );
  });

  test('what does not fit is refused, and nothing of it is written', async () => {
    const { book } = await blankBook();
    expect(await errorOf(book.write('A1048576', [1, 2]))).toContain(
      'WriteValueToExcelError: 2 rows and 1 columns do not fit on the worksheet from A1048576 on',
    );
    expect(await errorOf(book.write('A1', 'x'.repeat(40_000)))).toContain(
      'WriteValueToExcelError: A text of 40000 characters does not fit into A1',
    );
    expect(await errorOf(book.write('A1', 1 / 0))).toContain('WriteValueToExcelError');
    expect(await errorOf(book.do('WriteToExcel.WriteCell', { Value: 1, Column: 'A', Row: 0 }))).toContain(
      'WriteValueToExcelError: Row 0, column 1 is outside',
    );
    expect(await errorOf(book.do('WriteToExcel.WriteCell', { Value: 1, Column: 'XYZW', Row: 1 }))).toContain(
      'InvalidArgument',
    );
    expect(await errorOf(book.do('WriteToExcel.WriteCell', { Value: 1, Column: 0, Row: 1 }))).toContain(
      'InvalidArgument',
    );
    expect((await book.all()).rows).toEqual([[null]]);
  });

  test('protected sheets and parts of array formulas cannot be changed', async () => {
    const path = await writeWorkbook(join(await folder(), 'a.xlsx'), {
      styles: stylesWith('0').replace(
        '</cellXfs>',
        '<xf numFmtId="0" applyProtection="1"><protection locked="0"/></xf></cellXfs>',
      ),
      sheets: {
        Safe: sheetXml('', '<row r="1"><c r="A1" s="2"/></row>', '<sheetProtection sheet="1"/>'),
        Array:
          '<row r="1"><c r="A1"><f t="array" ref="A1:A2">ROW(A1:A2)</f><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row>',
      },
    });
    const book = await excelIn(await folder()).open(path);
    await book.write('A1', 5);
    expect(await errorOf(book.write('B1', 5))).toBe(
      'WriteValueToExcelError: The worksheet "Safe" is protected: the cell B1 is locked.',
    );
    expect(await errorOf(book.do('InsertRow', { Index: 1 }))).toContain(
      'InsertRowError: The worksheet "Safe" is protected',
    );
    expect(
      await errorOf(
        book.do('ClearCellsFromExcel.ClearSingleCell', { SingleCellColumn: 'B', SingleCellRow: 1 }),
      ),
    ).toContain('ClearCellsError');
    await book.do('SetActiveWorksheet.ActivateWorksheetByName', { Name: 'Array' });
    expect(await errorOf(book.write('A2', 5))).toContain('A part of the array formula in A1:A2');
    expect(await errorOf(book.do('InsertRow', { Index: 2 }))).toContain(
      'InsertRowError: In the worksheet "Array", a part of the array formula',
    );
    await book.write('A1', [7, 8]);
    expect((await book.all()).rows).toEqual([[7], [8]]);
  });
});

describe('reading', () => {
  test('ranges with a header, whichever corner comes first, empty cells included', async () => {
    const { book } = await blankBook();
    await book.write('B2', people());
    const read = async (given: Readonly<Record<string, Value>>) =>
      (await book.do('ReadFromExcel.ReadCells', given)).RangeValue as Datatable;
    const table = await read({
      StartColumn: 'D',
      StartRow: 4,
      EndColumn: 2,
      EndRow: 2,
      FirstLineIsHeader: true,
    });
    expect([table.columns, table.rows]).toEqual([
      ['Name', 'City', 'Amount'],
      [
        ['Eve', 'Paris', 5],
        ['adam', 'Rome', 12],
      ],
    ]);
    const wider = await read({ StartColumn: 'A', StartRow: 1, EndColumn: 'B', EndRow: 2 });
    expect([wider.columns, wider.rows]).toEqual([
      ['Column1', 'Column2'],
      [
        [null, null],
        [null, 'Name'],
      ],
    ]);
    await book.do('SelectCellsFromExcel.SelectCells', {
      StartColumn: 'B',
      StartRow: 2,
      EndColumn: 'B',
      EndRow: 3,
    });
    expect(((await book.do('ReadFromExcel.Read', {})).RangeValue as Datatable).rows).toEqual([
      ['Name'],
      ['Eve'],
    ]);
    await book.write('C2', 'NAME');
    expect(
      await errorOf(
        read({ StartColumn: 'B', StartRow: 2, EndColumn: 'D', EndRow: 4, FirstLineIsHeader: true }),
      ),
    ).toBe('ReadCellValuesError: Two columns of the range are called "NAME" (columns 1 and 2 of the range).');
    expect(
      await errorOf(read({ StartColumn: 'A', StartRow: 1, EndColumn: 'XFD', EndRow: 1_048_576 })),
    ).toContain('more than the 50000000 a data table can hold');
    expect(
      await errorOf(read({ StartColumn: 'A', StartRow: 1, EndColumn: 'B', EndRow: 2_000_000 })),
    ).toContain('ReadCellValuesError: Row 2000000');
  });

  test('formulas are shown as a person sees them', async () => {
    const { place, book } = await blankBook();
    await book.write('A1', '=concat("a",ifna(A2,1))');
    expect(await book.formula('A1')).toBe('=CONCAT("a",IFNA(A2,1))');
    expect(await book.formula('A2')).toBe('');
    await book.saveAs('a.xlsx');
    expect((await checkFile(join(place, 'a.xlsx'))).get('xl/worksheets/sheet1.xml')?.toString()).toContain(
      '<f>_xlfn.CONCAT(',
    );
    expect((await book.do('ReadCellFormula.ReadFormulaFromNamedCell', { CellName: 'A1' })).CellFormula).toBe(
      '=CONCAT("a",IFNA(A2,1))',
    );
    expect(
      await errorOf(book.do('ReadCellFormula.ReadFormulaFromNamedCell', { CellName: 'None' })),
    ).toContain('ReadFormulaFromCellError');
  });

  test('first free column and row, also on one column', async () => {
    const { book } = await blankBook();
    expect(await book.do('GetFirstFreeColumnRow')).toEqual({ FirstFreeColumn: 1, FirstFreeRow: 1 });
    await book.write('B2', people());
    expect(await book.do('GetFirstFreeColumnRow')).toEqual({ FirstFreeColumn: 5, FirstFreeRow: 8 });
    expect(await book.do('GetFirstFreeRowOnColumn', { Column: 'D' })).toEqual({ FirstFreeRowOnColumn: 7 });
    expect(await book.do('GetFirstFreeRowOnColumn', { Column: 1 })).toEqual({ FirstFreeRowOnColumn: 1 });
  });

  test('empty cells of a range', async () => {
    const { book } = await blankBook();
    await book.write('A1', people());
    const range = { StartColumn: 'A', StartRow: 1, EndColumn: 'C', EndRow: 6 };
    const find = (variant: string, given: Readonly<Record<string, Value>> = {}) =>
      book.do(`GetEmptyCellFromExcel.GetEmptyCells${variant}`, { ...range, ...given });
    expect(await find('AbsoluteRangeFirstEmptyCell')).toEqual({
      EmptyCellRowIndex: 5,
      EmptyCellColumnIndex: 2,
    });
    expect(await find('AbsoluteRangeFirstEmptyCellInColumn', { SearchColumn: 'C' })).toEqual({
      EmptyCellRowIndex: 6,
      EmptyCellColumnIndex: 3,
    });
    expect(await find('AbsoluteRangeFirstEmptyCellInRow', { SearchRow: 6 })).toEqual({
      EmptyCellRowIndex: 6,
      EmptyCellColumnIndex: 3,
    });
    const all = (await find('AbsoluteRangeAllEmptyCells')).EmptyCells as Datatable;
    expect([all.columns, all.rows]).toEqual([
      ['Row', 'Column'],
      [
        [5, 2],
        [6, 3],
      ],
    ]);
    const named = await book.do('GetEmptyCellFromExcel.GetEmptyCellsNamedCellFirstEmptyCell', {
      NamedCell: 'C1:C9',
      EmptyCellsSearchDirection: 'Columns',
    });
    expect(named).toEqual({ EmptyCellRowIndex: 6, EmptyCellColumnIndex: 3 });
    expect(await errorOf(find('AbsoluteRangeFirstEmptyCell', { EndRow: 2 }))).toBe(
      'GetEmptyCellsError: The range has no empty cell.',
    );
    expect(await errorOf(find('AbsoluteRangeFirstEmptyCellInRow', { SearchRow: 9 }))).toContain(
      'row 9 is not within the range',
    );
  });

  test('lookups', async () => {
    const { book } = await blankBook();
    await book.write('A1', [
      [1, 'one'],
      [2, FlowDatetime.of(2024, 1, 31)],
      [3, 'three'],
    ]);
    const range = { StartColumn: 'A', StartRow: 1, EndColumn: 'B', EndRow: 3 };
    const look = async (LookupValue: Value) =>
      (await book.do('LookupRange.LookupRangeCoordinatesArray', { LookupValue, ...range })).Result;
    expect([await look(1), await look(2.5), await look(99)]).toEqual([
      'one',
      FlowDatetime.of(2024, 1, 31),
      'three',
    ]);
    expect(await errorOf(look(0))).toBe("LookupError: The value '0' was not found.");
    const results = { ValuesStartColumn: 'B', ValuesStartRow: 1, ValuesEndColumn: 'B', ValuesEndRow: 3 };
    expect(
      await book.do('LookupRange.LookupRangeCoordinatesNonArray', {
        LookupValue: 3,
        ...range,
        EndColumn: 'A',
        ...results,
      }),
    ).toEqual({ Result: 'three' });
    expect(
      await book.do('LookupRange.LookupRangeNamedCellNonArray', {
        LookupValue: 1,
        CellName: 'A1:A3',
        ValuesCellName: 'B1:B3',
      }),
    ).toEqual({ Result: 'one' });
    expect(
      await book.do('LookupRange.LookupRangeNamedCellArray', { LookupValue: 1, CellName: 'A1:B3' }),
    ).toEqual({ Result: 'one' });
  });

  test('trailing empty rows and columns of a name can be left out', async () => {
    const { book } = await blankBook();
    await book.write('A1', [
      [1, 2],
      [3, 4],
    ]);
    const read = async (TrimEmptyCells: boolean) =>
      (
        (await book.do('ReadFromExcel.ReadNamedCell', { CellName: 'A1:D5', TrimEmptyCells }))
          .RangeValue as Datatable
      ).rows;
    expect(await read(true)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect((await read(false)).map((row) => row.length)).toEqual([4, 4, 4, 4, 4]);
  });
});

describe('worksheets', () => {
  test('add, activate, rename, delete, list; all in the file afterwards', async () => {
    const { place, excel, book } = await blankBook();
    await book.do('AddWorksheet', { Name: 'Last one', WorksheetPosition: 'Last' });
    expect(await book.do('GetActiveWorksheet')).toEqual({ Name: 'Last one', Index: 2 });
    await book.write('A1', '=Sheet1!A1+1');
    await book.do('AddWorksheet', { Name: 'First', WorksheetPosition: 'First' });
    expect((await book.do('GetAllWorksheets')).Worksheets).toEqual(['First', 'Sheet1', 'Last one']);
    await book.do('RenameWorksheet.RenameWorksheetWithIndex', { Index: 2, NewName: "Bob's data" });
    await book.do('SetActiveWorksheet.ActivateWorksheetByName', { Name: 'LAST ONE' });
    expect(await book.formula('A1')).toBe("='Bob''s data'!A1+1");
    await book.saveAs('a.xlsx');
    await checkFile(join(place, 'a.xlsx'));
    const again = await excel.open('a.xlsx');
    expect(await again.do('GetActiveWorksheet')).toEqual({ Name: 'Last one', Index: 3 });
    await book.do('DeleteWorksheet.DeleteWorksheetByName', { Name: "bob's data" });
    expect([await book.formula('A1'), await book.read('A1')]).toEqual(['=#REF!+1', '#REF!']);
    await book.do('DeleteWorksheet.DeleteWorksheetByIndex', { Index: 2 });
    expect(await book.do('GetActiveWorksheet')).toEqual({ Name: 'First', Index: 1 });
    await book.saveAs('b.xlsx');
    const parts = await checkFile(join(place, 'b.xlsx'));
    expect([...parts.keys()].filter((name) => name.includes('worksheets/'))).toHaveLength(1);
  });

  test('errors name the worksheets there are', async () => {
    const { book } = await blankBook();
    const none = 'FindWorksheetError: "Book1" has no worksheet "x". Its worksheets are "Sheet1".';
    expect(await errorOf(book.do('SetActiveWorksheet.ActivateWorksheetByName', { Name: 'x' }))).toBe(none);
    expect(await errorOf(book.do('DeleteWorksheet.DeleteWorksheetByName', { Name: 'x' }))).toBe(none);
    expect(
      await errorOf(book.do('RenameWorksheet.RenameWorksheetWithName', { Name: 'x', NewName: 'y' })),
    ).toBe(none);
    expect(await errorOf(book.do('SetActiveWorksheet.ActivateWorksheetByIndex', { Index: 0 }))).toContain(
      'FindWorksheetError: "Book1" has no worksheet number 0. It has 1',
    );
    expect(await errorOf(book.do('DeleteWorksheet.DeleteWorksheetByIndex', { Index: 1 }))).toContain(
      'DeleteWorksheetError: "Sheet1" is the only visible worksheet',
    );
    const add = (Name: string) => errorOf(book.do('AddWorksheet', { Name, WorksheetPosition: 'Last' }));
    expect(await add('SHEET1')).toContain(
      'WorksheetWithSameNameAlreadyExistsError: "Book1" already has a worksheet "Sheet1"',
    );
    expect(await add('a/b')).toContain(
      'AddWorksheetError: The worksheet name "a/b" has one of the characters',
    );
    expect(await add('x'.repeat(32))).toContain('has 32 characters');
    expect(await add("'x")).toContain('apostrophe');
    expect(await add('')).toContain('AddWorksheetError: The worksheet name "" is empty');
    await book.do('AddWorksheet', { Name: 'Two', WorksheetPosition: 'Last' });
    expect(
      await errorOf(book.do('RenameWorksheet.RenameWorksheetWithIndex', { Index: 2, NewName: 'sheet1' })),
    ).toContain('RenameWorksheetError: The workbook already has');
  });

  test('hidden sheets, charts and a protected structure', async () => {
    const path = await writeWorkbook(join(await folder(), 'a.xlsx'), {
      settings: '<workbookProtection lockStructure="1"/>',
      sheets: { One: '', 'Two" state="hidden': '' },
    });
    const book = await excelIn(await folder()).open(path);
    expect(await errorOf(book.do('SetActiveWorksheet.ActivateWorksheetByName', { Name: 'Two' }))).toContain(
      'ActivateWorksheetError: The worksheet "Two" is hidden',
    );
    expect(await errorOf(book.do('AddWorksheet', { Name: 'x', WorksheetPosition: 'Last' }))).toContain(
      'AddWorksheetError: The structure of the workbook is protected',
    );
    expect(await errorOf(book.do('DeleteWorksheet.DeleteWorksheetByIndex', { Index: 2 }))).toContain(
      'DeleteWorksheetError',
    );
    expect(
      await errorOf(book.do('RenameWorksheet.RenameWorksheetWithIndex', { Index: 2, NewName: 'x' })),
    ).toContain('RenameWorksheetError');
  });

  test('column names', async () => {
    const { excel } = await blankBook();
    expect(await excel.call('GetColumnName', { CellColumnIndex: 28 })).toEqual({ ColumnName: 'AB' });
    expect(await errorOf(excel.call('GetColumnName', { CellColumnIndex: 0 }))).toContain(
      'ActionFailed: There is no column 0',
    );
  });
});

describe('active cell and selection', () => {
  test('absolute, relative, by name; each worksheet has its own', async () => {
    const { book } = await blankBook();
    expect(await book.do('GetActiveCell')).toEqual({ ActiveCellColumnIndex: 1, ActiveCellRowIndex: 1 });
    await book.do('ActivateCellInExcel.ActivateCell', { Column: 'C', Row: 5 });
    await book.do('ActivateCellInExcel.ActivateCellRelativeTo', {
      Direction: 'Above',
      OffsetFromActiveCell: 2,
    });
    await book.do('ActivateCellInExcel.ActivateCellRelativeTo', {
      Direction: 'Right',
      OffsetFromActiveCell: 1,
    });
    expect(await book.do('GetActiveCell')).toEqual({ ActiveCellColumnIndex: 4, ActiveCellRowIndex: 3 });
    await book.do('SelectCellsFromExcel.SelectCellsRelativeTo', {
      OffsetX: 2,
      OffsetY: 1,
      HorizontalDirection: 'Left',
      VerticalDirection: 'Below',
    });
    expect(await book.do('GetSelectedCellRange')).toEqual({
      FirstColumnIndex: 2,
      FirstRowIndex: 3,
      LastColumnIndex: 4,
      LastRowIndex: 4,
    });
    await book.do('AddWorksheet', { Name: 'Two', WorksheetPosition: 'Last' });
    expect(await book.do('GetActiveCell')).toEqual({ ActiveCellColumnIndex: 1, ActiveCellRowIndex: 1 });
    await book.do('ActivateCellInExcel.ActivateNamedCell', { CellName: 'Sheet1!B7' });
    expect(await book.do('GetActiveWorksheet')).toMatchObject({ Name: 'Sheet1' });
    expect(await book.do('GetActiveCell')).toEqual({ ActiveCellColumnIndex: 2, ActiveCellRowIndex: 7 });
    expect(
      await errorOf(
        book.do('ActivateCellInExcel.ActivateCellRelativeTo', { Direction: 'Left', OffsetFromActiveCell: 5 }),
      ),
    ).toContain('ActivateCellError: Row 7, column -3 is outside');
    expect(await errorOf(book.do('SelectCellsFromExcel.SelectNamedCell', { CellName: 'None' }))).toContain(
      'SelectCellsError',
    );
    await book.do('SelectCellsFromExcel.SelectNamedCell', { CellName: 'B2:C3' });
    expect(await book.do('GetSelectedCellRange')).toEqual({
      FirstColumnIndex: 2,
      FirstRowIndex: 2,
      LastColumnIndex: 3,
      LastRowIndex: 3,
    });
  });
});

describe('copy and paste', () => {
  test('values, formats and formulas, in one workbook and into another', async () => {
    const { excel, book } = await blankBook();
    await book.write('A1', [
      [1, FlowDatetime.of(2024, 1, 31), '=A1*2'],
      [2, 'text', '=$A$1+A2'],
    ]);
    await book.do('CopyCellsFromExcel.CopyCells', {
      StartColumn: 'A',
      StartRow: 1,
      EndColumn: 'C',
      EndRow: 2,
    });
    await book.do('PasteCellsToExcel.PasteAt', { Column: 'E', Row: 5 });
    expect([
      await book.read('F5', 'FormattedTextValues'),
      await book.read('G5'),
      await book.formula('G6'),
    ]).toEqual(['1/31/2024', 2, '=$A$1+E6']);
    expect(await book.do('GetSelectedCellRange')).toEqual({
      FirstColumnIndex: 5,
      FirstRowIndex: 5,
      LastColumnIndex: 7,
      LastRowIndex: 6,
    });
    const other = await excel.blank();
    await other.do('PasteCellsToExcel.Paste');
    expect((await other.all()).rows).toEqual([
      [1, FlowDatetime.of(2024, 1, 31), 2],
      [2, 'text', 3],
    ]);
    await book.do('CopyCellsFromExcel.CopyCell', { StartColumn: 'B', StartRow: 2 });
    await other.do('PasteCellsToExcel.PasteAtNamedCell', { CellName: 'A9' });
    await other.do('CopyCellsFromExcel.CopyNamedCell', { CellName: 'A9' });
    await other.do('AppendCells.AppendCellsActiveSheetColumn', { ColumnName: 'A' });
    expect([await other.read('A9'), await other.read('A10')]).toEqual(['text', 'text']);
  });

  test('an empty cell that was copied empties the target; an area with rows a filter hides gives the others only', async () => {
    const { book } = await blankBook();
    await book.write('A1', people());
    await book.write('F1', ['keep', 'gone']);
    await book.do('CopyCellsFromExcel.CopyCells', {
      StartColumn: 'E',
      StartRow: 1,
      EndColumn: 'E',
      EndRow: 2,
    });
    await book.do('PasteCellsToExcel.PasteAt', { Column: 'F', Row: 2 });
    expect([await book.read('F1'), await book.read('F2')]).toEqual(['keep', null]);
    await book.do('FilterCellsFromExcel.FilterSimpleWorksheet', {
      Column: 'B',
      SimpleFilterValues: ['Paris'],
    });
    await book.do('CopyCellsFromExcel.CopyCells', {
      StartColumn: 'A',
      StartRow: 1,
      EndColumn: 'B',
      EndRow: 6,
    });
    await book.do('PasteCellsToExcel.PasteAt', { Column: 'H', Row: 10 });
    expect(
      (
        (
          await book.do('ReadFromExcel.ReadCells', {
            StartColumn: 'H',
            StartRow: 10,
            EndColumn: 'I',
            EndRow: 13,
          })
        ).RangeValue as Datatable
      ).rows,
    ).toEqual([
      ['Name', 'City'],
      ['Eve', 'Paris'],
      ['Bob', 'paris'],
      [null, null],
    ]);
  });

  test('merged cells go along', async () => {
    const path = await writeWorkbook(join(await folder(), 'a.xlsx'), {
      sheets: {
        Data: sheetXml(
          '',
          '<row r="1"><c r="A1"><v>1</v></c></row>',
          '<mergeCells count="1"><mergeCell ref="A1:B2"/></mergeCells>',
        ),
      },
    });
    const book = await excelIn(await folder()).open(path);
    await book.do('CopyCellsFromExcel.CopyCells', {
      StartColumn: 'A',
      StartRow: 1,
      EndColumn: 'B',
      EndRow: 2,
    });
    await book.do('PasteCellsToExcel.PasteAt', { Column: 'D', Row: 4 });
    expect(await errorOf(book.do('PasteCellsToExcel.PasteAt', { Column: 'E', Row: 5 }))).toContain(
      'PasteCellsError: The copied cells would cover only a part of the merged cells at D4',
    );
    await book.do('CloseExcel.CloseAndSave');
    expect((await checkFile(path)).get('xl/worksheets/sheet1.xml')?.toString()).toContain(
      '<mergeCells count="2"><mergeCell ref="A1:B2"/><mergeCell ref="D4:E5"/></mergeCells>',
    );
  });

  test('append below the last filled cell, by header, within a range', async () => {
    const { book } = await blankBook();
    await book.write('A1', people());
    await book.write('H1', 'copied');
    await book.do('CopyCellsFromExcel.CopyNamedCell', { CellName: 'H1' });
    await book.do('AppendCells.AppendCellsActiveSheetHeader', { HeaderName: 'amount' });
    await book.do('AppendCells.AppendCellsNamedCellColumn', { CellName: 'A1:C3', ColumnName: 'B' });
    await book.do('AppendCells.AppendCellsNamedCellHeader', { CellName: 'A1:C5', HeaderName: 'Name' });
    expect([await book.read('C6'), await book.read('B4'), await book.read('A6')]).toEqual([
      'copied',
      'copied',
      'copied',
    ]);
    expect(
      await errorOf(book.do('AppendCells.AppendCellsActiveSheetHeader', { HeaderName: 'None' })),
    ).toContain('AppendCellsError: No column has the header "None" in row 1');
  });

  test('nothing to paste, no room, a formula that would look in the wrong workbook', async () => {
    const { excel, book } = await blankBook();
    await book.do('CopyCellsFromExcel.CopyAllCells');
    await book.write('A1', [1, 2]);
    await book.do('CopyCellsFromExcel.CopyAllCells');
    expect(await errorOf(book.do('PasteCellsToExcel.PasteAt', { Column: 'A', Row: 1_048_576 }))).toContain(
      'PasteCellsError: The copied cells do not fit',
    );
    await book.do('AddWorksheet', { Name: 'Two', WorksheetPosition: 'Last' });
    await book.write('A1', '=Sheet1!A1');
    await book.do('CopyCellsFromExcel.CopyAllCells');
    const other = await excel.blank();
    await other.write('A1', 'kept');
    expect(await errorOf(other.do('PasteCellsToExcel.Paste'))).toContain(
      'PasteCellsError: The formula =Sheet1!A1 refers to another worksheet',
    );
    expect(await other.read('A1')).toBe('kept');
    await book.do('CloseExcel.Close');
    expect(await errorOf(other.do('PasteCellsToExcel.Paste'))).toContain(
      'PasteCellsError: Nothing was copied, or the workbook it was copied from was closed',
    );
  });
});

describe('rows, columns and cells that come and go', () => {
  test('put in and taken out', async () => {
    const { book } = await blankBook();
    await book.write('A1', [
      [1, '=A1*10'],
      [2, '=A2*10'],
      [3, '=A3*10'],
      ['=SUM(A1:A3)', '=SUM(B1:B3)'],
    ]);
    await book.do('InsertRow', { Index: 2 });
    await book.write('A2', 100);
    expect([await book.formula('A5'), await book.read('A5'), await book.read('B5')]).toEqual([
      '=SUM(A1:A4)',
      106,
      60,
    ]);
    await book.do('InsertColumn', { Column: 'A' });
    expect([await book.formula('C3'), await book.read('B5')]).toEqual(['=B3*10', 106]);
    await book.do('DeleteRow', { Index: 3 });
    expect([await book.formula('B4'), await book.read('B4'), await book.read('C4')]).toEqual([
      '=SUM(B1:B3)',
      104,
      40,
    ]);
    await book.do('DeleteColumn', { Column: 2 });
    expect(await book.formula('B1')).toBe('=#REF!*10');
    await book.do('DeleteCells.DeleteCells', {
      StartColumn: 'B',
      StartRow: 1,
      EndColumn: 'B',
      EndRow: 3,
      ShiftCellsDirection: 'Up',
    });
    expect(await book.formula('B1')).toBe('=SUM(#REF!)');
    await book.write('A1', [['a', 'b', 'c', 'd']]);
    await book.do('DeleteCells.DeleteCell', { StartColumn: 'B', StartRow: 1, ShiftCellsDirection: 'Left' });
    expect((await book.all()).rows[0]).toEqual(['a', 'c', 'd']);
  });

  test('several columns at once, as Excel names them', async () => {
    const { book } = await blankBook();
    await book.write('A1', [['a', 'b', 'c', 'd', 'e']]);
    await book.do('DeleteColumn', { Column: 'd:B' });
    expect((await book.all()).rows[0]).toEqual(['a', 'e']);
    await book.do('InsertColumn', { Column: 'B:C' });
    expect([await book.read('A1'), await book.read('D1')]).toEqual(['a', 'e']);
    for (const Column of ['B:', '2:3', 'A:ZZZZ', 'A:B:C'])
      expect(await errorOf(book.do('DeleteColumn', { Column }))).toContain('FindColumnError');
  });

  test('where there is no such row or column, and what would fall off the sheet', async () => {
    const { book } = await blankBook();
    expect(await errorOf(book.do('InsertRow', { Index: 0 }))).toContain('FindRowError');
    expect(await errorOf(book.do('DeleteRow', { Index: 2_000_000 }))).toContain('FindRowError');
    expect(await errorOf(book.do('InsertColumn', { Column: 'ZZZ' }))).toContain('FindColumnError');
    expect(await errorOf(book.do('DeleteColumn', { Column: '' }))).toContain('FindColumnError');
    await book.write('XFD1048576', 1);
    expect(await errorOf(book.do('InsertRow', { Index: 5 }))).toContain(
      'InsertRowError: In the worksheet "Sheet1", filled cells would be pushed off the sheet',
    );
    expect(await errorOf(book.do('InsertColumn', { Column: 'B' }))).toContain('InsertColumnError');
    expect(await errorOf(book.do('DeleteCells.DeleteCell', { StartColumn: 'A', StartRow: 0 }))).toContain(
      'DeleteCellsError',
    );
  });

  test('clearing takes contents, and keeps formats', async () => {
    const { book } = await blankBook();
    await book.write('A1', [
      [FlowDatetime.of(2024, 1, 31), 'b'],
      ['c', 'd'],
    ]);
    await book.do('ClearCellsFromExcel.ClearSingleCell', { SingleCellColumn: 'A', SingleCellRow: 1 });
    await book.write('A1', 45322);
    expect(await book.read('A1', 'FormattedTextValues')).toBe('1/31/2024');
    await book.do('ClearCellsFromExcel.ClearCells', {
      StartColumn: 'A',
      StartRow: 2,
      EndColumn: 'A',
      EndRow: 9,
    });
    await book.do('ClearCellsFromExcel.ClearNamedCell', { CellName: 'B1' });
    await book.do('ActivateCellInExcel.ActivateCell', { Column: 'A', Row: 1 });
    expect((await book.all()).rows).toEqual([
      [FlowDatetime.of(2024, 1, 31), null],
      [null, 'd'],
    ]);
    await book.do('ClearCellsFromExcel.ClearCellsRelativeTo', {
      OffsetX: 1,
      OffsetY: 1,
      HorizontalDirection: 'Right',
      VerticalDirection: 'Below',
    });
    expect((await book.all()).rows).toEqual([[null]]);
    expect(await errorOf(book.do('ClearCellsFromExcel.ClearNamedCell', { CellName: 'None' }))).toContain(
      'ClearCellsError',
    );
  });
});

const tableXml = `<table xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" id="1" name="People" displayName="People" ref="B2:D6" totalsRowShown="0"><autoFilter ref="B2:D6"/><tableColumns count="3"><tableColumn id="1" name="Name"/><tableColumn id="2" name="City"/><tableColumn id="3" name="Amount"/></tableColumns></table>`;

async function tableBook() {
  const text = (value: string) => `t="inlineStr"><is><t>${value}</t></is></c>`;
  const rows = [
    ['Name', 'City', 'Amount'],
    ['Eve', 'Paris', 5],
    ['adam', 'Rome', 12],
    ['Bob', 'Paris', 3],
    ['Cleo', 'Oslo', 40],
  ];
  const path = await writeWorkbook(join(await folder(), 'table.xlsx'), {
    sheets: {
      Data: sheetXml(
        '',
        rows
          .map(
            (cells, row) =>
              `<row r="${row + 2}">${cells.map((value, column) => `<c r="${'BCD'[column]}${row + 2}" ${typeof value === 'number' ? `><v>${value}</v></c>` : text(value)}`).join('')}<c r="F${row + 2}"><f>SUM(People[Amount])</f></c><c r="G${row + 2}"><f>People[[#This Row],[Amount]]*2</f></c></row>`,
          )
          .join(''),
        '<tableParts count="1"><tablePart r:id="rId1"/></tableParts>',
      ),
    },
    sheetRelated: { Data: [['rId1', 'table', '../tables/table1.xml']] },
    overrides: [
      ['xl/tables/table1.xml', 'application/vnd.openxmlformats-officedocument.spreadsheetml.table+xml'],
    ],
    extra: { 'xl/tables/table1.xml': tableXml },
  });
  return { path, book: await excelIn(await folder()).open(path) };
}

describe('tables of Excel', () => {
  test('their range, their formulas, and how they follow rows and columns', async () => {
    const { path, book } = await tableBook();
    expect(await book.do('GetTableRange', { TableName: 'people' })).toEqual({
      FirstColumnIndex: 2,
      FirstRowIndex: 2,
      LastColumnIndex: 4,
      LastRowIndex: 6,
    });
    expect([await book.read('F3'), await book.read('G4'), await book.read('G2')]).toEqual([
      60,
      24,
      '#VALUE!',
    ]);
    expect(await errorOf(book.do('GetTableRange', { TableName: 'None' }))).toBe(
      'GetRangeFromTableError: The workbook has no table "None".',
    );
    expect(await errorOf(book.do('GetTableRange', { TableName: 'None', IsPivot: true }))).toContain(
      'no pivot table "None"',
    );
    await book.do('InsertRow', { Index: 4 });
    await book.do('InsertColumn', { Column: 'C' });
    expect(await errorOf(book.do('DeleteRow', { Index: 2 }))).toContain(
      'DeleteRowError: In the worksheet "Data", row 2 is the header of the table "People"',
    );
    await book.do('DeleteColumn', { Column: 'B' });
    await book.do('CloseExcel.CloseAndSave');
    const parts = await checkFile(path);
    expect(parts.get('xl/tables/table1.xml')?.toString()).toContain(
      'ref="B2:D7" totalsRowShown="0"><autoFilter ref="B2:D7"/><tableColumns count="3"><tableColumn id="4" name="Column1"/><tableColumn id="2" name="City"/>',
    );
    expect(parts.get('xl/worksheets/sheet1.xml')?.toString()).toContain(
      '<c r="B2" t="inlineStr"><is><t>Column1</t></is></c>',
    );
  });

  test('sorted and filtered by the names of their columns', async () => {
    const { path, book } = await tableBook();
    await book.do('SortCellsFromExcel.SortTable', {
      TableName: 'People',
      SortParameters: new Datatable(
        ['Column1', 'Column2'],
        [
          ['City', 'asc'],
          ['Amount', 'desc'],
        ],
      ),
    });
    const names = async () =>
      (
        (
          await book.do('ReadFromExcel.ReadCells', {
            StartColumn: 'B',
            StartRow: 3,
            EndColumn: 'B',
            EndRow: 6,
          })
        ).RangeValue as Datatable
      ).rows.flat();
    expect(await names()).toEqual(['Cleo', 'Eve', 'Bob', 'adam']);
    await book.do('FilterCellsFromExcel.FilterAdvancedTable', {
      TableName: 'People',
      Column: 'Amount',
      AdvancedFilterFirstConditionOperator: 'GreaterThan',
      AdvancedFilterFirstConditionValue: '4',
    });
    expect(
      await errorOf(
        book.do('FilterCellsFromExcel.FilterSimpleTable', {
          TableName: 'People',
          Column: 'None',
          SimpleFilterValues: ['x'],
        }),
      ),
    ).toContain('ApplyFilterOnCellsInWorksheetError: The table "People" has no column "None"');
    await book.do('SaveExcel.Save');
    let parts = await checkFile(path);
    expect(parts.get('xl/tables/table1.xml')?.toString()).toContain(
      '<filterColumn colId="2"><customFilters><customFilter operator="greaterThan" val="4"/></customFilters></filterColumn>',
    );
    expect(
      [
        ...(parts.get('xl/worksheets/sheet1.xml')?.toString() ?? '').matchAll(/<row r="(\d)" hidden="1"/g),
      ].map(([, row]) => row),
    ).toEqual(['5']);
    await book.do('ClearFilterFromExcel.ClearFilterTableSpecificColumn', {
      TableName: 'People',
      Column: 'Amount',
    });
    await book.do('ClearFilterFromExcel.ClearFilterTable', { TableName: 'People' });
    await book.do('CloseExcel.CloseAndSave');
    parts = await checkFile(path);
    expect(parts.get('xl/worksheets/sheet1.xml')?.toString()).not.toContain('hidden');
    expect(
      await errorOf(
        (await excelIn(await folder()).open(path)).do('ClearFilterFromExcel.ClearFilterTable', {
          TableName: 'None',
        }),
      ),
    ).toContain('ClearFilterOnCellsInWorksheetError');
  });
});

describe('sorting', () => {
  const rules = (...rows: Value[][]) => new Datatable(['Column1', 'Column2'], rows);

  test('numbers, texts, Booleans, errors; empty cells last in both directions; formats and formulas go along', async () => {
    const { book } = await blankBook();
    await book.write('A1', ['b', 3, null, true, '#N/A', 'A', FlowDatetime.of(1900, 1, 5), false, -1]);
    for (let row = 1; row <= 9; row++) await book.write(`B${row}`, `=A${row}`);
    const order = async (direction: string) => {
      await book.do('SortCellsFromExcel.SortRangeCoordinates', {
        StartColumn: 'A',
        StartRow: 1,
        EndColumn: 'B',
        EndRow: 9,
        SortParameters: rules(['A', direction]),
      });
      return (await book.all()).rows.map(([value]) => value);
    };
    const day = FlowDatetime.of(1900, 1, 5);
    expect(await order('asc')).toEqual([-1, 3, day, 'A', 'b', false, true, '#N/A', null]);
    expect(await order('desc')).toEqual(['#N/A', true, false, 'b', 'A', day, 3, -1, null]);
    expect(await book.formula('B1')).toBe('=A1');
  });

  test('a worksheet with a header, by letter, number, header, several rules', async () => {
    const { book } = await blankBook();
    await book.write('A1', people());
    const sort = async (...rows: Value[][]) => {
      await book.do('SortCellsFromExcel.SortWorksheet', {
        SortParameters: rules(...rows),
        FirstRowIsHeader: true,
      });
      return (await book.all()).rows.map(([name]) => name);
    };
    expect(await sort(['A', 'asc'])).toEqual(['Name', 'adam', 'Bob', 'Cleo', 'Dan', 'Eve']);
    expect(await sort([3, 'desc'])).toEqual(['Name', 'Cleo', 'adam', 'Eve', 'Bob', 'Dan']);
    expect(await sort(['City', 'asc'], ['Amount', 'asc'])).toEqual([
      'Name',
      'Dan',
      'Bob',
      'Eve',
      'adam',
      'Cleo',
    ]);
    const failing = (...rows: Value[][]) => errorOf(sort(...rows));
    expect(await failing(['Z', 'asc'])).toContain(
      'SortCellsInWorksheetError: Column Z is not within the range A1:C6',
    );
    expect(await failing(['Shoe size', 'asc'])).toContain('"Shoe size" is no column');
    expect(await failing(['A', 'up'])).toContain('"up" is no direction');
    expect(await failing()).toContain('no rule to sort by');
    await book.do('SortCellsFromExcel.SortRangeNamedCell', {
      NamedCell: 'A2:C6',
      SortParameters: rules(['A', 'desc']),
    });
    expect((await book.all()).rows.map(([name]) => name)).toEqual([
      'Name',
      'Eve',
      'Dan',
      'Cleo',
      'Bob',
      'adam',
    ]);
  });
});

describe('filters', () => {
  const visible = async (path: string): Promise<string[]> => {
    const sheet = (await checkFile(path)).get('xl/worksheets/sheet1.xml')?.toString() ?? '';
    return [...sheet.matchAll(/<row r="(\d+)"([^>]*)>/g)]
      .filter(([, , rest]) => !rest?.includes('hidden'))
      .map(([, row]) => row as string);
  };

  test.each<(string | undefined)[]>([
    ['Amount', 'GreaterThan', '4', undefined, undefined, undefined, '2', '3', '5'],
    ['Amount', 'LessThanOrEqual', '5', undefined, undefined, undefined, '2', '4'],
    ['Amount', 'GreaterThanOrEqual', '5', 'LessThan', '40', 'IsAnd', '2', '3'],
    ['Amount', 'Equal', '3', 'Equal', '40', 'IsOr', '4', '5'],
    ['Amount', 'NotEqual', '3', undefined, undefined, undefined, '2', '3', '5', '6'],
    ['Amount', 'IsEmpty', '', undefined, undefined, undefined, '6'],
    ['City', 'Equal', 'PARIS', undefined, undefined, undefined, '2', '4'],
    ['City', 'Equal', 'P*', undefined, undefined, undefined, '2', '4'],
    ['City', 'IsNotEmpty', '', undefined, undefined, undefined, '2', '3', '4', '6'],
    ['City', 'Contains', 'o', undefined, undefined, undefined, '3', '6'],
    ['City', 'NotContains', 'o', undefined, undefined, undefined, '2', '4', '5'],
    ['City', 'StartsWith', 'o', 'EndsWith', 'e', 'IsOr', '3', '6'],
    ['City', 'NotStartsWith', 'p', 'NotEndsWith', 'e', 'IsAnd', '5', '6'],
    ['Name', 'GreaterThan', 'c', undefined, undefined, undefined, '2', '5', '6'],
  ])('%s %s %s', async (...given) => {
    const [column = '', operator = '', value = '', second, secondValue, joint, ...rows] = given;
    const { place, book } = await blankBook();
    await book.write('A1', people());
    await book.do('FilterCellsFromExcel.FilterAdvancedWorksheet', {
      Column: { Name: 'A', City: 'B', Amount: 'C' }[column] as string,
      AdvancedFilterFirstConditionOperator: operator,
      AdvancedFilterFirstConditionValue: value,
      ...(second === undefined
        ? {}
        : {
            AdvancedFilterSecondConditionOperator: second,
            AdvancedFilterSecondConditionValue: secondValue as string,
            AdvancedFilterLogicalOperator: joint as string,
          }),
    });
    await book.saveAs('a.xlsx');
    expect(await visible(join(place, 'a.xlsx'))).toEqual(['1', ...rows]);
    // What is hidden is still there.
    expect((await book.all()).rows).toHaveLength(6);
  });

  test('several columns, another range, a list of values, cleared by column and at once', async () => {
    const { place, book } = await blankBook();
    const path = join(place, 'a.xlsx');
    await book.write('A1', people());
    const filter = (Column: string, ...SimpleFilterValues: string[]) =>
      book.do('FilterCellsFromExcel.FilterSimpleWorksheet', { Column, SimpleFilterValues });
    const shown = async () => {
      await book.saveAs(path);
      return await visible(path);
    };
    await filter('B', 'paris', '');
    expect(await shown()).toEqual(['1', '2', '4', '5']);
    await filter('C', '5', '40');
    expect(await shown()).toEqual(['1', '2', '5']);
    const parts = await checkFile(path);
    expect(parts.get('xl/worksheets/sheet1.xml')?.toString()).toContain(
      '<autoFilter ref="A1:C6"><filterColumn colId="1"><filters blank="1"><filter val="paris"/></filters></filterColumn><filterColumn colId="2">',
    );
    expect(parts.get('xl/workbook.xml')?.toString()).toContain(
      '<definedName name="_xlnm._FilterDatabase" localSheetId="0" hidden="1">Sheet1!$A$1:$C$6</definedName>',
    );
    await book.write('E1', '=SUBTOTAL(9,C2:C6)');
    expect(await book.read('E1')).toBe(45);
    await book.do('ClearFilterFromExcel.ClearFilterSpecificColumnWorksheet', { Column: 'C' });
    expect(await shown()).toEqual(['1', '2', '4', '5']);
    await book.do('FilterCellsFromExcel.FilterAdvancedRangeCoordinates', {
      Column: 'A',
      StartColumn: 'A',
      StartRow: 2,
      EndColumn: 'A',
      EndRow: 6,
      AdvancedFilterFirstConditionOperator: 'Equal',
      AdvancedFilterFirstConditionValue: 'Dan',
    });
    expect(await shown()).toEqual(['1', '2', '6']);
    await book.do('ClearFilterFromExcel.ClearFilterWorksheet');
    expect(await shown()).toEqual(['1', '2', '3', '4', '5', '6']);
    await book.do('FilterCellsFromExcel.FilterAdvancedRangeNamedCell', {
      NamedCell: 'A1:C6',
      Column: 1,
      AdvancedFilterFirstConditionValue: 'Eve',
    });
    await book.do('FilterCellsFromExcel.FilterSimpleRangeNamedCell', {
      NamedCell: 'A1:C6',
      Column: 'C',
      SimpleFilterValues: ['5'],
    });
    await book.do('FilterCellsFromExcel.FilterSimpleRangeCoordinates', {
      StartColumn: 'A',
      StartRow: 1,
      EndColumn: 'C',
      EndRow: 6,
      Column: 'B',
      SimpleFilterValues: ['Paris'],
    });
    expect(await shown()).toEqual(['1', '2']);
  });

  test('filters made in Excel stay', async () => {
    const path = await writeWorkbook(join(await folder(), 'a.xlsx'), {
      sheets: {
        Data: sheetXml(
          '<sheetPr filterMode="1"/>',
          [1, 2, 3, 4]
            .map(
              (row) =>
                `<row r="${row}"${row === 3 ? ' hidden="1"' : ''}><c r="A${row}"><v>${row}</v></c><c r="B${row}"><v>${row % 2}</v></c></row>`,
            )
            .join(''),
          '<autoFilter ref="A1:B4"><filterColumn colId="0"><top10 val="2"/></filterColumn></autoFilter>',
        ),
      },
    });
    const book = await excelIn(await folder()).open(path);
    await book.do('FilterCellsFromExcel.FilterSimpleWorksheet', {
      Column: 'B',
      SimpleFilterValues: ['0', '1'],
    });
    await book.do('CloseExcel.CloseAndSave');
    expect(await visible(path)).toEqual(['1', '2', '4']);
    expect((await checkFile(path)).get('xl/worksheets/sheet1.xml')?.toString()).toContain(
      '<filterColumn colId="0"><top10 val="2"/></filterColumn>',
    );
  });

  test('what cannot be filtered', async () => {
    const { book } = await blankBook();
    const filter = (given: Readonly<Record<string, Value>>) =>
      errorOf(book.do('FilterCellsFromExcel.FilterAdvancedWorksheet', given));
    expect(await filter({ Column: 'A' })).toContain(
      'ApplyFilterOnCellsInWorksheetError: The worksheet "Sheet1" is empty',
    );
    await book.write('A1', 1);
    expect(await filter({ Column: 'A' })).toContain('A single cell (A1) cannot be filtered');
    await book.write('A1', people());
    expect(await filter({ Column: 'D' })).toContain('Column D is not within the range A1:C6');
    expect(await filter({ Column: 'A', AdvancedFilterFirstConditionOperator: 'None' })).toContain(
      'has no condition',
    );
    expect(await errorOf(book.do('FilterCellsFromExcel.FilterSimpleWorksheet', { Column: 'A' }))).toContain(
      'list of values to filter by is empty',
    );
    await book.do('ClearFilterFromExcel.ClearFilterWorksheet');
    await book.do('FilterCellsFromExcel.FilterAdvancedWorksheet', {
      Column: 'A',
      AdvancedFilterFirstConditionValue: 'Eve',
    });
    expect(
      await errorOf(book.do('ClearFilterFromExcel.ClearFilterSpecificColumnWorksheet', { Column: 'Z' })),
    ).toContain('ClearFilterOnCellsInWorksheetError: Column Z');
  });
});

describe('find and replace', () => {
  test('by rows and columns, letter case, whole cells, wildcards, all, none', async () => {
    const { book } = await blankBook();
    await book.write('A1', [
      ['one', 'Two', 'two cats'],
      ['TWO', 1234.5, '=1&"two"'],
    ]);
    const find = async (given: Readonly<Record<string, Value>>) => {
      const { FoundColumnIndex, FoundRowIndex } = await book.do('FindAndReplace.FindSingle', given);
      return [FoundRowIndex, FoundColumnIndex];
    };
    expect(await find({ TextToFind: 'two' })).toEqual([1, 2]);
    expect(await find({ TextToFind: 'two', SearchBy: 'Columns' })).toEqual([2, 1]);
    expect(await find({ TextToFind: 'two', MatchCase: true })).toEqual([1, 3]);
    expect(await find({ TextToFind: 'TWO', MatchCase: true, MatchEntireCellContents: true })).toEqual([2, 1]);
    expect(await find({ TextToFind: 'o?e', MatchEntireCellContents: true })).toEqual([1, 1]);
    expect(await find({ TextToFind: '1234.5' })).toEqual([2, 2]);
    expect(await find({ TextToFind: '1two' })).toEqual([2, 3]);
    expect(await find({ TextToFind: 'none' })).toEqual([0, 0]);
    const all = (await book.do('FindAndReplace.FindAll', { TextToFind: 'two' })).Cells as Datatable;
    expect([all.columns, all.rows]).toEqual([
      ['Row', 'Column'],
      [
        [1, 2],
        [1, 3],
        [2, 1],
        [2, 3],
      ],
    ]);
    expect(await errorOf(find({ TextToFind: '' }))).toBe(
      'FindAndOrReplaceTextError: The text to find is empty.',
    );
  });

  test('what is replaced is entered anew: numbers become numbers, formulas stay formulas', async () => {
    const { book } = await blankBook();
    await book.write('A1', [
      ['Nr. 5', 'x$&'],
      [15, '=A2*5'],
    ]);
    expect(
      await book.do('FindAndReplace.FindAndReplaceSingle', { TextToFind: 'Nr. ', TextToReplaceWith: '' }),
    ).toEqual({ FoundRowIndex: 1, FoundColumnIndex: 1 });
    expect(await book.read('A1')).toBe(5);
    const { Cells } = await book.do('FindAndReplace.FindAndReplaceAll', {
      TextToFind: '5',
      TextToReplaceWith: '7',
    });
    expect((Cells as Datatable).rows).toEqual([
      [1, 1],
      [2, 1],
      [2, 2],
    ]);
    expect([
      await book.read('A1'),
      await book.read('A2'),
      await book.formula('B2'),
      await book.read('B2'),
    ]).toEqual([7, 17, '=A2*7', 119]);
    await book.do('FindAndReplace.FindAndReplaceAll', { TextToFind: '$&', TextToReplaceWith: '$1' });
    expect(await book.read('B1')).toBe('x$1');
  });
});

describe('sizes and colors', () => {
  const columnsOf = async (path: string) =>
    [
      ...((await checkFile(path)).get('xl/worksheets/sheet1.xml')?.toString() ?? '').matchAll(
        /<col ([^>]*)\/>/g,
      ),
    ].map(([, text]) => text);

  test('columns', async () => {
    const { place, book } = await blankBook();
    const resize = (variant: string, given: Readonly<Record<string, Value>> = {}) =>
      book.do(`ResizeColumnsOrRows.${variant}`, given);
    await resize('ResizeRangeOfColumns', { StartColumn: 'B', EndColumn: 'E', Width: 20 });
    await resize('ResizeSingleColumn', { Column: 'C', Width: 5 });
    await resize('ResizeRangeOfColumns', { StartColumn: 'A', EndColumn: 'B', Width: 7 });
    await book.saveAs('a.xlsx');
    expect(await columnsOf(join(place, 'a.xlsx'))).toEqual([
      'min="1" max="1" width="7" customWidth="1"',
      'min="2" max="2" width="7" customWidth="1"',
      'min="3" max="3" width="5" customWidth="1"',
      'min="4" max="5" width="20" customWidth="1"',
    ]);
    await book.write('A1', [
      ['short', 'a much longer text than the others'],
      [1, 2],
    ]);
    await resize('AutofitAllColumns');
    await resize('AutofitRangeOfColumns', { StartColumn: 'A', EndColumn: 'A' });
    await resize('AutofitSingleColumn', { Column: 'B' });
    await book.saveAs('b.xlsx');
    const widths = (await columnsOf(join(place, 'b.xlsx'))).map((text) =>
      Number(/width="([\d.]+)"/.exec(text ?? '')?.[1]),
    );
    expect(widths[1]).toBeGreaterThan((widths[0] as number) * 4);
    await resize('ResizeAllColumns', { Width: 9 });
    await book.saveAs('c.xlsx');
    expect((await columnsOf(join(place, 'c.xlsx'))).at(-1)).toBe(
      'min="6" max="16384" width="9" customWidth="1"',
    );
    expect(await errorOf(resize('ResizeAllColumns', { Width: 300 }))).toBe(
      'ResizeColumnsRowsError: Width 300 is not possible; it must be from 0 to 255.',
    );
  });

  test('rows', async () => {
    const { place, book } = await blankBook();
    const resize = (variant: string, given: Readonly<Record<string, Value>> = {}) =>
      book.do(`ResizeColumnsOrRows.${variant}`, given);
    await book.write('A1', ['x', 'y']);
    await resize('ResizeRangeOfRows', { StartRow: 3, EndRow: 1, Height: 30 });
    await resize('ResizeSingleRow', { Row: 2, Height: 10.5 });
    await resize('AutofitSingleRow', { Row: 1 });
    await book.saveAs('a.xlsx');
    const sheet = async (name: string) =>
      (await checkFile(join(place, name))).get('xl/worksheets/sheet1.xml')?.toString() ?? '';
    expect(await sheet('a.xlsx')).toContain(
      '<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2" ht="10.5" customHeight="1"><c r="A2" t="s"><v>1</v></c></row><row r="3" ht="30" customHeight="1"/>',
    );
    await resize('AutofitRangeOfRows', { StartRow: 1, EndRow: 2 });
    await resize('AutofitAllRows');
    await resize('ResizeAllRows', { Height: 40 });
    await book.saveAs('b.xlsx');
    expect(await sheet('b.xlsx')).toContain('<sheetFormatPr defaultRowHeight="40" customHeight="1"/>');
    expect(await errorOf(resize('ResizeSingleRow', { Row: 1, Height: -1 }))).toContain(
      'ResizeColumnsRowsError',
    );
  });

  test('colors by name and number, beside the formats the cells have', async () => {
    const { place, book } = await blankBook();
    await book.write('A1', FlowDatetime.of(2024, 1, 31));
    await book.do('SetColor.SetColorSingleCellHex', { StartColumn: 'A', StartRow: 1, ColorHexValue: '#fc0' });
    await book.do('SetColor.SetColorRangePredefined', {
      StartColumn: 'A',
      StartRow: 2,
      EndColumn: 'B',
      EndRow: 3,
      ColorName: 'Light Yellow',
    });
    await book.do('SetColor.SetColorNamedCellHex', { CellName: 'B3', ColorHexValue: 'FF00FF00' });
    await book.do('SetColor.SetColorNamedCellPredefined', { CellName: 'B2', ColorName: 'Transparent' });
    await book.saveAs('a.xlsx');
    const styles = (await checkFile(join(place, 'a.xlsx'))).get('xl/styles.xml')?.toString() ?? '';
    for (const color of ['FFFFCC00', 'FFFFFFE0', 'FF00FF00'])
      expect(styles).toContain(`<fgColor rgb="${color}"/>`);
    expect(await (await excelIn(place).open('a.xlsx')).read('A1')).toEqual(FlowDatetime.of(2024, 1, 31));
    const color = (given: Readonly<Record<string, Value>>, how: string) =>
      errorOf(book.do(`SetColor.SetColorSingleCell${how}`, { StartColumn: 'A', StartRow: 1, ...given }));
    expect(await color({ ColorHexValue: '12' }, 'Hex')).toBe('SetColorError: "12" is no hexadecimal color.');
    expect(await color({ ColorName: 'Mud' }, 'Predefined')).toBe('SetColorError: There is no color "Mud".');
  });
});
