// CSV: the text rules (pure) and the File actions that read and write it.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  CsvError,
  CsvSplitter,
  FixedWidthSplitter,
  parseCsv,
  printCsv,
} from '../../../src/runtime/actions/csv.ts';
import { fileActions } from '../../../src/runtime/actions/file.ts';
import { CustomObject, Datarow, Datatable, FlowDatetime, type Value } from '../../../src/runtime/values.ts';
import { contextIn, errorOf, runAction } from './arguments.ts';
import { temporaryFolder } from './temporaryFolder.ts';

const temporary = temporaryFolder();

describe('text to rows', () => {
  test.each<[string, string, string, boolean, string[][]]>([
    [
      'plain',
      'a,b\r\nc,d',
      ',',
      true,
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['any line end', 'a\nb\rc\r\nd', ',', true, [['a'], ['b'], ['c'], ['d']]],
    ['blank lines are no rows', '\n\na,b\n  \n\n', ',', true, [['a', 'b']]],
    [
      'empty fields are fields',
      ',\n,,',
      ',',
      true,
      [
        ['', ''],
        ['', '', ''],
      ],
    ],
    [
      'quotes hold separators, line ends and quotes',
      '"a,b","c\r\nd","e""f"',
      ',',
      true,
      [['a,b', 'c\r\nd', 'e"f']],
    ],
    ['blanks around quotes do not count', ' "a" , "b" \n', ',', true, [['a', 'b']]],
    ['a quote inside a field is a character', 'a"b,c""d', ',', true, [['a"b', 'c""d']]],
    ['trimmed', ' a ,\tb ," c "', ',', true, [['a', 'b', 'c']]],
    ['not trimmed', ' a , b ," c "', ',', false, [[' a ', ' b ', ' c ']]],
    ['tab as separator', 'a\t\t b', '\t', true, [['a', '', 'b']]],
    ['separator of several characters', 'a||b|c||d', '||', true, [['a', 'b|c', 'd']]],
    ['an empty quoted field is a row', '""\n', ',', true, [['']]],
    ['nothing', '', ',', true, []],
  ])('%s', (_, text, separator, trim, rows) => {
    expect(parseCsv(text, separator, trim)).toEqual(rows);
  });

  test.each([
    ['a,b\n"c,d\ne', 2, 'a quoted field is never closed'],
    ['a\n"x\ny"z,1', 3, 'text follows the closing quote of field 1'],
  ])('%j is refused at line %i', (text, line, message) => {
    expect(() => parseCsv(text, ',', true)).toThrow(Object.assign(new CsvError(line, message)));
    try {
      parseCsv(text, ',', true);
    } catch (error) {
      expect((error as CsvError).line).toBe(line);
    }
  });

  test('fixed widths; 0 takes the rest, short lines give empty fields', () => {
    const text = 'Ann  London 12\n\nBob\r\nChristopherParis 7';
    expect(new FixedWidthSplitter([5, 7, 0], true).push(text, true)).toEqual([
      ['Ann', 'London', '12'],
      ['Bob', '', ''],
      ['Chris', 'topherP', 'aris 7'],
    ]);
    expect(new FixedWidthSplitter([3, 2], false).push('ab cd', true)).toEqual([['ab ', 'cd']]);
  });

  test('a long text without the separator is read at once', () => {
    // Were every field to search the rest of the text for a separator, this would take minutes.
    expect(parseCsv('one field\n'.repeat(100_000), ';', true)).toHaveLength(100_000);
  });
});

test('whatever rows are written, the same rows are read', () => {
  const awkward = fc.oneof(
    fc.string({
      unit: fc.constantFrom('a', ',', ';', '|', '\t', '"', '\n', '\r', ' ', 'ß', '😀'),
      maxLength: 8,
    }),
    fc.string({ unit: 'binary', maxLength: 8 }),
  );
  const rows = fc
    .integer({ min: 1, max: 4 })
    .chain((width) => fc.array(fc.array(awkward, { minLength: width, maxLength: width }), { maxLength: 6 }));
  const separator = fc.constantFrom(',', ';', '\t', '|', '||', ', ', 'ab', 'aa', ' ');
  fc.assert(
    fc.property(rows, separator, (given, by) => {
      expect(parseCsv(printCsv(given, by), by, false)).toEqual(given);
    }),
    { numRuns: 500 },
  );
});

describe('the actions', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await temporary();
  });
  const run = (id: string, given: Record<string, Value>) =>
    runAction(fileActions, `File.${id}`, given, contextIn(folder));
  const read = async (id: string, given: Record<string, Value>) =>
    (await run(`ReadFromCSVFile.${id}`, { CSVFile: 'a.csv', ...given })).outputs?.CSVTable as Datatable;
  const content = () => readFile(join(folder, 'a.csv'), 'utf8');

  const table = new Datatable(
    ['Name', 'Amount'],
    [
      ['Ann', 12.5],
      ['Bob; "jr"', null],
      ['Cid', true],
    ],
  );

  test.each<[string, Value, Record<string, Value>, string]>([
    ['a table', table, { ColumnsSeparator: 'Comma' }, 'Ann,12.5\r\n"Bob; ""jr""",\r\nCid,True\r\n'],
    [
      'a table with its names',
      table,
      { ColumnsSeparator: 'Semicolon', IncludeColumnNames: true },
      'Name;Amount\r\nAnn;12.5\r\n"Bob; ""jr""";\r\nCid;True\r\n',
    ],
    [
      'a row',
      new Datarow(table, table.rows[0] as Value[]),
      { ColumnsSeparator: 'Tab', IncludeColumnNames: true },
      'Name\tAmount\r\nAnn\t12.5\r\n',
    ],
    ['a list is one row', ['x', 2, ''], { ColumnsSeparator: 'Comma' }, 'x,2,\r\n'],
    [
      'a list of lists is several',
      [
        ['a', 1],
        ['b', 2],
      ],
      { ColumnsSeparator: 'Comma' },
      'a,1\r\nb,2\r\n',
    ],
    [
      'an object',
      new CustomObject([
        ['k', 'v'],
        ['n', 1],
      ]),
      { ColumnsSeparator: 'Comma', IncludeColumnNames: true },
      'k,n\r\nv,1\r\n',
    ],
    ['a date', [FlowDatetime.of(2026, 1, 31, 9)], { ColumnsSeparator: 'Comma' }, '01/31/2026 09:00:00\r\n'],
    ['an empty table', new Datatable(['a'], []), { ColumnsSeparator: 'Comma' }, ''],
  ])('writes %s', async (_, value, given, expected) => {
    await run('WriteToCSVFile.WriteCSV', {
      VariableToWrite: value,
      CSVFile: 'a.csv',
      CsvFileEncoding: 'UTF8NoBOM',
      ...given,
    });
    expect(await content()).toBe(expected);
  });

  test('appends without a second byte order mark', async () => {
    for (const item of ['ä', 'b']) {
      await run('WriteToCSVFile.WriteCSVWithCustomSeparator', {
        VariableToWrite: [item, '~'],
        CSVFile: 'a.csv',
        CustomColumnsSeparator: '~',
        IfFileExists: 'Append',
      });
    }
    expect(await content()).toBe('\ufeffä~"~"\r\nb~"~"\r\n');
    expect((await read('ReadCSVWithCustomSeparator', { CustomColumnsSeparator: '~' })).rows).toEqual([
      ['ä', '~'],
      ['b', '~'],
    ]);
  });

  test.each(['UTF8', 'Unicode', 'BigEndianUnicode', 'UTF8NoBOM', 'UnicodeNoBOM'])(
    'a table survives a file in %s, as text',
    async (encoding) => {
      const given = new Datatable(
        ['Ä', 'b'],
        [
          ['€ 1', 'x\ny'],
          ['"', ',;\t'],
        ],
      );
      await run('WriteToCSVFile.WriteCSV', {
        VariableToWrite: given,
        CSVFile: 'a.csv',
        CsvFileEncoding: encoding,
        IncludeColumnNames: true,
        ColumnsSeparator: 'Comma',
      });
      const back = await read('ReadCSV', {
        Encoding: encoding,
        FirstLineContainsColumnNames: true,
        ColumnsSeparator: 'Comma',
        TrimFields: false,
      });
      expect(back).toEqual(given);
    },
  );

  test.each<[string, Record<string, Value>, string[], string[][]]>([
    [
      'a,b\nc,d',
      {},
      ['Column1', 'Column2'],
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['a,b\nc,d', { FirstLineContainsColumnNames: true }, ['a', 'b'], [['c', 'd']]],
    [
      'a,\n1,2,3\n4',
      { FirstLineContainsColumnNames: true },
      ['a', 'Column2', 'Column3'],
      [
        ['1', '2', '3'],
        ['4', '', ''],
      ],
    ],
    ['a', { FirstLineContainsColumnNames: true }, ['a'], []],
    ['', {}, [], []],
  ])('reads %j %j', async (text, given, columns, rows) => {
    await writeFile(join(folder, 'a.csv'), text);
    expect(await read('ReadCSV', { ColumnsSeparator: 'Comma', ...given })).toEqual(
      new Datatable(columns, rows),
    );
  });

  test('reads fixed widths', async () => {
    await writeFile(join(folder, 'a.csv'), 'Name  Amount\nAnn   12.5  ');
    const given = { FixedColumnWidths: '6, 6', FirstLineContainsColumnNames: true };
    expect(await read('ReadCSVWithFixedColumnWidths', given)).toEqual(
      new Datatable(['Name', 'Amount'], [['Ann', '12.5']]),
    );
  });

  test.each<[string, string, Record<string, Value>, RegExp]>([
    [
      'ReadCSV',
      'a\n"b',
      {},
      /^ReadFromCSVError: Cannot read CSV file ".*a\.csv": line 2: a quoted field is never closed\.$/,
    ],
    [
      'ReadCSV',
      'a,a',
      { FirstLineContainsColumnNames: true, ColumnsSeparator: 'Comma' },
      /^ReadFromCSVError: Two columns .* "a"/,
    ],
    [
      'ReadCSV',
      'a',
      { CSVFile: 'no.csv' },
      /^ReadFromCSVError: Cannot read CSV file ".*no\.csv": it does not exist\.$/,
    ],
    [
      'ReadCSVWithCustomSeparator',
      'a',
      { CustomColumnsSeparator: '' },
      /^ReadFromCSVError: The columns separator is empty/,
    ],
    [
      'ReadCSVWithFixedColumnWidths',
      'a',
      { FixedColumnWidths: 'five' },
      /^ReadFromCSVError: "five" is not a list of column widths/,
    ],
  ])('%s of %j %j fails with %s', async (id, text, given, message) => {
    await writeFile(join(folder, 'a.csv'), text);
    expect(await errorOf(read(id, given))).toMatch(message);
  });

  test('a missing folder fails the write', async () => {
    const work = run('WriteToCSVFile.WriteCSV', { VariableToWrite: table, CSVFile: 'nowhere/a.csv' });
    expect(await errorOf(work)).toMatch(
      /^WriteError: Cannot write CSV file ".*nowhere.*": it does not exist\.$/,
    );
  });
});

