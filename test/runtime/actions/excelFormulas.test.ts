// Formulas: how their references change, and what they result in. The results were checked against LibreOffice Calc.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findFunction, functionNames } from '../../../src/runtime/actions/excel/formula/functions.ts';
import {
  moveFormula,
  renameInFormula,
  type SheetEdit,
  shiftFormula,
} from '../../../src/runtime/actions/excel/formula/shift.ts';
import { tokenize } from '../../../src/runtime/actions/excel/formula/tokens.ts';
import { errorOf } from './arguments.ts';
import { excelIn } from './excelWorld.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const folder = temporaryFolder();

test.each([
  "SUM(A1:$B$2, 'It''s'!C3, Sheet1!A:A, 3:4) & \"A1\" & Name + {1,2;3,4} - Table1[[#This Row],[A 1]]",
  '_xlfn.XLOOKUP(A1,B:B,C:C)',
  '[1]Sheet1!A1+LOG10(5)+1.5E+3',
  'IF(A1<>"",-2^2%,#N/A)',
  'Sheet1:Sheet3!A1',
])('taken apart and joined again, %s is the same', (formula) => {
  expect(
    tokenize(formula)
      .map(({ text }) => text)
      .join(''),
  ).toBe(formula);
});

test.each([
  ['A1+$A$1+A$1+$A1', 2, 3, 'D3+$A$1+D$1+$A3'],
  ['SUM(A1:B2)', 1, 0, 'SUM(A2:B3)'],
  ['SUM(A:A)', 5, 1, 'SUM(B:B)'],
  ['A1', -1, 0, '#REF!'],
  ['"A1"&A1', 1, 0, '"A1"&A2'],
  ["'My Sheet'!A1", 1, 1, "'My Sheet'!B2"],
  ['LOG10(A1)', 1, 0, 'LOG10(A2)'],
])('%s moved by %d rows and %d columns is %s', (formula, rows, columns, moved) => {
  expect(moveFormula(formula, rows, columns)).toBe(moved);
});

describe('rows and columns that come and go', () => {
  const insertRow: SheetEdit = { axis: 'row', kind: 'insert', at: 3, count: 1 };
  const deleteRow: SheetEdit = { axis: 'row', kind: 'delete', at: 3, count: 2 };
  const deleteColumn: SheetEdit = { axis: 'column', kind: 'delete', at: 2, count: 1 };
  test.each<[string, SheetEdit, string]>([
    ['A2+A3', insertRow, 'A2+A4'],
    ['SUM(A1:A5)', insertRow, 'SUM(A1:A6)'],
    ['SUM(A1:A2)', insertRow, 'SUM(A1:A2)'],
    ['$A$3', insertRow, '$A$4'],
    ['A:A', insertRow, 'A:A'],
    ['3:3', insertRow, '4:4'],
    ['Other!A3', insertRow, 'Other!A3'],
    ['data!A3', insertRow, 'data!A4'],
    ['A2+A3+A5', deleteRow, 'A2+#REF!+A3'],
    ['SUM(A1:A5)', deleteRow, 'SUM(A1:A3)'],
    ['SUM(A3:A4)', deleteRow, 'SUM(#REF!)'],
    ['SUM(A4:A6)', deleteRow, 'SUM(A3:A4)'],
    ['A1+B1+C1', deleteColumn, 'A1+#REF!+B1'],
    ['SUM(A1:C1)', deleteColumn, 'SUM(A1:B1)'],
    ['Data!$B$1', deleteColumn, 'Data!#REF!'],
    ['A3', { axis: 'row', kind: 'delete', at: 1, count: 1, across: [1, 1] }, 'A2'],
    ['B3', { axis: 'row', kind: 'delete', at: 1, count: 1, across: [1, 1] }, 'B3'],
  ])('%s', (formula, edit, shifted) => {
    expect(shiftFormula(formula, 'Data', 'Data', edit)).toBe(shifted);
  });

  test('a formula on another sheet only follows references to the edited one', () => {
    expect(shiftFormula('A3+Data!A3', 'Other', 'Data', insertRow)).toBe('A3+Data!A4');
  });
});