describe('texts in pieces', () => {
  /** The rows of `text`, given piece by piece. */
  function inPieces(
    splitter: CsvSplitter | FixedWidthSplitter,
    text: string,
    cuts: readonly number[],
  ): string[][] {
    const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
    const rows: string[][] = [];
    let from = 0;
    for (const place of places) {
      rows.push(...splitter.push(text.slice(from, place), false));
      from = place;
    }
    return [...rows, ...splitter.push(text.slice(from), true)];
  }
  const outcome = (work: () => string[][]): unknown => {
    try {
      return work();
    } catch (error) {
      return error instanceof CsvError ? `${error.line}: ${error.message}` : error;
    }
  };
  const texts = fc.string({
    unit: fc.constantFrom('a', ' ', '\t', ',', ';', '"', '""', '\r', '\n', '\r\n'),
    maxLength: 40,
  });
  const cuts = fc.array(fc.nat(60), { maxLength: 12 });

  test('give the rows of the whole, wherever they are cut', () => {
    fc.assert(
      fc.property(texts, cuts, fc.constantFrom(',', ';,'), fc.boolean(), (text, places, separator, trim) => {
        expect(outcome(() => inPieces(new CsvSplitter(separator, trim), text, places))).toEqual(
          outcome(() => parseCsv(text, separator, trim)),
        );
        expect(inPieces(new FixedWidthSplitter([1, 2, 0], trim), text, places)).toEqual(
          new FixedWidthSplitter([1, 2, 0], trim).push(text, true),
        );
        expect(inPieces(new CsvSplitter(separator, trim, 'Excel'), text, places)).toEqual(
          new CsvSplitter(separator, trim, 'Excel').push(text, true),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('a file larger than a piece, with rows longer than one and characters cut in two', async () => {
    const folder = await temporary();
    const long = '€'.repeat(600_000);
    const rows = Array.from({ length: 3_000 }, (_, index) => [
      String(index),
      `ä "quoted",\r\n${index}`,
      index % 1_000 === 0 ? long : '',
    ]);
    for (const encoding of ['UTF8', 'Unicode']) {
      const VariableToWrite = new Datatable(['A', 'B', 'C'], rows);
      const given = {
        VariableToWrite,
        CSVFile: 'a.csv',
        CsvFileEncoding: encoding,
        IncludeColumnNames: true,
      };
      await runAction(fileActions, 'File.WriteToCSVFile.WriteCSV', given, contextIn(folder));
      const read = {
        CSVFile: 'a.csv',
        Encoding: encoding,
        FirstLineContainsColumnNames: true,
        TrimFields: false,
      };
      const { outputs } = await runAction(
        fileActions,
        'File.ReadFromCSVFile.ReadCSV',
        read,
        contextIn(folder),
      );
      const table = outputs?.CSVTable as Datatable;
      expect(table.columns).toEqual(['A', 'B', 'C']);
      expect(table.rows.length).toBe(rows.length);
      expect(
        table.rows.every((row, index) => row.every((cell, column) => cell === rows[index]?.[column])),
      ).toBe(true);
    }
  });

  test.each(['ReadFromCSVFile.ReadCSV', 'WriteToCSVFile.WriteCSV'])('%s stops in between', async (id) => {
    const folder = await temporary();
    const row = ['x'.repeat(100), 'y'.repeat(100)];
    await writeFile(join(folder, 'a.csv'), `${row.join(',')}\r\n`.repeat(100_000));
    const controller = new AbortController();
    const VariableToWrite = new Datatable(
      ['A', 'B'],
      Array.from({ length: 100_000 }, () => row),
    );
    const given = id.startsWith('Write') ? { VariableToWrite, CSVFile: 'b.csv' } : { CSVFile: 'a.csv' };
    const work = runAction(
      fileActions,
      `File.${id}`,
      given,
      contextIn(folder, { signal: controller.signal }),
    );
    setTimeout(() => controller.abort(new Error('stopped')), 5);
    await expect(work).rejects.toThrow('stopped');
  });
});