test('a worksheet gets another name, or goes', () => {
  expect(renameInFormula("Data!A1+'data'!B:B+Other!A1", 'Data', 'New name')).toBe(
    "'New name'!A1+'New name'!B:B+Other!A1",
  );
  expect(renameInFormula('Data!A1+A1', 'Data', undefined)).toBe('#REF!+A1');
  expect(renameInFormula('"Data!A1"', 'Data', 'X')).toBe('"Data!A1"');
  expect(renameInFormula('Data!Total', 'Data', 'X1')).toBe("'X1'!Total");
});

describe('results', () => {
  // Column A: numbers, B: texts, C: dates, D: mixed with an empty cell.
  const table = [
    [1, 'apple', 45322, 10],
    [2, 'Banana', 45323, 'x'],
    [3, 'cherry', 45351, null],
    [4, 'apple pie', 45382, true],
    [5, '', 45657, -4],
  ];
  const vectors: readonly (readonly [string, unknown])[] = [
    ['1+2*3^2', 19],
    ['-2^2', 4],
    ['10%', 0.1],
    ['"a"&1.5&TRUE', 'a1.5TRUE'],
    ['1=1.0', true],
    ['"a"="A"', true],
    ['"b">"A"', true],
    ['1<"a"', true],
    ['A1+A2', 3],
    ['D3+1', 1],
    ['1/0', '#DIV/0!'],
    ['"x"+1', '#VALUE!'],
    ['"5"+1', 6],
    ['"1/31/2024"+1', 45323],
    ['1.1-1-0.1', 0],
    ['SUM(A1:A5)', 15],
    ['SUM(D1:D5)', 6],
    ['SUM(A:A)', 15],
    ['SUM(A1:A2,A5,"3",TRUE)', 12],
    ['AVERAGE(A1:A5)', 3],
    ['AVERAGE(B1:B5)', '#DIV/0!'],
    ['MIN(A1:D5)', -4],
    ['MAX(A1:A5,9)', 9],
    ['COUNT(D1:D5)', 2],
    ['COUNTA(D1:D5)', 4],
    ['COUNTBLANK(A1:D5)', 2],
    ['COUNTIF(A1:A5,">2")', 3],
    ['COUNTIF(B1:B5,"apple*")', 2],
    ['COUNTIF(B1:B5,"APPLE")', 1],
    ['COUNTIFS(A1:A5,">1",B1:B5,"<>apple*")', 3],
    ['SUMIF(A1:A5,">2")', 12],
    ['SUMIF(B1:B5,"apple*",A1:A5)', 5],
    ['SUMIFS(A1:A5,A1:A5,">=2",A1:A5,"<5")', 9],
    ['AVERAGEIF(A1:A5,"<>3")', 3],
    ['MAXIFS(A1:A5,B1:B5,"*e*")', 4],
    ['SUMPRODUCT(A1:A5,A1:A5)', 55],
    ['SUMPRODUCT((A1:A5>2)*(A1:A5))', 12],
    ['SUMPRODUCT(--(LEFT(B1:B5,1)="a"))', 2],
    ['IF(A1>0,"yes","no")', 'yes'],
    ['IF(A1<0,1)', false],
    ['IF(TRUE,,2)', 0],
    ['IFERROR(1/0,"bad")', 'bad'],
    ['IFERROR(A9,7)', 0],
    ['IFNA(NA(),1)', 1],
    ['IFS(A1=2,"two",A1=1,"one")', 'one'],
    ['SWITCH(A2,1,"one",2,"two","other")', 'two'],
    ['CHOOSE(2,"a","b","c")', 'b'],
    ['AND(A1=1,A2=2)', true],
    ['OR(FALSE,A1=2)', false],
    ['NOT(A1=1)', false],
    ['XOR(TRUE,TRUE,TRUE)', true],
    ['ISBLANK(D3)', true],
    ['ISNUMBER(B1)', false],
    ['ISERROR(1/0)', true],
    ['VLOOKUP(3,A1:B5,2,FALSE)', 'cherry'],
    ['VLOOKUP(3.5,A1:B5,2)', 'cherry'],
    ['VLOOKUP(9,A1:B5,2,FALSE)', '#N/A'],
    ['VLOOKUP("ban*",B1:C5,2,FALSE)', 45323],
    ['HLOOKUP(1,A1:D2,2,FALSE)', 2],
    ['MATCH(3,A1:A5,0)', 3],
    ['MATCH(3.5,A1:A5)', 3],
    ['MATCH("APPLE",B1:B5,0)', 1],
    ['INDEX(A1:B5,2,2)', 'Banana'],
    ['INDEX(A1:A5,4)', 4],
    ['SUM(INDEX(A1:B5,0,1))', 15],
    ['INDEX(A1:A5,9)', '#REF!'],
    ['INDEX(B1:B5,MATCH(2,A1:A5,0))', 'Banana'],
    ['LOOKUP(2.5,A1:A5,B1:B5)', 'Banana'],
    ['_xlfn.XLOOKUP(4,A1:A5,B1:B5)', 'apple pie'],
    ['_xlfn.XLOOKUP(9,A1:A5,B1:B5,"none")', 'none'],
    ['_xlfn.XLOOKUP(2.5,A1:A5,B1:B5,"none",1)', 'cherry'],
    ['SUM(OFFSET(A1,1,0,2,1))', 5],
    ['INDIRECT("A"&2)', 2],
    ['SUM(A1:INDEX(A1:A5,3))', 6],
    ['ROW(B7)', 7],
    ['COLUMN(C1)', 3],
    ['ROWS(A1:B5)', 5],
    ['ADDRESS(2,3)', '$C$2'],
    ['ROUND(2.5,0)', 3],
    ['ROUND(-2.5,0)', -3],
    ['ROUND(1.005,2)', 1.01],
    ['ROUND(1234,-2)', 1200],
    ['ROUNDUP(1.01,1)', 1.1],
    ['ROUNDDOWN(-1.99,1)', -1.9],
    ['INT(-1.5)', -2],
    ['TRUNC(-1.5)', -1],
    ['MOD(-3,5)', 2],
    ['MOD(3,0)', '#DIV/0!'],
    ['ABS(-2)', 2],
    ['SQRT(16)', 4],
    ['SQRT(-1)', '#NUM!'],
    ['POWER(2,10)', 1024],
    ['PI()', Math.PI],
    ['MEDIAN(A1:A5)', 3],
    ['STDEV(A1:A5)', 1.5811388300841898],
    ['LARGE(A1:A5,2)', 4],
    ['SMALL(A1:A5,2)', 2],
    ['PMT(0.1,3,100)', -40.21148036253776],
    ['NPV(0.1,A1:A3)', 4.815927873779113],
    ['CONCATENATE("a",A1,"b")', 'a1b'],
    ['_xlfn.TEXTJOIN("-",TRUE,B1:B5)', 'apple-Banana-cherry-apple pie'],
    ['LEFT("abc",2)&RIGHT("abc",1)&MID("abcdef",3,2)', 'abccd'],
    ['LEN(" ab ")', 4],
    ['FIND("b","abB")', 2],
    ['SEARCH("B","abB")', 2],
    ['FIND("z","a")', '#VALUE!'],
    ['SUBSTITUTE("a.b.c",".","-",2)', 'a.b-c'],
    ['REPLACE("abcdef",2,3,"X")', 'aXef'],
    ['TRIM("  a   b ")', 'a b'],
    ['UPPER("aé")&LOWER("AÉ")&PROPER("it is")', 'AÉaéIt Is'],
    ['EXACT("a","A")', false],
    ['REPT("ab",3)', 'ababab'],
    ['VALUE("1,234.5")', 1234.5],
    ['TEXT(1234.5,"#,##0.00")', '1,234.50'],
    ['TEXT(C1,"yyyy-mm-dd")', '2024-01-31'],
    ['DATE(2024,1,31)', 45322],
    ['DATE(2024,14,1)', 45689],
    ['YEAR(C1)*10000+MONTH(C1)*100+DAY(C1)', 20240131],
    ['EDATE(C1,1)', 45351],
    ['EOMONTH(C1,1)', 45351],
    ['WEEKDAY(C1)', 4],
    ['WEEKDAY(C1,2)', 3],
    ['WEEKNUM(C1)', 5],
    ['ISOWEEKNUM(C1)', 5],
    ['NETWORKDAYS(C1,C3)', 22],
    ['WORKDAY(C1,5)', 45329],
    ['DATEDIF(C1,C5,"m")', 11],
    ['DAYS(C2,C1)', 1],
    ['DATEVALUE("2024-01-31")', 45322],
    ['TIME(13,30,0)', 0.5625],
    ['HOUR(0.5625)*100+MINUTE(0.5625)', 1330],
    ['SUBTOTAL(9,A1:A5)', 15],
    ['SUBTOTAL(103,A1:A5)', 5],
    ['SUM({1,2;3,4})', 10],
    ['ISEVEN(2)', true],
    ['DEC2HEX(255)', 'FF'],
    ['NoSuchName+1', '#NAME?'],
    ['Sheet9!A1', '#REF!'],
  ];

  test('of the functions in the table', async () => {
    const excel = excelIn(await folder());
    const book = await excel.blank();
    for (const [row, values] of table.entries()) {
      for (const [column, value] of values.entries())
        await book.do('WriteToExcel.WriteCell', { Value: value as never, Column: column + 1, Row: row + 1 });
    }
    const wrong: string[] = [];
    for (const [formula, expected] of vectors) {
      await book.write('F1', `=${formula}`);
      const found = await book.read('F1');
      const isSame =
        typeof expected === 'number' ? Math.abs((found as number) - expected) < 1e-12 : found === expected;
      if (!isSame)
        wrong.push(`${formula} gives ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
    }
    expect(wrong).toEqual([]);
  });

  test('what cannot be computed is named, never shown with an old value', async () => {
    const book = await excelIn(await folder()).blank();
    await book.write('A1', 2);
    await book.write('A2', '=CUBEVALUE("x",A1)+1');
    await book.write('A3', '=A2*2');
    await book.write('A4', '=IF(A1=2,"fine",A2)');
    expect(await errorOf(book.read('A3'))).toMatch(
      /^ReadCellValuesError: The formula =A2\*2 in A3 of the worksheet "Sheet1" cannot be computed here: the function CUBEVALUE is not supported \(in A2 of "Sheet1"\)\. The file has no value for it\.$/,
    );
    expect(await book.read('A4')).toBe('fine');
    await book.write('B1', '=B2');
    await book.write('B2', '=B3+1');
    await book.write('B3', '=B1');
    expect(await errorOf(book.read('B1'))).toContain('it depends on itself');
    await book.write('B3', 1);
    expect(await book.read('B1')).toBe(2);
    await book.write('C1', '=1+(');
    expect(await errorOf(book.read('C1'))).toContain('it ends too early');
    await book.write('C1', '=[other.xlsx]Sheet1!A1');
    expect(await errorOf(book.read('C1'))).toContain('it refers to another file');
  });

  test('a run can be stopped while much is computed', async () => {
    const stop = new AbortController();
    const book = await excelIn(await folder(), { signal: stop.signal }).blank();
    const rows = 4_000;
    await book.write(
      'A1',
      Array.from({ length: rows }, (_, at) => [at, `=SUM(A$1:A$${rows})+B${at}`.replace('+B0', ''), 0]),
    );
    setTimeout(() => stop.abort(new Error('stopped')), 200);
    const started = performance.now();
    await expect(book.read(`B${rows}`)).rejects.toThrow('stopped');
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('a chain of formulas as long as a sheet people use', async () => {
    const book = await excelIn(await folder()).blank();
    const rows = 20_000;
    await book.do('WriteToExcel.WriteCell', {
      Column: 1,
      Row: 1,
      Value: [1, ...Array.from({ length: rows - 1 }, (_, at) => `=A${at + 1}+1`)],
    });
    expect(await book.read(`A${rows}`)).toBe(rows);
    await book.write('A1', 10);
    expect(await book.read(`A${rows}`)).toBe(rows + 9);
  });
});

test('the page about Excel lists exactly the functions there are', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/excel.md'), 'utf8');
  const [, listed = ''] = /<!-- functions -->([\s\S]*)<!-- \/functions -->/.exec(page) ?? [];
  expect(listed.trim().split(/,\s+/)).toEqual(functionNames());
});

test('every function taken from the library is one it has', async () => {
  const library = (await import('@formulajs/formulajs')) as Readonly<Record<string, unknown>>;
  for (const name of functionNames()) expect(findFunction(name, library), name).toBeDefined();
});
